import type { Transaction } from './change.ts'
import type { CaptureReport, LogWriter } from './log/change-log.ts'
import { type ReadRows, type RememberedColumns, RowMemory } from './row-memory.ts'

/** Rows of a table as they were read. */
export interface TableReading extends ReadRows {
  /** From here on in the write-ahead log the reading sees nothing. */
  readonly horizon: bigint
}

/** Reads the newest rows of a table. */
export type ReadTable = (wanted: {
  readonly table: string
  readonly columns: readonly string[]
  readonly limit: number
}) => Promise<TableReading>

/** Notes that are kept in one step. That a table was read is noted last. */
const stepNotes = 2_000

/** A writer that tells of each change what is remembered of the row as it was before. */
export class RememberingWriter implements LogWriter {
  readonly #inner: LogWriter
  readonly #memory: RowMemory
  #turn: Promise<unknown> = Promise.resolve()
  /** What waits for the log to come past its horizon. */
  #readings: readonly TableReading[] = []

  private constructor(inner: LogWriter, memory: RowMemory) {
    this.#inner = inner
    this.#memory = memory
  }

  static async over(inner: LogWriter, columns: RememberedColumns): Promise<RememberingWriter> {
    return new RememberingWriter(inner, new RowMemory(columns, await inner.notes()))
  }

  get epoch(): string {
    return this.#inner.epoch
  }

  get last(): bigint {
    return this.#inner.last
  }

  append(transactions: readonly Transaction[]): Promise<void> {
    return this.#inTurn(async () => {
      const told = transactions
        .filter(({ lsn }) => lsn > this.last)
        .map((transaction) => this.#memory.tell(transaction))
      await this.#inner.append(told, this.#memory.takeNotes())
    })
  }

  advance(lsn: bigint): Promise<void> {
    return this.#inTurn(() => this.#inner.advance(lsn))
  }

  report(report: CaptureReport): Promise<void> {
    return this.#inTurn(() => this.#inner.report(report))
  }

  notes(): Promise<ReadonlyMap<string, string>> {
    return this.#inner.notes()
  }

  /** Tables that have yet to be read. */
  get unread(): readonly string[] {
    return this.#memory.unread
  }

  /** How many rows more may be remembered. */
  get room(): number {
    return this.#memory.room
  }

  /** Takes up who sees the newest rows of a table, so many at most; answers how many there were. */
  async read(table: string, limit: number, readTable: ReadTable): Promise<number> {
    this.#readings = this.#readings.filter((reading) => reading.table !== table)
    const columns = this.#memory.beginReading(table)
    try {
      const reading = await readTable({ table, columns, limit })
      this.#readings = [...this.#readings, reading]
      return reading.rows.length
    } catch (error) {
      this.#memory.stopReading(table)
      throw error
    }
  }

  /** One after the other, each with what is due before it. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(async () => {
      await this.#takeUp()
      await work()
    })
    this.#turn = done.catch(() => {})
    return done
  }

  async #takeUp(): Promise<void> {
    const due = this.#readings.filter(({ horizon }) => horizon <= this.last)
    if (due.length === 0) return
    this.#readings = this.#readings.filter((reading) => !due.includes(reading))
    for (const reading of due) this.#memory.takeUp(reading)
    const notes = [...this.#memory.takeNotes()]
    for (let from = 0; from < notes.length; from += stepNotes)
      await this.#inner.append([], new Map(notes.slice(from, from + stepNotes)))
  }
}
