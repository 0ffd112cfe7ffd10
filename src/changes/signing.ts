import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Cursors } from './cursor.ts'
import type { ChangeLog } from './log/change-log.ts'

/** Between two questions to a log that does not answer, in milliseconds. */
const retryMs = 100

/**
 * Has cursors signed with the secret of the log that they are of, so that they are good at every replica.
 *
 * A log that cannot be reached when the process starts is asked until it answers; until then nothing may be told out of
 * it, for the cursors would be strangers everywhere else.
 */
export class Signing implements AsyncDisposable {
  readonly cursors = new Cursors(randomBytes(32))
  readonly #log: ChangeLog
  readonly #stop = new AbortController()
  #isKnown = false
  #asking: Promise<void> | undefined

  constructor(log: ChangeLog) {
    this.#log = log
  }

  /** Whether cursors are the log's. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Asks for the secret, which may be another after the log has been lost. Resolves after the first attempt. */
  async ask(): Promise<void> {
    if (await this.#attempt()) return
    this.#asking ??= this.#keepAsking().finally(() => {
      this.#asking = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#asking
  }

  async #attempt(): Promise<boolean> {
    const secret = await this.#log.secret().catch(() => undefined)
    if (!secret) return false
    this.cursors.signWith(secret)
    this.#isKnown = true
    return true
  }

  async #keepAsking(): Promise<void> {
    const { signal } = this.#stop
    do await pause(retryMs, undefined, { signal }).catch(() => {})
    while (!signal.aborted && !(await this.#attempt()))
  }
}
