import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Transaction } from '../change.ts'
import { type CaptureReport, type LogPosition, PositionLost } from './change-log.ts'
import { decodeTransaction } from './encoding.ts'

/** How much is read at once: a reader that is far behind holds up the others for a few milliseconds at a time. */
const batchEntries = 500
const batchBytes = 256 * 1024

interface History {
  readonly id: number
  readonly epoch: string
  readonly trimmed: bigint
  readonly last: bigint
  readonly reached: bigint
}

/** Reads the file of the SQLite log beside the thread that writes it. */
export class SqliteReader implements Disposable {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA busy_timeout = 1000; PRAGMA query_only = 1')
  }

  head(source: string): LogPosition | undefined {
    const history = this.#history(source)
    return history && { epoch: history.epoch, lsn: history.last }
  }

  /** Some of what comes after a position; none when there is no more. @throws PositionLost */
  after(source: string, { epoch, lsn }: LogPosition): Transaction[] {
    this.#database.exec('BEGIN')
    try {
      const history = this.#history(source)
      if (!history) throw new PositionLost(`there is no log of ${source}`)
      if (history.epoch !== epoch) throw new PositionLost(`another history of ${source} has begun`)
      if (lsn < history.trimmed) throw new PositionLost(`${source} is not kept that far back`)
      if (lsn > history.reached) throw new PositionLost(`the log of ${source} never came so far`)
      return lsn >= history.last ? [] : this.#entries(history.id, lsn)
    } finally {
      if (this.#database.isTransaction) this.#database.exec('COMMIT')
    }
  }

  status(source: string): CaptureReport | undefined {
    const row = this.#statement('SELECT report FROM history WHERE source = ? AND is_current').get(source)
    return typeof row?.report === 'string' ? (JSON.parse(row.report) as CaptureReport) : undefined
  }

  secret(): Buffer {
    const row = this.#statement('SELECT bytes FROM secret').get()
    return Buffer.from(row?.bytes as Uint8Array)
  }

  /** Another number than before: something was written since. */
  version(): bigint {
    return this.#statement('PRAGMA data_version').get()?.data_version as bigint
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #entries(history: number, lsn: bigint): Transaction[] {
    const statement = this.#statement(
      `SELECT lsn, body FROM entries_${history} WHERE lsn > ? ORDER BY lsn LIMIT ${batchEntries}`,
    )
    const transactions: Transaction[] = []
    let size = 0
    for (const row of statement.iterate(lsn)) {
      const body = row.body as string
      transactions.push(decodeTransaction(row.lsn as bigint, body))
      size += body.length
      if (size >= batchBytes) break
    }
    return transactions
  }

  #history(source: string): History | undefined {
    const row = this.#statement(
      'SELECT id, epoch, trimmed, last, reached FROM history WHERE source = ? AND is_current',
    ).get(source)
    return row && ({ ...row, id: Number(row.id) } as unknown as History)
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      statement.setReadBigInts(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
