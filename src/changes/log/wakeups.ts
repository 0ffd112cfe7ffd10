/** Those who wait for something to read, by what they read. */
export class Wakeups {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** Whether anybody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Until somebody wakes those who wait for the name, or the signal ends it. */
  wait(name: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const set = this.#waiting.get(name) ?? new Set()
      this.#waiting.set(name, set)
      const done = () => {
        signal.removeEventListener('abort', done)
        set.delete(done)
        if (set.size === 0 && this.#waiting.get(name) === set) this.#waiting.delete(name)
        resolve()
      }
      set.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  wake(name: string): void {
    for (const wake of [...(this.#waiting.get(name) ?? [])]) wake()
  }

  wakeAll(): void {
    for (const name of [...this.#waiting.keys()]) this.wake(name)
  }
}
