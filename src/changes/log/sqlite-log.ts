/**
 * The change log of a single node: one SQLite file, written by a thread of its own and read here.
 *
 * Whoever reads in the process that writes is handed what was written when it is durable, as it is; only those who are
 * behind read the file. Where another process writes (`tributary capture` beside `tributary serve`), its commits are
 * noticed by a number of the file that is looked at while somebody waits: that costs two microseconds a look.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { Transaction } from '../change.ts'
import {
  type CaptureReport,
  type ChangeLog,
  type LogIdentity,
  type LogPosition,
  type LogWriter,
  WriterFenced,
} from './change-log.ts'
import { encodeTransaction } from './encoding.ts'
import { RecentTransactions } from './recent-transactions.ts'
import { isDamaged, sqliteCode } from './sqlite-failure.ts'
import { SqliteReader } from './sqlite-reader.ts'
import type { Limits, Opened, StoredEntry } from './sqlite-store.ts'
import { SqliteThread } from './sqlite-thread.ts'
import type { WriterSettings } from './sqlite-writer.ts'
import { Wakeups } from './wakeups.ts'

export interface SqliteLogOptions extends Limits {
  /** Where the file is; made if need be, for this account alone. */
  readonly folder: string
  readonly log: Logger
}

/** How often the file is looked at for what other processes wrote, in milliseconds. */
const lookEveryMs = 20

/** Characters of encoded transactions that are remembered for readers, a source. */
const recentSize = 1_000_000

class SqliteLog implements ChangeLog {
  readonly #settings: WriterSettings
  readonly #log: Logger
  readonly #closing = new AbortController()
  readonly #wakeups = new Wakeups()
  readonly #recent = new Map<string, RecentTransactions>()
  readonly #looking: NodeJS.Timeout
  #thread: SqliteThread
  #restarting: Promise<void> | undefined
  #reader: SqliteReader
  #version: bigint
  /** How often the file was seen to be another than before. */
  #changes = 0
  /** Files that the thread has set aside. */
  #replacements = 0

  private constructor(settings: WriterSettings, log: Logger, thread: SqliteThread) {
    this.#settings = settings
    this.#log = log
    this.#thread = thread
    this.#reader = new SqliteReader(settings.path)
    this.#version = this.#reader.version()
    this.#looking = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** @throws TributaryError CHANGE_LOG_UNUSABLE */
  static async open(settings: WriterSettings, log: Logger): Promise<SqliteLog> {
    const early: string[] = []
    let opened: SqliteLog | undefined
    const thread = await SqliteThread.start(settings, (why) =>
      opened ? opened.#replaced(why) : early.push(why),
    )
    opened = new SqliteLog(settings, log, thread)
    for (const why of early) opened.#replaced(why)
    return opened
  }

  async write(source: string, identity: LogIdentity): Promise<LogWriter> {
    if (this.#thread.isOver) await this.#restart()
    const opened = (await this.#thread.ask({ kind: 'open', source, identity })) as Opened
    const recent = new RecentTransactions({ epoch: opened.tenure.epoch, lsn: opened.last }, recentSize)
    this.#recent.set(source, recent)
    this.#wakeups.wake(source)
    return this.#writer(source, opened, recent)
  }

  async head(source: string): Promise<LogPosition | undefined> {
    return this.#read((reader) => reader.head(source))
  }

  async *read(
    source: string,
    after: LogPosition,
    signal: AbortSignal,
  ): AsyncIterable<readonly Transaction[]> {
    const ended = AbortSignal.any([signal, this.#closing.signal])
    let position = after
    let read = -1
    while (!ended.aborted) {
      let batch = this.#recent.get(source)?.after(position)
      // What this process writes is in memory; the file is read when another may have written.
      if (!batch || (batch.length === 0 && read !== this.#changes)) {
        read = this.#changes
        batch = this.#read((reader) => reader.after(source, position))
      }
      const last = batch.at(-1)
      if (last) {
        position = { epoch: position.epoch, lsn: last.lsn }
        yield batch
      } else await this.#wakeups.wait(source, ended)
    }
  }

  async status(source: string): Promise<CaptureReport | undefined> {
    return this.#read((reader) => reader.status(source))
  }

  async secret(): Promise<Buffer> {
    return this.#read((reader) => reader.secret())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looking)
    this.#closing.abort()
    await this.#thread[Symbol.asyncDispose]()
    this.#reader[Symbol.dispose]()
  }

  /** The file was damaged and is another: whatever was read of it is lost, and readers learn it at their next look. */
  #replaced(why: string): void {
    this.#replacements += 1
    this.#changes += 1
    this.#log.error(
      { path: this.#settings.path, why },
      'the change log was damaged and has been begun anew; the file is kept with the ending .damaged',
    )
    this.#recent.clear()
    this.#reader[Symbol.dispose]()
    this.#reader = new SqliteReader(this.#settings.path)
    this.#wakeups.wakeAll()
  }

  /** The thread ended, for it could not go on with its file: it is begun anew, for all who ask at once. */
  async #restart(): Promise<void> {
    if (!this.#restarting) this.#replacements = 0
    this.#restarting ??= SqliteThread.start(this.#settings, (why) => this.#replaced(why))
      .then((thread) => {
        this.#thread = thread
      })
      .finally(() => {
        this.#restarting = undefined
      })
    await this.#restarting
  }

  #writer(source: string, { tenure, reached }: Opened, recent: RecentTransactions): LogWriter {
    let last = reached
    const fenced = () => new WriterFenced(`another writer has taken over the log of ${source}`)
    return {
      epoch: tenure.epoch,
      get last() {
        return last
      },
      append: async (transactions, notes) => {
        const encoded = transactions
          .filter(({ lsn }) => lsn > last)
          .map((transaction) => ({ transaction, body: encodeTransaction(transaction) }))
        if (encoded.length === 0 && !notes?.size) return
        const entries = encoded.map(({ transaction, body }): StoredEntry => ({ lsn: transaction.lsn, body }))
        const before = await this.#thread.ask({ kind: 'append', tenure, entries, notes })
        if (typeof before !== 'bigint') throw fenced()
        for (const { transaction, body } of encoded)
          if (transaction.lsn > before) recent.add(transaction, body.length)
        last = later(last, recent.end.lsn)
        this.#wakeups.wake(source)
      },
      notes: async () => {
        const notes = await this.#thread.ask({ kind: 'notes', tenure })
        if (!(notes instanceof Map)) throw fenced()
        return notes
      },
      advance: async (to) => {
        if (to <= last) return
        if ((await this.#thread.ask({ kind: 'advance', tenure, to })) !== true) throw fenced()
        last = later(last, to)
      },
      report: async (report) => {
        if ((await this.#thread.ask({ kind: 'report', tenure, report })) !== true) throw fenced()
      },
    }
  }

  #look(): void {
    if (this.#wakeups.isEmpty) return
    try {
      const version = this.#reader.version()
      if (version === this.#version) return
      this.#version = version
      this.#changes += 1
    } catch {
      // Those who are woken meet the same.
      this.#changes += 1
    }
    this.#wakeups.wakeAll()
  }

  #read<T>(work: (reader: SqliteReader) => T): T {
    try {
      return work(this.#reader)
    } catch (error) {
      // A text that is not JSON is damage that SQLite did not see.
      const isTorn = error instanceof SyntaxError
      if (sqliteCode(error) === undefined && !isTorn) throw error
      if (isTorn || isDamaged(error))
        void this.#thread.ask({ kind: 'renew', replacements: this.#replacements }).catch(() => {})
      throw unusable(`it cannot be read: ${(error as Error).message}`)
    }
  }
}

const later = (one: bigint, other: bigint) => (one > other ? one : other)

const unusable = (why: string) =>
  new TributaryError('CHANGE_LOG_UNUSABLE', `The change log cannot be used: ${why}.`)

/**
 * Opens the log of a folder.
 *
 * @throws TributaryError CHANGE_LOG_UNUSABLE when the file can be neither read nor made.
 */
export async function openSqliteLog({ folder, log, ...limits }: SqliteLogOptions): Promise<ChangeLog> {
  const path = join(folder, 'changes.sqlite')
  try {
    // What other programs wrote to their databases is in it: nobody else on the machine may read it.
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw unusable((error as Error).message)
  }
  return SqliteLog.open({ path, ...limits }, log)
}
