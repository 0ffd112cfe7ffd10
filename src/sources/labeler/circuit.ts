/*
 * What stands between the graph and a Labeler that is not well. A call that cannot connect, or is met with silence,
 * opens the circuit at once; single failures of a server that answers open it when they do not stop. While it is open
 * every call is refused without a try, and a probe of our own looks whether `/health` answers: only that closes it, for
 * a person's call is no experiment. Calls are safe to repeat, so a refused connection and a failing answer are tried
 * again, at random intervals; silence is not, since whoever waits has waited already. A Labeler that asks to be left
 * alone for a while is, whoever asks.
 */
import {
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel'
import type { SourceLog, SourceStatus } from '../../database/source.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { LabelerFailure, type LabelerFailureKind, outlines } from './failure.ts'

export interface CircuitOptions {
  readonly maxConcurrent: number
  /** Resolves when the service answers. */
  readonly probe: () => Promise<void>
  readonly log: SourceLog
  /** Milliseconds between two probes of an open circuit. Default 1,000. */
  readonly probeEveryMs?: number
  /** Milliseconds without an answer after which a closed one is tried, too. Default 2,000. */
  readonly beatEveryMs?: number
}

const maxQueued = 500
const furtherTries = 2
/** Failing answers in a row that open the circuit. */
const patience = 5
/** Milliseconds that it is left alone at most, whatever it asks for. */
const longestRest = 60_000

const isOneOf =
  (...kinds: readonly LabelerFailureKind[]) =>
  (error: unknown) =>
    error instanceof LabelerFailure && kinds.includes(error.kind)

const waitOf = (error: unknown) => (error instanceof LabelerFailure ? error.waitMs : 0)

/** Keeps calls from a service that does not answer, and their number within bounds. */
export class Circuit implements AsyncDisposable {
  readonly #options: Required<CircuitOptions>
  readonly #bulkhead
  readonly #retry = retry(
    handleWhen((error) => isOneOf('unreachable', 'failing')(error) && waitOf(error) === 0),
    { maxAttempts: furtherTries, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 }) },
  )
  readonly #connection
  readonly #health
  #timer: NodeJS.Timeout | undefined
  #probing: Promise<void> | undefined
  #isOver = false
  #status: SourceStatus = 'CONNECTING'
  #reason: string | undefined
  #outline: string | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  #since = new Date()
  #restUntil = 0

  constructor(options: CircuitOptions) {
    this.#options = { probeEveryMs: 1_000, beatEveryMs: 2_000, ...options }
    const halfOpenAfter = this.#options.probeEveryMs / 2
    this.#bulkhead = bulkhead(options.maxConcurrent, maxQueued)
    this.#connection = circuitBreaker(handleWhen(isOneOf('unreachable', 'silent')), {
      halfOpenAfter,
      breaker: new ConsecutiveBreaker(1),
    })
    this.#health = circuitBreaker(handleWhen(isOneOf('failing')), {
      halfOpenAfter,
      breaker: new ConsecutiveBreaker(patience),
    })
    for (const breaker of [this.#connection, this.#health])
      breaker.onBreak((reason) => this.#down('error' in reason ? reason.error : undefined))
  }

  get status(): SourceStatus {
    return this.#status
  }

  get reason(): string | undefined {
    return this.#reason
  }

  /** Why it does not answer, in words that name nothing. */
  get outline(): string | undefined {
    return this.#status === 'UNAVAILABLE' ? this.#outline : undefined
  }

  get since(): Date {
    return this.#since
  }

  /** Looks for the first time; resolves when that has succeeded or failed. */
  async start(): Promise<void> {
    await this.#probe()
  }

  /**
   * Makes a call that may be made again, unless the circuit is open.
   *
   * @throws TributaryError SOURCE_UNAVAILABLE, SOURCE_OVERLOADED; the call's error.
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#status !== 'AVAILABLE') throw this.refusal()
    if (performance.now() < this.#restUntil) throw overload('labeler asks to be left alone for a while.')
    const guarded = wrap(this.#bulkhead, this.#connection, this.#health, this.#retry)
    try {
      const answer = await guarded.execute(() => call())
      this.#answeredAt = performance.now()
      return answer
    } catch (error) {
      if (error instanceof BulkheadRejectedError)
        throw overload('Too many calls of the labeler wait already.')
      if (error instanceof Error && 'isBrokenCircuitError' in error) throw this.refusal()
      const wait = Math.min(waitOf(error), longestRest)
      if (wait === 0) throw error
      this.#restUntil = Math.max(this.#restUntil, performance.now() + wait)
      throw overload('labeler asks to be left alone for a while.', error)
    }
  }

  refusal(cause?: unknown): TributaryError {
    return new TributaryError('SOURCE_UNAVAILABLE', 'labeler cannot be reached.', {
      cause,
      extensions: { source: 'labeler' },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#probing
  }

  /** Tries the way through both breakers, which a success closes. */
  #probe(): Promise<void> {
    this.#probing = (async () => {
      try {
        await wrap(this.#connection, this.#health).execute(() => this.#options.probe())
        if (this.#isClosed) this.#become('AVAILABLE')
      } catch (error) {
        // A circuit that is open already was not tried.
        if (error instanceof LabelerFailure) this.#down(error)
      }
      this.#probeLater()
    })()
    return this.#probing
  }

  /** Looks whether it is still there when nobody has asked it for a while. */
  async #beat(): Promise<void> {
    if (performance.now() - this.#answeredAt >= this.#options.beatEveryMs)
      // What comes of it is the breakers' to tell.
      await wrap(this.#connection, this.#health)
        .execute(() => this.#options.probe())
        .catch(() => {})
    if (this.#status === 'AVAILABLE') this.#probeLater()
  }

  get #isClosed(): boolean {
    return [this.#connection, this.#health].every(({ state }) => state === CircuitState.Closed)
  }

  #probeLater(): void {
    clearTimeout(this.#timer)
    if (this.#isOver) return
    const isThere = this.#status === 'AVAILABLE'
    this.#timer = isThere
      ? setTimeout(() => {
          this.#probing = this.#beat()
        }, this.#options.beatEveryMs)
      : setTimeout(() => void this.#probe(), this.#options.probeEveryMs)
    this.#timer.unref()
  }

  #down(error: unknown): void {
    if (this.#isOver) return
    this.#outline = error instanceof LabelerFailure ? outlines[error.kind] : 'it does not answer'
    this.#become('UNAVAILABLE', error instanceof Error ? error.message : 'it does not answer')
    this.#probeLater()
  }

  #become(status: SourceStatus, reason?: string): void {
    if (status === this.#status && reason === this.#reason) return
    if (status !== this.#status) this.#since = new Date()
    this.#status = status
    this.#reason = reason
    const { log } = this.#options
    if (status === 'AVAILABLE') log.info({ source: 'labeler' }, 'labeler is available')
    else log.warn({ source: 'labeler', reason }, `labeler is unavailable: ${reason}`)
  }
}

const overload = (message: string, cause?: unknown) =>
  new TributaryError('SOURCE_OVERLOADED', message, { cause, extensions: { source: 'labeler' } })
