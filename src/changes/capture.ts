import { setTimeout as pause } from 'node:timers/promises'
import type { SourceConfig } from '../config/source-config.ts'
import { planConnection } from '../database/connection-options.ts'
import {
  CaptureImpossible,
  type CaptureTiming,
  captureSession,
  explain,
  type SessionNews,
  type SessionOptions,
} from './capture-session.ts'
import { type ChangeLog, reportEveryMs } from './log/change-log.ts'
import type { CapturedTable } from './postgres/captured-table.ts'
import { defaultLimits, type TransactionLimits, TransactionReader } from './postgres/transaction-reader.ts'
import type { RememberedColumns } from './row-memory.ts'

/** How a source is being captured by this process. */
export interface CaptureStatus {
  readonly state: 'STARTING' | 'STREAMING' | 'STANDING_BY' | 'FAILED' | 'STOPPED'
  /** Why it is not streaming, for people. */
  readonly reason?: string
  readonly since: Date
  /** Bytes of the write-ahead log between the database's end and what the log holds. */
  readonly lagBytes?: number
  /** Tables whose changes do not come, and why. */
  readonly unwatched?: Readonly<Record<string, string>>
}

/** As much of pino as a capture needs. */
export interface CaptureLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface CaptureOptions {
  /** Its connection is the capture's, by a role that may replicate; `capture` names slot and publication. */
  readonly config: SourceConfig
  readonly tables: readonly CapturedTable[]
  readonly changes: Pick<ChangeLog, 'write'>
  /** Columns of which the log tells how they were before. Default none. */
  readonly remembered?: RememberedColumns
  readonly log: CaptureLog
  readonly timing?: Partial<CaptureTiming & RetryTiming>
  readonly limits?: TransactionLimits
}

/** In milliseconds. */
export interface RetryTiming {
  /** Between two tries; doubled with every failure. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** Between two looks at a database that only an operator can mend. */
  readonly impossibleMs: number
}

const defaultTiming: CaptureTiming & RetryTiming = {
  connectTimeoutMs: 10_000,
  statusMs: 1_000,
  pingMs: 10_000,
  silenceMs: 30_000,
  advanceMs: 1_000,
  watchMs: reportEveryMs,
  standByMs: 1_000,
  backoffMs: 250,
  backoffMaxMs: 5_000,
  impossibleMs: 10_000,
}

/**
 * Captures one source for as long as it lives: takes the slot when it is free, and tries again whatever breaks. Of all
 * who run, one captures and the others stand by.
 */
export class Capture implements AsyncDisposable {
  readonly source: string
  readonly #options: CaptureOptions
  readonly #timing: CaptureTiming & RetryTiming
  readonly #session: Omit<SessionOptions, 'tell' | 'signal' | 'formerPid'>
  readonly #stop = new AbortController()
  readonly #listeners = new Set<() => void>()
  #status: CaptureStatus = { state: 'STARTING', since: new Date() }
  #epoch: string | undefined
  #running: Promise<void> | undefined
  #failures = 0
  #pid: number | undefined

  /** @throws TributaryError CONFIG_INVALID when a certificate named in the URL cannot be read. */
  constructor(options: CaptureOptions) {
    const { config, tables, changes, timing, limits = defaultLimits, remembered = new Map() } = options
    const { capture } = config
    if (!capture) throw new Error(`${config.name} has no settings for its capture`)
    this.source = config.name
    this.#options = options
    this.#timing = { ...defaultTiming, ...timing }
    this.#session = {
      source: config.name,
      plan: planConnection({ ...config, url: capture.url }),
      names: { slot: capture.slot, publication: capture.publication, tables },
      reader: new TransactionReader(tables, limits),
      log: changes,
      remembered: { columns: remembered, plan: planConnection(config) },
      timing: this.#timing,
    }
  }

  get status(): CaptureStatus {
    return this.#status
  }

  /** Begins, and returns at once. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Calls the listener after every change, until the answer is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Writes down what has arrived, gives the slot back, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#become({ state: 'STOPPED' })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const error = await this.#turn()
      if (signal.aborted) return
      this.#become({ state: 'FAILED', reason: explain(error, this.#session.plan.address) })
      await pause(this.#patience(error instanceof CaptureImpossible), undefined, { signal }).catch(() => {})
    }
  }

  async #turn(): Promise<Error> {
    try {
      await captureSession({
        ...this.#session,
        signal: this.#stop.signal,
        tell: (news) => this.#hear(news),
        formerPid: this.#pid,
      })
      return new Error('Connection terminated')
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Twice as long after every failure, and never the same for two who failed together. */
  #patience(isImpossible: boolean): number {
    const { backoffMs, backoffMaxMs, impossibleMs } = this.#timing
    const longest = isImpossible ? impossibleMs : Math.min(backoffMaxMs, backoffMs * 2 ** this.#failures++)
    return longest * (0.5 + Math.random() / 2)
  }

  #hear(news: SessionNews): void {
    const { source } = this
    const { log } = this.#options
    switch (news.kind) {
      case 'warning':
        log.warn({ source }, `capture of ${source}: ${news.line}`)
        return
      case 'taken':
        this.#pid = news.pid ?? undefined
        return
      case 'standing-by':
        this.#become({ state: 'STANDING_BY', reason: `another has the slot (server process ${news.pid})` })
        return
      case 'streaming': {
        this.#failures = 0
        const { epoch, lagBytes, unwatched } = news
        if (this.#epoch !== undefined && this.#epoch !== epoch)
          log.warn({ source }, `capture of ${source}: a new history begins; whoever watches starts anew`)
        this.#epoch = epoch
        this.#tellUnwatched(unwatched)
        this.#become({ state: 'STREAMING', lagBytes, unwatched })
      }
    }
  }

  #tellUnwatched(unwatched: Readonly<Record<string, string>>): void {
    const { source } = this
    for (const [table, reason] of Object.entries(unwatched))
      if (this.#status.unwatched?.[table] !== reason)
        this.#options.log.warn(
          { source, table },
          `capture of ${source}: no changes of ${table} come: ${reason}`,
        )
  }

  #become(status: Omit<CaptureStatus, 'since'>): void {
    const { state, reason, since } = this.#status
    const isOther = status.state !== state
    this.#status = { ...status, since: isOther ? new Date() : since }
    if (isOther || status.reason !== reason) {
      const { source } = this
      const line = `capture of ${source}: ${statement(status)}`
      this.#options.log[status.state === 'FAILED' ? 'warn' : 'info']({ source }, line)
    }
    for (const listener of this.#listeners) listener()
  }
}

function statement({ state, reason }: Omit<CaptureStatus, 'since'>): string {
  switch (state) {
    case 'STARTING':
      return 'starting'
    case 'STREAMING':
      return 'streaming'
    case 'STANDING_BY':
      return `standing by; ${reason}`
    case 'FAILED':
      return `not possible now: ${reason}`
    case 'STOPPED':
      return 'stopped'
  }
}
