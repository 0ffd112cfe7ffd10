/**
 * The changes of one source as a process hears of them: one reader of the log, however many listen.
 *
 * Listeners are told in the order of the commits, each in turn and at once, so that whoever attaches between two
 * transactions has a definite place. A log that cannot be read is tried again from the same place; only when that is
 * lost (trimmed away, or another history has begun) do listeners have to begin anew, and by then the feed stands at a
 * place from which it goes on.
 *
 * Whether the source is captured is another matter: a log that nobody writes to is silent, as one is of a database in
 * which nothing happens. The reports tell them apart; one counts as new when it is another than the last, by the own
 * clock, since those of two machines differ.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Backlog } from './backlog.ts'
import type { Transaction } from './change.ts'
import {
  type CaptureReport,
  type ChangeLog,
  type LogPosition,
  PositionLost,
  reportStaleMs,
} from './log/change-log.ts'

export interface FeedListener {
  /** Called for each transaction, in order. */
  transaction(transaction: Transaction): void
  /** Transactions were missed, or another history began; the feed's position is already where it goes on from. */
  lost(reason: string): void
  /** The source is captured again, or is no longer. */
  captured?(state: CaptureState): void
}

/** Whether changes come at all. */
export interface CaptureState {
  readonly isCaptured: boolean
  /** Why not, for people. */
  readonly reason?: string
  /** The last that the capture told of itself. */
  readonly report?: CaptureReport
}

export interface FeedOptions {
  readonly source: string
  readonly log: ChangeLog
  readonly logger: Logger
  /** Changes that are kept in memory for those who take up a stream again. Default 10,000. */
  readonly maxChanges?: number
  /** Milliseconds between two looks at the reports, and between two attempts. Default 1,000. */
  readonly lookEveryMs?: number
  /** How old a report may be, in milliseconds. */
  readonly staleMs?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

const nobody: CaptureState = { isCaptured: false, reason: 'nobody has captured it yet' }

export class Feed implements AsyncDisposable {
  readonly source: string
  readonly #options: Required<FeedOptions>
  readonly #listeners = new Set<FeedListener>()
  readonly #stop = new AbortController()
  /** Those who wait for the feed to come to a place. */
  readonly #awaited = new Set<() => void>()
  #backlog: Backlog | undefined
  #capture: CaptureState = nobody
  #seen: { readonly at: number; readonly since: number } | undefined
  #failure: string | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: FeedOptions) {
    this.source = options.source
    this.#options = {
      maxChanges: 10_000,
      lookEveryMs: 1_000,
      staleMs: reportStaleMs,
      now: Date.now,
      ...options,
    }
  }

  /** The last transaction that listeners were told of, or where they began; undefined while nobody ever captured. */
  get position(): LogPosition | undefined {
    return this.#backlog?.position
  }

  get capture(): CaptureState {
    return this.#capture
  }

  /** Begins to read. Resolves when it is known where, or that nobody ever captured or the log cannot be reached. */
  async start(): Promise<void> {
    await this.#attempt(() => this.#begin())
    await this.#look()
    this.#running = Promise.all([this.#follow(), this.#watch()])
  }

  /** Listens from now on, until the answer is called. */
  attach(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * What came after a place, up to another that listeners have been told of. A place that lies ahead, since another
   * replica was quicker, is waited for.
   *
   * @throws PositionLost where that is not to be had any more.
   */
  async *replay(
    after: LogPosition,
    until: bigint,
    signal: AbortSignal,
  ): AsyncIterable<readonly Transaction[]> {
    const ended = AbortSignal.any([signal, this.#stop.signal])
    const backlog = this.#backlog
    if (!backlog) throw new PositionLost(`nobody has captured ${this.source} yet`)
    if (after.epoch !== backlog.position.epoch)
      throw new PositionLost(`another history of ${this.source} has begun`)
    if (after.lsn > backlog.position.lsn) {
      const head = await this.#options.log.head(this.source)
      if (head?.epoch !== after.epoch || head.lsn < after.lsn)
        throw new PositionLost(`the log of ${this.source} never came so far`)
      await this.#comeTo(after, ended)
      return
    }
    yield* backlog.replay(after, until, ended)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#listeners.clear()
  }

  /** Stands at the newest place of the log. Whether there is one. */
  async #begin(): Promise<boolean> {
    const { log, source, maxChanges } = this.#options
    const head = await log.head(source)
    if (!head) return false
    this.#backlog = new Backlog(head, { source, log, maxChanges })
    return true
  }

  async #follow(): Promise<void> {
    const { log, source, lookEveryMs } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      const place = this.position
      if (!place) {
        await rest(lookEveryMs, signal)
        await this.#attempt(async () => {
          if (await this.#begin()) this.#tell((listener) => listener.lost('the capture has begun'))
        })
        continue
      }
      const isBroken = await this.#attempt(async () => {
        for await (const batch of log.read(source, place, signal)) {
          this.#failure = undefined
          for (const transaction of batch) this.#dispatch(transaction)
        }
      })
      if (isBroken && !signal.aborted) await rest(lookEveryMs, signal)
    }
  }

  #dispatch(transaction: Transaction): void {
    this.#backlog?.add(transaction)
    this.#tell((listener) => listener.transaction(transaction))
    for (const look of [...this.#awaited]) look()
  }

  /** Nobody's failure is another's: each listener is told, whatever the one before made of it. */
  #tell(say: (listener: FeedListener) => void): void {
    for (const listener of [...this.#listeners])
      try {
        if (this.#listeners.has(listener)) say(listener)
      } catch (error) {
        this.#options.logger.error({ err: error, source: this.source }, 'a listener of changes failed')
      }
  }

  /** Does something with the log. Whether it has to be tried again later. */
  async #attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return false
    } catch (error) {
      if (this.#stop.signal.aborted) return false
      if (error instanceof PositionLost) return this.#attempt(() => this.#restart(error.message))
      const reason = (error as Error).message
      if (this.#failure === undefined)
        this.#options.logger.warn({ err: error, source: this.source }, 'the change log cannot be read')
      this.#failure = reason
      return true
    }
  }

  async #restart(reason: string): Promise<void> {
    const { logger, source } = this.#options
    if (!(await this.#begin())) this.#backlog = undefined
    logger.warn({ source, reason }, 'the place in the change log is lost; what is live begins anew')
    this.#tell((listener) => listener.lost(reason))
    for (const look of [...this.#awaited]) look()
  }

  async #watch(): Promise<void> {
    const { lookEveryMs } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      await rest(lookEveryMs, signal)
      if (!signal.aborted) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { log, source, now, staleMs } = this.#options
    let state: CaptureState
    try {
      const report = await log.status(source)
      if (report && report.at !== this.#seen?.at)
        this.#seen = { at: report.at, since: this.#seen ? now() : report.at }
      state = stateOf(report, now() - (this.#seen?.since ?? 0) > staleMs)
      if (!this.#backlog && state.isCaptured)
        state = { isCaptured: false, reason: 'the capture is beginning' }
    } catch (error) {
      state = { isCaptured: false, reason: (error as Error).message }
    }
    const isNews = state.isCaptured !== this.#capture.isCaptured || state.reason !== this.#capture.reason
    this.#capture = state
    if (isNews) this.#tell((listener) => listener.captured?.(state))
  }

  /** Until the feed has come to a place. @throws PositionLost when it never will. */
  async #comeTo(place: LogPosition, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        const { position } = this
        if (!signal.aborted && position?.epoch === place.epoch && position.lsn < place.lsn) return
        this.#awaited.delete(look)
        signal.removeEventListener('abort', look)
        resolve()
      }
      this.#awaited.add(look)
      signal.addEventListener('abort', look, { once: true })
      look()
    })
    if (!signal.aborted && this.position?.epoch !== place.epoch)
      throw new PositionLost(`another history of ${this.source} has begun`)
  }
}

function stateOf(report: CaptureReport | undefined, isStale: boolean): CaptureState {
  if (!report) return nobody
  if (report.status !== 'streaming')
    return { isCaptured: false, reason: report.reason ?? 'the capture has stopped', report }
  if (isStale)
    return { isCaptured: false, reason: 'whoever captured it has not been heard of for a while', report }
  return { isCaptured: true, report }
}

const rest = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => {})
