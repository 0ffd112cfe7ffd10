/*
 * Keeps an eye on one database for as long as it is configured: connects, has it looked at, then beats until the
 * connection is lost or somebody says that it failed, and begins again.
 *
 * Retries back off from `backoffMs` to `backoffMaxMs`, each shortened at random by up to a half, so that a fleet of
 * gateways does not knock in step. The first one after a while of peace comes at once: what failed may have been a
 * single connection. One that follows a short peace does not: a database that lets us in and then refuses to work
 * would be called in a loop. The time for connecting grows likewise, so that a slow link is not taken for a dead one
 * for ever.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Probe, ProbeOptions } from './probe.ts'
import type { Timing } from './timing.ts'

export interface WatchOptions {
  readonly timing: Timing
  connect(options: ProbeOptions): Promise<Probe>
  /** Looks at the database, within the time. @throws Error when it cannot be used. */
  joined(probe: Probe, timeoutMs: number): Promise<void>
  /** Comes every `heartbeatMs` while the connection lives. @throws Error when it does not answer. */
  beat(probe: Probe): Promise<void>
  /** It cannot be reached or used, for this reason. */
  left(error: Error): void
  /** Whether trying again soon is of no use. */
  isLasting(error: Error): boolean
}

export class Watch implements AsyncDisposable {
  readonly #options: WatchOptions
  readonly #stopping = new AbortController()
  readonly #decided = Promise.withResolvers<void>()
  #interruption = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** Resolves when the first try has succeeded or failed; never rejects. */
  start(): Promise<void> {
    this.#running ??= this.#run()
    return this.#decided.promise
  }

  /** The database failed a statement: connects again at once, to see whether it is there. */
  interrupt(error: Error): void {
    this.#interruption.abort(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('The watch is over'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { left, timing } = this.#options
    for (let failures = 0; !signal.aborted; failures++) {
      const began = performance.now()
      const error = await this.#session(failures)
      if (signal.aborted) break
      left(error)
      this.#decided.resolve()
      if (performance.now() - began > timing.backoffMaxMs + timing.probeTimeoutMs) failures = 0
      await pause(this.#backoff(failures, error), undefined, { signal }).catch(() => {})
    }
    this.#decided.resolve()
  }

  /** From connecting to the end of the connection, which it answers. */
  async #session(failures: number): Promise<Error> {
    const { connect, joined, beat, timing } = this.#options
    this.#interruption = new AbortController()
    const { signal: stopping } = this.#stopping
    try {
      const timeoutMs = Math.min(timing.probeTimeoutMs * 2 ** failures, timing.probeTimeoutMaxMs)
      await using probe = await connect({ timeoutMs, signal: stopping })
      const ended = AbortSignal.any([stopping, probe.lost, this.#interruption.signal])
      await joined(probe, timeoutMs)
      this.#decided.resolve()
      for (;;) {
        await pause(timing.heartbeatMs, undefined, { signal: ended }).catch(() => ended.throwIfAborted())
        await beat(probe)
      }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  #backoff(failures: number, error: Error): number {
    const { isLasting, timing } = this.#options
    const longest = timing.backoffMaxMs
    if (failures === 0 && !isLasting(error)) return 0
    const delay = isLasting(error) ? longest : Math.min(timing.backoffMs * 2 ** (failures - 1), longest)
    return delay * (0.5 + Math.random() / 2)
  }
}
