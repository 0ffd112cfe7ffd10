/**
 * The change log that several gateways share: a Redis stream a source, whose entries are named by their commits' places.
 *
 * What is replied to was written to the append-only file (with `appendfsync always`), so an append that was answered
 * survives a kill. After one that was not answered nobody knows, and the writer is asked for anew.
 *
 * A reader takes what is there by ranges, then waits on a connection of its own. Of a stream that was trimmed, replaced
 * or lost while it waited, Redis tells nothing; so every entry names the one before it, and while nothing comes the
 * history is looked at.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Secret } from '../../config/secret.ts'
import type { Transaction } from '../change.ts'
import {
  type CaptureReport,
  type ChangeLog,
  type LogIdentity,
  type LogPosition,
  type LogWriter,
  PositionLost,
} from './change-log.ts'
import { decodeTransaction } from './encoding.ts'
import { type RedisClient, RedisConnection, unusable } from './redis-connection.ts'
import { durabilityWarnings } from './redis-durability.ts'
import { openScript } from './redis-scripts.ts'
import { digits, historyKey, keysOf, RedisWriter } from './redis-writer.ts'

export interface RedisLogOptions {
  readonly url: Secret
  readonly retentionMs: number
  /** Bytes of memory that the streams which this process writes may take together, about. */
  readonly maxBytes: number
  readonly log: Logger
  /** What all keys begin with. Default tributary. */
  readonly prefix?: string
}

/** Entries that are read at once. */
const batchEntries = 500
/** How long a reader waits before it looks whether the history is still the same. */
const waitMs = 1_000
const [retryMs, maxRetryMs] = [50, 2_000]
const trimEveryMs = 1_000
/** How long a former stream stays for its readers to see that it ended, in seconds. */
const formerSeconds = '60'

interface Entry {
  readonly message: Readonly<Record<string, string>>
}

class RedisLog implements ChangeLog {
  readonly #connection: RedisConnection
  readonly #options: Required<RedisLogOptions>
  readonly #closing = new AbortController()
  readonly #writers = new Set<RedisWriter>()
  readonly #timer: NodeJS.Timeout
  #isTrimming = false

  constructor(options: Required<RedisLogOptions>) {
    this.#options = options
    this.#connection = new RedisConnection(options.url, options.log, (client) => void this.#warn(client))
    this.#timer = setInterval(() => void this.#trim(), trimEveryMs).unref()
  }

  start(): Promise<void> {
    return this.#connection.start()
  }

  async write(source: string, { origin, confirmed }: LogIdentity): Promise<LogWriter> {
    const key = historyKey(this.#options.prefix, source)
    const begun = randomBytes(9).toString('base64url')
    for (;;) {
      const former = (await this.#connection.run((client) => client.hGet(key, 'epoch'))) ?? ''
      const keys = keysOf(key, former)
      const answer = (await this.#connection.run((client) =>
        client.eval(openScript, {
          keys,
          arguments: [origin, digits(confirmed), String(confirmed), begun, formerSeconds],
        }),
      )) as [string, number, string, string]
      const [epoch, generation, , reached] = answer
      // Somebody may have begun another epoch between the question and the script, which then had the wrong stream.
      if (epoch !== former && epoch !== begun) continue
      const writer = new RedisWriter({
        connection: this.#connection,
        source,
        key,
        epoch,
        generation: String(generation),
        reached: BigInt(`0x${reached}`),
        onEnd: (ended) => this.#writers.delete(ended),
      })
      for (const other of this.#writers) if (other.source === source) other.end()
      this.#writers.add(writer)
      return writer
    }
  }

  async head(source: string): Promise<LogPosition | undefined> {
    const key = historyKey(this.#options.prefix, source)
    const [epoch, last] = await this.#connection.run((client) => client.hmGet(key, ['epoch', 'last']))
    return epoch && last ? { epoch, lsn: BigInt(`0x${last}`) } : undefined
  }

  async *read(
    source: string,
    after: LogPosition,
    signal: AbortSignal,
  ): AsyncIterable<readonly Transaction[]> {
    const ended = AbortSignal.any([signal, this.#closing.signal])
    let place = after
    let attempt = 0
    while (!ended.aborted) {
      try {
        for await (const batch of this.#follow(source, place, ended)) {
          attempt = 0
          place = { epoch: place.epoch, lsn: batch.at(-1)?.lsn ?? place.lsn }
          yield batch
        }
      } catch (error) {
        if (error instanceof PositionLost) throw error
        // A connection that broke; Redis may be starting again.
        await pause(Math.min(retryMs * 2 ** attempt++, maxRetryMs), undefined, { signal: ended }).catch(
          () => {},
        )
      }
    }
  }

  async status(source: string): Promise<CaptureReport | undefined> {
    const key = historyKey(this.#options.prefix, source)
    const report = await this.#connection.run((client) => client.hGet(key, 'report'))
    return report ? (JSON.parse(report) as CaptureReport) : undefined
  }

  async secret(): Promise<Buffer> {
    const key = `${this.#options.prefix}:secret`
    const made = randomBytes(32).toString('base64url')
    const secret = await this.#connection.run(async (client) => {
      await client.set(key, made, { condition: 'NX' })
      return client.get(key)
    })
    if (!secret) throw unusable('its secret is gone')
    return Buffer.from(secret, 'base64url')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    for (const writer of [...this.#writers]) writer.end()
    this.#connection[Symbol.dispose]()
  }

  /** From a place on, over one connection. */
  async *#follow(
    source: string,
    from: LogPosition,
    signal: AbortSignal,
  ): AsyncIterable<readonly Transaction[]> {
    let place = from
    for (;;) {
      const batch = await this.#range(source, place)
      const last = batch.at(-1)
      if (!last) break
      place = { epoch: place.epoch, lsn: last.lsn }
      yield batch
      if (signal.aborted) return
    }
    const [, stream] = keysOf(historyKey(this.#options.prefix, source), place.epoch)
    const client = await this.#connection.own()
    const destroy = () => {
      if (client.isOpen) client.destroy()
    }
    signal.addEventListener('abort', destroy, { once: true })
    try {
      while (!signal.aborted) {
        const batch =
          chained(source, place.lsn, await this.#wait(client, stream, place.lsn)) ??
          (await this.#range(source, place))
        const last = batch.at(-1)
        if (!last) continue
        place = { epoch: place.epoch, lsn: last.lsn }
        yield batch
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', destroy)
      destroy()
    }
  }

  async #wait(client: RedisClient, stream: string, lsn: bigint): Promise<readonly Entry[]> {
    // Without an answer long after the time the server is gone, and nothing else would notice.
    const late = setTimeout(() => client.destroy(), waitMs * 5)
    try {
      const replies = await client.xRead(
        { key: stream, id: `${lsn}-0` },
        { COUNT: batchEntries, BLOCK: waitMs },
      )
      return (replies as { messages: Entry[] }[] | null)?.[0]?.messages ?? []
    } finally {
      clearTimeout(late)
    }
  }

  /** Some of what comes after a place; none when there is no more. @throws PositionLost */
  async #range(source: string, { epoch, lsn }: LogPosition): Promise<readonly Transaction[]> {
    const key = historyKey(this.#options.prefix, source)
    const [, stream] = keysOf(key, epoch)
    const [history, entries] = (await this.#connection.run((client) =>
      client
        .multi()
        .hmGet(key, ['epoch', 'trimmed', 'last', 'reached'])
        .xRange(stream, `(${lsn}-0`, '+', { COUNT: batchEntries })
        .exec(),
    )) as unknown as [(string | null)[], Entry[]]
    const [current, trimmed, last, reached] = history
    if (!current || !trimmed || !last || !reached) throw new PositionLost(`there is no log of ${source}`)
    if (current !== epoch) throw new PositionLost(`another history of ${source} has begun`)
    if (digits(lsn) < trimmed) throw new PositionLost(`${source} is not kept that far back`)
    if (digits(lsn) > reached) throw new PositionLost(`the log of ${source} never came so far`)
    const read = chained(source, lsn, entries)
    if (!read && digits(lsn) < last) throw new PositionLost(`the log of ${source} has lost what came next`)
    return read ?? []
  }

  /** Of all that the streams may take, each has the share that it takes now. */
  async #trim(): Promise<void> {
    if (this.#isTrimming) return
    this.#isTrimming = true
    const { retentionMs, maxBytes } = this.#options
    try {
      const writers = [...this.#writers]
      const sizes = await Promise.all(writers.map((writer) => writer.size()))
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
      const keep = (entries: number) =>
        total <= maxBytes ? Number.MAX_SAFE_INTEGER : Math.floor((entries * maxBytes) / total)
      const now = Date.now()
      await Promise.all(
        writers.map((writer, index) => writer.trim(now, now - retentionMs, keep(sizes[index]?.entries ?? 0))),
      )
    } catch {
      // Redis is away: the next time, then.
    } finally {
      this.#isTrimming = false
    }
  }

  async #warn(client: RedisClient): Promise<void> {
    const warnings = await durabilityWarnings(client).catch(() => [])
    for (const warning of warnings) this.#options.log.warn(warning)
  }
}

/** The transactions of entries, each of which must follow the one before; undefined of none. @throws PositionLost */
function chained(source: string, after: bigint, entries: readonly Entry[]): Transaction[] | undefined {
  if (entries.length === 0) return undefined
  let place = digits(after)
  return entries.map(({ message: { lsn, after: before, body } }, index) => {
    if (lsn === undefined || before === undefined || body === undefined)
      throw new PositionLost(`another history of ${source} has begun`)
    // The first may come after a place that was only advanced to.
    if (index === 0 ? before > place : before !== place)
      throw new PositionLost(`the log of ${source} has lost what came next`)
    place = lsn
    return decodeTransaction(BigInt(`0x${lsn}`), body)
  })
}

/**
 * Opens the log of a Redis server. One that cannot be reached yet is tried until it can; what is asked of the log
 * meanwhile fails with CHANGE_LOG_UNUSABLE, and readers wait.
 */
export async function openRedisLog(options: RedisLogOptions): Promise<ChangeLog> {
  const log = new RedisLog({ prefix: 'tributary', ...options })
  await log.start()
  return log
}
