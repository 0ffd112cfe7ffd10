import type { SourceConfig } from '../config/source-config.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { compareDatabase } from './compare.ts'
import { type Address, type ConnectionPlan, planConnection } from './connection-options.ts'
import type { Difference } from './difference.ts'
import type { ExpectedDatabase } from './expected.ts'
import { classify, isExhaustion, needsOperator, outlineOf, reasonOf } from './failure.ts'
import type { FoundServer } from './found.ts'
import { type Gate, Refusal } from './gate.ts'
import { type Patience, Probe } from './probe.ts'
import { currentRequest } from './request-scope.ts'
import { SourcePool } from './source-pool.ts'
import { type SourceLog, SourceState, type SourceStatus } from './source-state.ts'
import { defaultTiming, type Timing } from './timing.ts'
import { Watch } from './watch.ts'

export type { SourceLog, SourceStatus }

export interface SourceOptions {
  readonly name: string
  /** Absent: the source is NOT_CONFIGURED. */
  readonly config?: SourceConfig
  readonly expected: ExpectedDatabase
  /** What is expected of the other sources, to recognise their databases under this one's URL. */
  readonly siblings?: readonly ExpectedDatabase[]
  readonly log: SourceLog
  readonly timing?: Partial<Timing>
  /** Default 1,000. */
  readonly maxWaiting?: number
  readonly now?: () => Date
}

/** The database cannot be used at all. */
class Unusable extends Error {
  readonly differences: readonly Difference[]

  constructor(differences: readonly Difference[], line: string) {
    super(line)
    this.differences = differences
  }
}

/**
 * A database behind the graph: its pool, whether it is there, and what it has otherwise than expected.
 *
 * The first failure of a connection makes it UNAVAILABLE at once: what waits for it is answered, what asks for it is
 * refused without a try, its connections are cut. A watch of its own tries until it answers; then it is checked anew
 * and AVAILABLE again.
 */
export class Source implements AsyncDisposable {
  readonly name: string
  /** Run its statements inside `guard`. */
  readonly pool: SourcePool
  readonly config: SourceConfig | undefined
  readonly #options: SourceOptions
  readonly #timing: Timing
  readonly #watch: Watch | undefined
  readonly #address: Address | undefined
  readonly #state: SourceState
  /** How to release everybody who waits for an answer. */
  readonly #waiting = new Set<(error: unknown) => void>()
  #server: FoundServer | undefined
  #outline: string | undefined
  #wasAnswered = false
  #wasContradicted = false
  #comparison = Promise.withResolvers<void>()
  #checkedAt = 0
  #askedAt = 0
  #isOver = false

  /** @throws TributaryError CONFIG_INVALID when a certificate named in the URL cannot be read. */
  constructor(options: SourceOptions) {
    const { name, config, expected, log, timing, maxWaiting = 1_000, now = () => new Date() } = options
    const plan = config && planConnection(config)
    this.name = name
    this.config = config
    this.#options = options
    this.#timing = { ...defaultTiming, ...timing }
    this.#state = new SourceState({
      status: plan ? 'CONNECTING' : 'NOT_CONFIGURED',
      expected,
      log,
      now,
    })
    this.#address = plan?.address
    this.pool = new SourcePool({
      gate: this.#gate(),
      config: {
        ...plan?.client,
        max: config?.maxConnections ?? 1,
        idleTimeoutMillis: config?.staleTimeoutMs ?? 0,
      },
      maxWaiting,
    })
    this.#watch = plan && this.#watchOver(plan)
  }

  get status(): SourceStatus {
    return this.#state.status
  }

  /** Why it does not answer, in one line without secrets. */
  get reason(): string | undefined {
    return this.#state.reason
  }

  get outline(): string | undefined {
    return this.status === 'UNAVAILABLE' ? this.#outline : undefined
  }

  /** Since when it has its status. */
  get since(): Date {
    return this.#state.since
  }

  /** Zone in which its writers keep times without one. */
  get timeZone(): string {
    return this.config?.timeZone ?? 'UTC'
  }

  /** What the last check found. */
  get differences(): readonly Difference[] {
    return this.#state.differences
  }

  /** The server behind it, as of the last check. */
  get server(): FoundServer | undefined {
    return this.#server
  }

  /** Tries to reach it for the first time; resolves when that has succeeded or failed, and never rejects. */
  async start(): Promise<void> {
    await this.#watch?.start()
  }

  /** Calls the listener whenever status, reason or differences have changed, until the answer is called. */
  on(_event: 'change', listener: (source: Source) => void): () => void {
    return this.#state.onChange(() => listener(this))
  }

  /** Whether the last check found the table, or the column of it, as the graph expects it. */
  usable(table: string, column?: string): boolean {
    return this.#state.obstacle(table, column) === undefined
  }

  /** @throws TributaryError SOURCE_MISMATCH, with the difference's line, where it is not usable. */
  require(table: string, column?: string): void {
    const obstacle = this.#state.obstacle(table, column)
    if (obstacle) throw this.#error('SOURCE_MISMATCH', obstacle.line)
  }

  /** Resolves as soon as nothing is known that contradicts the last check: what did so makes the source be checked anew. */
  async compared(): Promise<void> {
    while (this.#wasContradicted && this.status === 'AVAILABLE' && !this.#isOver)
      await this.#comparison.promise
  }

  /**
   * Runs work that reads or writes the source, unless it cannot be reached, and answers for it as soon as that
   * changes or the request is aborted, whatever becomes of the work.
   *
   * @throws TributaryError SOURCE_NOT_CONFIGURED, SOURCE_UNAVAILABLE, SOURCE_MISMATCH, SOURCE_TIMEOUT,
   * SOURCE_OVERLOADED; the request's reason for aborting; any other error of the work as it is.
   */
  guard<T>(work: () => PromiseLike<T>): Promise<T> {
    const refusal = this.#refusal()
    if (refusal) return Promise.reject(refusal)
    const signal = currentRequest()?.signal
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise<T>((resolve, reject) => {
      const abort = () => reject(signal?.reason)
      this.#waiting.add(reject)
      signal?.addEventListener('abort', abort, { once: true })
      void (async () => {
        try {
          resolve(await work())
        } catch (error) {
          reject(error instanceof Refusal ? error.error : error)
        } finally {
          this.#waiting.delete(reject)
          signal?.removeEventListener('abort', abort)
        }
      })()
    })
  }

  /** Answers who still waits, and ends the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#wasCompared()
    this.#release()
    await this.#watch?.[Symbol.asyncDispose]()
    await this.pool.close()
  }

  #gate(): Gate {
    const refuse = (error: TributaryError | undefined) => error && new Refusal(error)
    return {
      source: this.name,
      refusal: () => refuse(this.#refusal()),
      answered: () => {
        this.#wasAnswered = true
      },
      unreachable: (error) => this.#unreachable(error),
      failed: (error) => this.#translate(error),
    }
  }

  /** A server without a connection to spare is there: the connections that are open go on. */
  #unreachable(error: Error): Refusal {
    if (isExhaustion(error) && this.status === 'AVAILABLE' && this.pool.openCount > 0) {
      const message = `${this.name} has no connection to spare.`
      return new Refusal(this.#error('SOURCE_OVERLOADED', message, error))
    }
    // Once it is down, what its connections say is the consequence; the reason is the watch's to tell.
    if (this.status === 'AVAILABLE') this.#down(error)
    return new Refusal(this.#unavailable(error))
  }

  #translate(error: Error): Error {
    switch (classify(error)) {
      case 'connection':
        return this.#unreachable(error)
      case 'mismatch':
        this.#wasContradicted = true
        return new Refusal(this.#error('SOURCE_MISMATCH', `${this.name}: ${error.message}.`, error))
      case 'timeout':
        return new Refusal(this.#error('SOURCE_TIMEOUT', `${this.name} took too long to answer.`, error))
      case 'statement':
        return error
    }
  }

  #refusal(): TributaryError | undefined {
    if (this.#isOver && this.#watch) return this.#unavailable()
    switch (this.status) {
      case 'AVAILABLE':
        return undefined
      case 'NOT_CONFIGURED':
        return this.#error('SOURCE_NOT_CONFIGURED', `${this.name} is not configured.`)
      default:
        return this.#unavailable()
    }
  }

  #unavailable(cause?: Error): TributaryError {
    return this.#error('SOURCE_UNAVAILABLE', `${this.name} cannot be reached.`, cause)
  }

  #error(code: ErrorCode, message: string, cause?: Error) {
    return new TributaryError(code, message, { cause, extensions: { source: this.name } })
  }

  #watchOver(plan: ConnectionPlan): Watch {
    return new Watch({
      timing: this.#timing,
      connect: (options) => Probe.connect(plan, options),
      joined: (probe, timeoutMs) => this.#check(probe, timeoutMs),
      beat: (probe) => this.#beat(probe),
      left: (error) => this.#down(error),
      isLasting: (error) => error instanceof Unusable || needsOperator(error),
    })
  }

  async #beat(probe: Probe): Promise<void> {
    const now = performance.now()
    const isOld = now - this.#checkedAt > this.#timing.recheckMs
    const isDue = this.#wasContradicted || (isOld && this.differences.length > 0)
    if (isDue) return this.#check(probe, this.#timing.heartbeatTimeoutMs)
    // An answer says nothing of those who still wait: their connections may have gone silent since.
    const isSpared =
      this.#takeAnswered() && this.#waiting.size === 0 && now - this.#askedAt < this.#timing.recheckMs
    if (isSpared) return
    this.#askedAt = now
    await probe.ping(this.#patience(this.#timing.heartbeatTimeoutMs))
  }

  /** A server that is slow to answer the watch, and answers others meanwhile, is not silent. */
  #patience(timeoutMs: number): Patience {
    return { timeoutMs, isExtended: () => this.#takeAnswered() }
  }

  #takeAnswered(): boolean {
    const wasAnswered = this.#wasAnswered
    this.#wasAnswered = false
    return wasAnswered
  }

  async #check(probe: Probe, timeoutMs: number): Promise<void> {
    const { expected, siblings } = this.#options
    this.#wasContradicted = false
    const found = await probe.inspect(expected, this.#patience(timeoutMs))
    const differences = compareDatabase(expected, found, siblings)
    const wrong = differences.find(({ kind }) => kind === 'wrong-database')
    if (wrong) throw new Unusable(differences, wrong.line)
    this.#checkedAt = performance.now()
    this.#server = found.server
    this.pool.encryption = probe.encryption
    this.#state.become('AVAILABLE', undefined, differences)
    this.#wasCompared()
  }

  #wasCompared(): void {
    this.#comparison.resolve()
    this.#comparison = Promise.withResolvers()
  }

  #down(error: Error): void {
    if (this.#watch === undefined || this.#isOver) return
    const wasAvailable = this.status === 'AVAILABLE'
    this.#outline = error instanceof Unusable ? 'it is not the database that is expected' : outlineOf(error)
    const reason = error instanceof Unusable ? error.message : this.#address && reasonOf(error, this.#address)
    this.#state.become(
      'UNAVAILABLE',
      reason,
      error instanceof Unusable ? error.differences : this.differences,
    )
    if (!wasAvailable) return
    this.#wasCompared()
    this.#watch?.interrupt(error)
    this.#release(error)
    void this.pool.discard()
  }

  #release(cause?: Error): void {
    for (const reject of this.#waiting) reject(this.#unavailable(cause))
    this.#waiting.clear()
  }
}
