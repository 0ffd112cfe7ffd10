import type { Clock } from '../../src/server/clock.ts'

/** A clock that stands still until it is set forward. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 10, 1)
  readonly #waiting = new Map<() => void, number>()

  now(): number {
    return this.#now
  }

  after(milliseconds: number, callback: () => void): () => void {
    const entry = () => callback()
    this.#waiting.set(entry, this.#now + milliseconds)
    return () => this.#waiting.delete(entry)
  }

  /** How many wait for it. */
  get pending(): number {
    return this.#waiting.size
  }

  /** Sets it forward; what falls due on the way is called back in order. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds
    for (;;) {
      const [next] = [...this.#waiting].filter(([, at]) => at <= until).sort(([, a], [, b]) => a - b)
      if (!next) break
      const [callback, at] = next
      this.#waiting.delete(callback)
      this.#now = Math.max(this.#now, at)
      callback()
    }
    this.#now = until
  }
}
