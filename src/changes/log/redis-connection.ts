import type { Logger } from 'pino'
import { createClient } from 'redis'
import type { Secret } from '../../config/secret.ts'
import { TributaryError } from '../../errors/tributary-error.ts'

const create = (url: Secret, reconnects: boolean) =>
  createClient({
    url: url.reveal(),
    RESP: 2,
    name: 'tributary',
    // What cannot be sent now is refused: whoever wanted it decides whether it still does when Redis is back.
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: 5_000,
      reconnectStrategy: reconnects ? (attempt) => Math.min(50 * 2 ** attempt, 2_000) : false,
    },
  })

export type RedisClient = ReturnType<typeof create>

/** A command that is not answered in so many milliseconds has failed, and its connection with it. */
const answerMs = 10_000

export const unusable = (why: string): TributaryError =>
  new TributaryError('CHANGE_LOG_UNUSABLE', `The change log cannot be used: Redis: ${why}.`)

/** The connection that everybody shares: it comes back by itself, and refuses meanwhile. */
export class RedisConnection implements Disposable {
  readonly #url: Secret
  readonly #log: Logger
  readonly #onReady: (client: RedisClient) => void
  #client: RedisClient
  #isClosed = false
  #complaint: string | undefined

  /** @param onReady Called each time that it is there. */
  constructor(url: Secret, log: Logger, onReady: (client: RedisClient) => void) {
    this.#url = url
    this.#log = log
    this.#onReady = onReady
    this.#client = this.#connect()
  }

  /** Resolves when it is there, or has failed for the first time. */
  async start(): Promise<void> {
    const client = this.#client
    if (client.isReady) return
    await new Promise<void>((resolve) => {
      client.once('ready', resolve)
      client.once('error', resolve)
    })
  }

  /** @throws TributaryError CHANGE_LOG_UNUSABLE */
  async run<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(new Error(`no answer within ${answerMs} ms`))
      this.#replace(client)
    }, answerMs)
    try {
      return await Promise.race([work(client), late.promise])
    } catch (error) {
      throw unusable((error as Error).message || 'it cannot be reached')
    } finally {
      clearTimeout(timer)
    }
  }

  /** A connection of one's own, for waiting on; it is not made again when it breaks. */
  async own(): Promise<RedisClient> {
    const client = create(this.#url, false)
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch (error) {
      if (client.isOpen) client.destroy()
      throw unusable((error as Error).message || 'it cannot be reached')
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    if (this.#client.isOpen) this.#client.destroy()
  }

  #connect(): RedisClient {
    const client = create(this.#url, true)
    client.on('error', (error: Error) => this.#complain(error.message || error.name))
    client.on('ready', () => {
      if (this.#complaint !== undefined) this.#log.info('Redis is there again')
      this.#complaint = undefined
      this.#onReady(client)
    })
    client.connect().catch((error: Error) => {
      if (!this.#isClosed) this.#complain(error.message)
    })
    return client
  }

  #complain(reason: string): void {
    if (this.#complaint === undefined)
      this.#log.warn({ reason }, 'the change log’s Redis cannot be reached; it is tried until it can')
    this.#complaint = reason
  }

  /** One that does not answer may never notice that its peer is gone. */
  #replace(client: RedisClient): void {
    if (this.#isClosed || this.#client !== client) return
    this.#client = this.#connect()
    if (client.isOpen) client.destroy()
  }
}
