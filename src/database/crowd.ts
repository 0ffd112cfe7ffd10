/**
 * When to send what has been gathered for one statement: at once for those who come alone. Where a statement has just
 * served several, more of them are on their way, and are waited for a moment.
 */
export class Crowd {
  readonly #gatherMs: number
  #cameAt = Number.NEGATIVE_INFINITY

  /** @param gatherMs How long those who come in crowds are gathered, in milliseconds. */
  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs
  }

  /** A statement is sent for so many. */
  serve(number: number): void {
    if (number > 1) this.#cameAt = performance.now()
  }

  /** Sends when it is time, never at once. */
  soon(send: () => void): void {
    const rest = this.#cameAt + this.#gatherMs - performance.now()
    if (rest > 0) setTimeout(send, rest)
    else setImmediate(send)
  }
}
