import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { Pool, type PoolClient, type PoolConfig } from 'pg'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Encryption } from './connection-options.ts'
import { type Gate, Refusal } from './gate.ts'
import { currentRequest } from './request-scope.ts'
import { SourceClient, type SourceClientConfig } from './source-client.ts'

export interface SourcePoolOptions {
  readonly gate: Gate
  /** pg's own options: connection, time-outs, size. */
  readonly config: PoolConfig
  /** How many may wait for a connection; one more is refused. */
  readonly maxWaiting: number
}

type Acquired = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (error?: unknown) => void,
) => void

/** How long connections may take to say goodbye, in milliseconds. */
const goodbyeMs = 1_000

/**
 * The connections of a source. Raw statements and Prisma's (`new PrismaPg(pool)`) share its limits; run them inside
 * `Source.guard`, which answers as soon as the source goes down and gives errors their codes.
 */
export class SourcePool extends Pool {
  readonly #gate: Gate
  readonly #maxWaiting: number
  readonly #connections: Set<SourceClient>

  constructor({ gate, config, maxWaiting }: SourcePoolOptions) {
    const connections = new Set<SourceClient>()
    const forClients: Pick<SourceClientConfig, 'gate' | 'connections'> = { gate, connections }
    super({ ...config, ...forClients, Client: SourceClient })
    this.#gate = gate
    this.#maxWaiting = maxWaiting
    this.#connections = connections
    // An idle connection broke: the watch sees whether the database is gone, the pool opens another.
    this.on('error', () => {})
  }

  /** How connections opened from now on are encrypted. */
  set encryption(encryption: Encryption) {
    this.options.ssl = encryption
  }

  /** Connections that have been opened, in use or idle. */
  get openCount(): number {
    return [...this.#connections].filter(({ processID }) => processID !== null).length
  }

  override connect(): Promise<PoolClient>
  override connect(callback: Acquired): void
  override connect(callback?: Acquired) {
    if (callback === undefined)
      return new Promise<PoolClient>((resolve, reject) => {
        this.connect((error, client) => (client ? resolve(client) : reject(error)))
      })
    const refusal = this.#refusal()
    if (refusal) return process.nextTick(callback, refusal, undefined, () => {})
    return super.connect(this.#acquisition(callback))
  }

  /** Cuts every connection, with whatever it is doing; those that wait for one are refused. */
  async discard(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.cut()))
  }

  /** Cuts the connections that are busy and ends the others in good order; a second later cuts what is left. */
  async close(): Promise<void> {
    const ended = this.end()
    await Promise.all(
      [...this.#connections].filter(({ isBusy }) => isBusy).map((connection) => connection.cut()),
    )
    for (const until = Date.now() + goodbyeMs; this.#connections.size > 0 && Date.now() < until; )
      await pause(10)
    await this.discard()
    await ended
  }

  #refusal(): Error | undefined {
    const signal = currentRequest()?.signal
    if (signal?.aborted) return signal.reason
    return this.#gate.refusal() ?? (this.waitingCount >= this.#maxWaiting ? this.#overload() : undefined)
  }

  /**
   * Who waits for a connection is called by whoever gives one back, so the waiter's own request has to be restored.
   * One whose request is aborted goes at once, and passes the connection on when it comes.
   */
  #acquisition(callback: Acquired): Acquired {
    const signal = currentRequest()?.signal
    let left = false
    const leave = () => {
      left = true
      callback(signal?.reason, undefined, () => {})
    }
    signal?.addEventListener('abort', leave, { once: true })
    return AsyncLocalStorage.bind<Acquired>((error, client, done) => {
      signal?.removeEventListener('abort', leave)
      const failure = error ? this.#acquisitionFailed(error) : this.#gate.refusal()
      if (left || failure) client?.release()
      if (left) return
      if (failure) callback(failure, undefined, () => {})
      else callback(undefined, client, done)
    })
  }

  #acquisitionFailed(error: Error): Error {
    if (error instanceof Refusal) return error
    if (error.cause instanceof Refusal) return error.cause
    return error.message === 'timeout exceeded when trying to connect'
      ? this.#overload()
      : this.#gate.unreachable(error)
  }

  #overload(): Refusal {
    const { source } = this.#gate
    const message = `Too many requests wait for ${source} already.`
    return new Refusal(new TributaryError('SOURCE_OVERLOADED', message, { extensions: { source } }))
  }
}
