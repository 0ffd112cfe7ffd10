/**
 * What rows were, of the few columns that say who sees them: the write-ahead log tells of a change how the row is after
 * it, and of a deletion the key alone. Without this nobody could say of a row that is out of somebody's sight whether it
 * was in it before.
 *
 * It is kept as notes of the log, in the step in which the log takes the transactions that changed it, so that it is
 * never ahead of them or behind. A row is remembered from its first change on, or from when its table was read: what was
 * read is taken up when the log has come past all that the reading may have seen, but for the rows that the log has told
 * of meanwhile. Of a row that is not remembered nothing is said.
 */
import type { Change, ColumnValues, Transaction } from './change.ts'
import type { Notes } from './log/change-log.ts'

/** Columns that are remembered, by table. */
export type RememberedColumns = ReadonlyMap<string, readonly string[]>

/** Rows as they were read, the oldest first: their keys, and the texts of the wanted columns. */
export interface ReadRows {
  readonly table: string
  readonly rows: readonly (readonly [key: string, texts: readonly (string | null)[]])[]
}

/** Rows of a source that are remembered at most; those that were first are forgotten. */
const maximumRows = 50_000

export class RowMemory {
  readonly #columns: RememberedColumns
  readonly #maximum: number
  /** Texts as JSON, by the names of their notes. */
  readonly #rows = new Map<string, string>()
  readonly #unread = new Set<string>()
  /** Tables that are being read, with the keys that the log has told of since. */
  readonly #reading = new Map<string, Set<string>>()
  #news = new Map<string, string | null>()

  constructor(columns: RememberedColumns, notes: ReadonlyMap<string, string>, maximum = maximumRows) {
    this.#columns = columns
    this.#maximum = maximum
    const fit = new Set<string>()
    for (const table of columns.keys()) {
      const note = notes.get(table)
      if (note !== this.#noteOf(table, true)) this.#unread.add(table)
      if (note === this.#noteOf(table, true) || note === this.#noteOf(table, false)) fit.add(table)
      else this.#news.set(table, this.#noteOf(table, false))
    }
    for (const [name, text] of notes) {
      const table = name.split(' ', 1)[0] as string
      if (!fit.has(table)) this.#news.set(name, this.#news.get(name) ?? null)
      else if (name !== table) this.#rows.set(name, text)
    }
  }

  /** The notes that are otherwise since the last time. */
  takeNotes(): Notes {
    const news = this.#news
    this.#news = new Map()
    return news
  }

  /** A transaction with what its rows were before. */
  tell(transaction: Transaction): Transaction {
    if (!transaction.changes.some(({ table }) => this.#columns.has(table))) return transaction
    return { ...transaction, changes: transaction.changes.map((change) => this.#tell(change)) }
  }

  /** Tables that have yet to be read, and are not being read. */
  get unread(): readonly string[] {
    return [...this.#unread].filter((table) => !this.#reading.has(table))
  }

  /** How many rows more may be remembered. */
  get room(): number {
    return this.#maximum - this.#rows.size
  }

  /** What is read of a table from now on may be taken up; answers the columns that are wanted. */
  beginReading(table: string): readonly string[] {
    this.#reading.set(table, new Set())
    return this.#columns.get(table) ?? []
  }

  /** It could not be read. */
  stopReading(table: string): void {
    this.#reading.delete(table)
  }

  /** Takes up what was read, unless all that is known of the table has become doubtful meanwhile. */
  takeUp({ table, rows }: ReadRows): void {
    const told = this.#reading.get(table)
    if (!told) return
    for (const [key, texts] of rows) {
      const name = rowName(table, key)
      if (!told.has(key) && !this.#rows.has(name)) this.#set(name, JSON.stringify(texts))
    }
    this.#reading.delete(table)
    this.#unread.delete(table)
    this.#news.set(table, this.#noteOf(table, true))
  }

  #tell(change: Change): Change {
    const { table } = change
    const columns = this.#columns.get(table)
    if (!columns) return change
    if (change.kind === 'truncate' || change.kind === 'invalidate') {
      this.#forgetTable(table)
      return change
    }
    const { key } = change
    const oldKey = change.kind === 'update' ? change.oldKey : undefined
    const before = this.#rows.get(rowName(table, oldKey ?? key))
    const former = before === undefined ? undefined : valuesOf(columns, before)
    if (change.kind === 'delete') {
      this.#forget(table, key)
      return former ? { ...change, former } : change
    }
    const { kind, values } = change
    if (oldKey !== undefined) this.#forget(table, oldKey)
    this.#remember(table, key, { ...former, ...values })
    if (kind === 'insert' || !former) return change
    const other = Object.entries(former).filter(([column, text]) => values[column] !== text)
    return { ...change, former: Object.fromEntries(other) }
  }

  /** Where a value is not known, nothing is. */
  #remember(table: string, key: string, values: ColumnValues): void {
    const texts = (this.#columns.get(table) ?? []).map((column) => values[column])
    const [name, text] = [rowName(table, key), JSON.stringify(texts)]
    this.#noticed(table, key)
    if (texts.includes(undefined)) this.#drop(name)
    else if (this.#rows.get(name) !== text) this.#set(name, text)
  }

  #forget(table: string, key: string): void {
    this.#noticed(table, key)
    this.#drop(rowName(table, key))
  }

  /** Emptied, or unknown: either way it is read again. */
  #forgetTable(table: string): void {
    this.#reading.delete(table)
    for (const name of this.#rows.keys()) if (name.startsWith(`${table} `)) this.#drop(name)
    this.#unread.add(table)
    this.#news.set(table, this.#noteOf(table, false))
  }

  #noticed(table: string, key: string): void {
    this.#reading.get(table)?.add(key)
  }

  #set(name: string, text: string): void {
    this.#rows.set(name, text)
    this.#news.set(name, text)
    if (this.room >= 0) return
    const [first] = this.#rows.keys()
    this.#drop(first as string)
  }

  #drop(name: string): void {
    if (this.#rows.delete(name)) this.#news.set(name, null)
  }

  /** A table's own note: what is remembered of it, and whether it was read. */
  #noteOf(table: string, isRead: boolean): string {
    return JSON.stringify([isRead, ...(this.#columns.get(table) ?? [])])
  }
}

/** Tables are noted by their name, rows by their key after it. */
const rowName = (table: string, key: string): string => `${table} ${key}`

const valuesOf = (columns: readonly string[], row: string): ColumnValues => {
  const texts = JSON.parse(row) as (string | null)[]
  return Object.fromEntries(columns.map((column, index) => [column, texts[index] ?? null]))
}
