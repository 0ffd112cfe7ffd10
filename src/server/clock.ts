/** The time, which tests tell otherwise. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /**
   * Calls back once, after so many milliseconds.
   *
   * @returns what calls it off.
   */
  after(milliseconds: number, callback: () => void): () => void
}

/** What Node's timers can wait at most: 24.8 days. They take more for nothing. */
const longest = 2 ** 31 - 1

/** The real time. Waiting for it keeps no process alive. */
export const systemClock: Clock = {
  now: Date.now,
  after(milliseconds, callback) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const next = left > longest ? () => wait(left - longest) : callback
      timer = setTimeout(next, Math.min(left, longest)).unref()
    }
    wait(milliseconds)
    return () => clearTimeout(timer)
  },
}
