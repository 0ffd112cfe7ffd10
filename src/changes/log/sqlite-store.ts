/**
 * The log in one SQLite file, as the thread that writes it sees it: everything here is synchronous and waits for the
 * disk.
 *
 * A history (a source's epoch) has a table of its own, whose row ids are the positions: an append goes to the end of a
 * tree, a read is a range of it, and no index is kept beside. Another epoch is another table, so that beginning it costs
 * nothing however much the former held; that is deleted later, in steps like everything that is too old. What its writer
 * notes is in a table beside it, of which nothing becomes too old.
 *
 * Invariants: a history's entries lie above `trimmed` and not above `last`, and there is no hole between the two;
 * `last` never exceeds `reached`. Only the holder of the newest generation writes.
 */
import { randomBytes } from 'node:crypto'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CaptureReport, LogIdentity, Notes } from './change-log.ts'
import { OtherFormat } from './sqlite-failure.ts'

/** Raised when the tables change their meaning; a file of another format is set aside. */
const format = 1

const tables = `
  CREATE TABLE IF NOT EXISTS history (
    id         INTEGER PRIMARY KEY,
    source     TEXT NOT NULL,
    epoch      TEXT NOT NULL,
    origin     TEXT NOT NULL,
    generation INTEGER NOT NULL,
    trimmed    INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    reached    INTEGER NOT NULL,
    report     TEXT,
    is_current INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS history_current ON history (source) WHERE is_current;
  CREATE TABLE IF NOT EXISTS secret (only INTEGER PRIMARY KEY CHECK (only = 1), bytes BLOB NOT NULL) STRICT;
`

/** Entries deleted in one step. */
const stepEntries = 500
const stepBytes = 4 * 2 ** 20

/** Who may write a history. The epoch is among it because in another file the numbers begin anew. */
export interface Tenure {
  readonly history: number
  readonly epoch: string
  readonly generation: number
}

/** What a writer is told at its beginning. */
export interface Opened {
  readonly tenure: Tenure
  readonly last: bigint
  readonly reached: bigint
}

/** A transaction as it is kept. */
export interface StoredEntry {
  readonly lsn: bigint
  readonly body: string
}

/** What is added in one step. */
export interface Addition {
  readonly entries: readonly StoredEntry[]
  readonly notes?: Notes | undefined
}

export interface Limits {
  readonly retentionMs: number
  /** Bytes of the file that may be in use. */
  readonly maxBytes: number
}

/** Opens a file that may have to be made. @throws Error of another format, or SQLite's own. */
export function openFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec('PRAGMA journal_size_limit = 67108864')
    const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    if (found !== 0 && found !== format)
      throw new OtherFormat(`the file has the format ${found}, not ${format}`)
    database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${format}`)
    database.prepare('INSERT OR IGNORE INTO secret VALUES (1, ?)').run(randomBytes(32))
    database.exec('COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

export class SqliteStore implements Disposable {
  readonly #database: DatabaseSync
  readonly #limits: Limits
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, limits: Limits) {
    this.#database = openFile(path)
    this.#limits = limits
  }

  /** Does some work in one transaction, and so with one wait for the disk. */
  atomically<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk has rolled back already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Goes on with a source's history or begins one, and fences off whoever wrote before. */
  open(source: string, { origin, confirmed }: LogIdentity): Opened {
    const current = this.#get(
      'SELECT id, epoch, origin, generation, last, reached FROM history WHERE source = ? AND is_current',
      source,
    )
    if (current && current.origin === origin && (current.reached as bigint) >= confirmed) {
      const [history, generation] = [Number(current.id), Number(current.generation) + 1]
      this.#run('UPDATE history SET generation = ? WHERE id = ?', generation, history)
      this.#makeNotes(history)
      return {
        tenure: { history, epoch: current.epoch as string, generation },
        last: current.last as bigint,
        reached: current.reached as bigint,
      }
    }
    this.#run('UPDATE history SET is_current = 0 WHERE source = ? AND is_current', source)
    const epoch = randomBytes(9).toString('base64url')
    const { lastInsertRowid } = this.#run(
      `INSERT INTO history (source, epoch, origin, generation, trimmed, last, reached)
       VALUES (?, ?, ?, 1, ?, ?, ?)`,
      ...[source, epoch, origin, confirmed, confirmed, confirmed],
    )
    const history = Number(lastInsertRowid)
    this.#database.exec(
      `CREATE TABLE entries_${history} (lsn INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT`,
    )
    this.#makeNotes(history)
    return { tenure: { history, epoch, generation: 1 }, last: confirmed, reached: confirmed }
  }

  /**
   * Keeps the entries that are not there, and the notes. Where the history reached before; undefined for one who is fenced
   * off.
   */
  append(tenure: Tenure, { entries, notes }: Addition, at: number): bigint | undefined {
    const reached = this.#reached(tenure)
    if (reached === undefined) return undefined
    let last = reached
    const insert = this.#statement(`INSERT INTO entries_${tenure.history} VALUES (?, ?, ?)`)
    for (const { lsn, body } of entries) {
      if (lsn <= last) continue
      insert.run(lsn, at, body)
      last = lsn
    }
    if (last > reached)
      this.#run('UPDATE history SET last = ?, reached = ? WHERE id = ?', last, last, tenure.history)
    const table = `notes_${tenure.history}`
    for (const [name, text] of notes ?? [])
      if (text === null) this.#run(`DELETE FROM ${table} WHERE name = ?`, name)
      else this.#run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, name, text)
    return reached
  }

  /** All notes; undefined for one who is fenced off. */
  notes(tenure: Tenure): ReadonlyMap<string, string> | undefined {
    if (this.#reached(tenure) === undefined) return undefined
    const rows = this.#statement(`SELECT name, text FROM notes_${tenure.history}`).all()
    return new Map(rows.map(({ name, text }) => [name as string, text as string]))
  }

  /** Whether the one who asks is not fenced off. */
  advance(tenure: Tenure, to: bigint): boolean {
    const reached = this.#reached(tenure)
    if (reached === undefined) return false
    if (to > reached) this.#run('UPDATE history SET reached = ? WHERE id = ?', to, tenure.history)
    return true
  }

  /** Whether the one who reports is not fenced off. */
  report(tenure: Tenure, report: CaptureReport): boolean {
    if (this.#reached(tenure) === undefined) return false
    this.#run('UPDATE history SET report = ? WHERE id = ?', JSON.stringify(report), tenure.history)
    return true
  }

  /** Deletes a little of what is too old or too much. Whether there may be more. */
  trim(now: number): boolean {
    return this.atomically(() => this.#dropFormer() || this.#dropOld(now) || this.#dropOldest())
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Of histories that were followed by others. */
  #dropFormer(): boolean {
    const former = this.#get('SELECT id FROM history WHERE NOT is_current LIMIT 1')
    if (!former) return false
    const { changes } = this.#database
      .prepare(
        `DELETE FROM entries_${former.id} WHERE lsn IN (SELECT lsn FROM entries_${former.id} ORDER BY lsn LIMIT ?)`,
      )
      .run(stepEntries)
    if (Number(changes) === 0) {
      this.#statements.clear()
      this.#database.exec(`DROP TABLE entries_${former.id}; DROP TABLE IF EXISTS notes_${former.id}`)
      this.#run('DELETE FROM history WHERE id = ?', former.id as bigint)
    }
    return true
  }

  #dropOld(now: number): boolean {
    for (const { id } of this.#current()) {
      const last = this.#get(
        `SELECT max(lsn) AS lsn, count(*) AS entries
         FROM (SELECT lsn, at FROM entries_${id} ORDER BY lsn LIMIT ${stepEntries}) WHERE at < ?`,
        now - this.#limits.retentionMs,
      )
      if (last?.lsn == null) continue
      this.#forget(id, last.lsn as bigint)
      if (Number(last.entries) === stepEntries) return true
    }
    return false
  }

  /** From the history that goes back furthest, when the file holds too much. */
  #dropOldest(): boolean {
    if (this.bytesInUse() <= this.#limits.maxBytes) return false
    const oldest = this.#current()
      .map(({ id }) => ({ id, at: this.#get(`SELECT at FROM entries_${id} ORDER BY lsn LIMIT 1`)?.at }))
      .filter(({ at }) => at !== undefined)
      .toSorted((left, right) => Number(left.at) - Number(right.at))[0]
    if (!oldest) return false
    let bytes = 0
    let last: bigint | undefined
    const statement = this.#statement(
      `SELECT lsn, octet_length(body) AS bytes FROM entries_${oldest.id} ORDER BY lsn LIMIT ${stepEntries}`,
    )
    for (const row of statement.iterate()) {
      last = row.lsn as bigint
      bytes += Number(row.bytes)
      if (bytes >= stepBytes) break
    }
    if (last !== undefined) this.#forget(oldest.id, last)
    return true
  }

  /** Bytes of pages that hold something. What was freed is used again, and stays the file's. */
  bytesInUse(): number {
    const pragma = (name: string) => Number(this.#get(`PRAGMA ${name}`)?.[name])
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  }

  /** Histories of old have none. */
  #makeNotes(history: number): void {
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS notes_${history} (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID`,
    )
  }

  #forget(history: number, upTo: bigint): void {
    this.#run(`DELETE FROM entries_${history} WHERE lsn <= ?`, upTo)
    this.#run('UPDATE history SET trimmed = ? WHERE id = ?', upTo, history)
  }

  #current(): { id: number }[] {
    return this.#statement('SELECT id FROM history WHERE is_current')
      .all()
      .map(({ id }) => ({ id: Number(id) }))
  }

  #reached({ history, epoch, generation }: Tenure): bigint | undefined {
    const sql = 'SELECT reached FROM history WHERE id = ? AND epoch = ? AND generation = ? AND is_current'
    return this.#get(sql, history, epoch, generation)?.reached as bigint | undefined
  }

  #get(sql: string, ...values: (string | number | bigint)[]) {
    return this.#statement(sql).get(...values)
  }

  #run(sql: string, ...values: (string | number | bigint)[]) {
    return this.#statement(sql).run(...values)
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
