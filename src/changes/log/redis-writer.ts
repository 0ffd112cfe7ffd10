import type { Transaction } from '../change.ts'
import { type CaptureReport, type LogWriter, type Notes, WriterFenced } from './change-log.ts'
import { encodeTransaction } from './encoding.ts'
import { type RedisConnection, unusable } from './redis-connection.ts'
import { advanceScript, appendScript, reportScript, trimScript } from './redis-scripts.ts'

/** A position as the scripts compare it. */
export const digits = (lsn: bigint): string => lsn.toString(16).padStart(16, '0')

/** The hash of a source; the braces keep its keys together in a cluster. */
export const historyKey = (prefix: string, source: string): string => `${prefix}:{${source}}`

/** History, stream, marks and notes of an epoch. */
export const keysOf = (key: string, epoch: string): [string, string, string, string] => [
  key,
  `${key}:${epoch}`,
  `${key}:${epoch}:marks`,
  `${key}:${epoch}:notes`,
]

export interface RedisWriterOptions {
  readonly connection: RedisConnection
  readonly source: string
  readonly key: string
  readonly epoch: string
  readonly generation: string
  readonly reached: bigint
  /** Called when another writes, or nobody any more. */
  readonly onEnd: (writer: RedisWriter) => void
}

/** What a stream takes. */
export interface StreamSize {
  readonly entries: number
  readonly bytes: number
}

/** Writes one source's stream, until another does. */
export class RedisWriter implements LogWriter {
  readonly epoch: string
  readonly source: string
  readonly #options: RedisWriterOptions
  readonly #keys: ReturnType<typeof keysOf>
  #last: bigint

  constructor(options: RedisWriterOptions) {
    this.epoch = options.epoch
    this.source = options.source
    this.#options = options
    this.#keys = keysOf(options.key, options.epoch)
    this.#last = options.reached
  }

  get last(): bigint {
    return this.#last
  }

  async append(transactions: readonly Transaction[], notes: Notes = new Map()): Promise<void> {
    const fresh = transactions.filter(({ lsn }) => lsn > this.#last)
    if (fresh.length === 0 && notes.size === 0) return
    const noted = [...notes].flatMap(([name, text]) => [name, text ?? ''])
    const entries = fresh.flatMap((transaction) => {
      const { lsn } = transaction
      return [digits(lsn), String(lsn), encodeTransaction(transaction)]
    })
    const answer = await this.#evaluate(appendScript, [
      digits(this.#last),
      String(5 + noted.length),
      ...noted,
      ...entries,
    ])
    if (answer === 'fenced') throw this.#fenced()
    if (answer === 'torn') throw unusable(`it has lost a part of the log of ${this.source}`)
    const newest = fresh.at(-1)
    if (newest && newest.lsn > this.#last) this.#last = newest.lsn
  }

  async notes(): Promise<ReadonlyMap<string, string>> {
    const [, , , key] = this.#keys
    return new Map(Object.entries(await this.#options.connection.run((client) => client.hGetAll(key))))
  }

  async advance(to: bigint): Promise<void> {
    if (to <= this.#last) return
    if ((await this.#evaluate(advanceScript, [digits(to)])) !== 1) throw this.#fenced()
    if (to > this.#last) this.#last = to
  }

  async report(report: CaptureReport): Promise<void> {
    if ((await this.#evaluate(reportScript, [JSON.stringify(report)])) !== 1) throw this.#fenced()
  }

  /** It writes no more; its stream is another's to keep small. */
  end(): void {
    this.#options.onEnd(this)
  }

  async size(): Promise<StreamSize> {
    const [, stream] = this.#keys
    const [entries, bytes] = await this.#options.connection.run((client) =>
      Promise.all([client.xLen(stream), client.memoryUsage(stream)]),
    )
    return { entries, bytes: bytes ?? 0 }
  }

  /** Forgets what was there before a time, and all but so many entries. */
  async trim(now: number, cutoff: number, entries: number): Promise<void> {
    const answer = await this.#evaluate(trimScript, [String(now), String(cutoff), String(entries)])
    if (answer !== 1) this.end()
  }

  #evaluate(script: string, values: readonly string[]): Promise<unknown> {
    const { connection, generation } = this.#options
    return connection.run((client) =>
      client.eval(script, { keys: this.#keys, arguments: [this.epoch, generation, ...values] }),
    )
  }

  #fenced(): WriterFenced {
    this.end()
    return new WriterFenced(`another writer has taken over the log of ${this.source}`)
  }
}
