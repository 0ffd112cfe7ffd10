/*
 * How a process that runs for long is asked to stop: Ctrl-C, SIGTERM, or a terminal that was closed.
 *
 * One Ctrl-C comes twice where npm has started us: from the terminal, which signals everyone in it, and from npm, which
 * passes on what it has got itself. To die of the second signal, as is usual, would leave Postgres running every time.
 * So signals that follow the first within a moment are taken for the same, and only a later one for impatience.
 */
import { once } from 'node:events'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Milliseconds in which a second signal is still the first. */
const echo = 500

/** Listens for signals as long as the process lives. */
export class StopRequest {
  readonly #asked = new AbortController()
  readonly #hurried = new AbortController()
  #askedAt = 0

  constructor() {
    for (const signal of signals) process.on(signal, () => this.#receive())
  }

  /** Aborted when the process is asked to stop, for a start that can be broken off. */
  get signal(): AbortSignal {
    return this.#asked.signal
  }

  /** Whether the process was asked to stop. */
  get isAsked(): boolean {
    return this.signal.aborted
  }

  /** Resolves when the process is asked to stop. */
  asked(): Promise<void> {
    return aborted(this.signal)
  }

  /** Resolves when it is asked again, a moment later. */
  hurried(): Promise<void> {
    return aborted(this.#hurried.signal)
  }

  #receive(): void {
    if (!this.isAsked) {
      this.#askedAt = performance.now()
      this.#asked.abort()
    } else if (performance.now() - this.#askedAt > echo) this.#hurried.abort()
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
