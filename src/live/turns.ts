/** Work that is done one after the other: at once where nothing is under way, and without waiting where it need not. */
export class Turns {
  readonly #waiting: (() => void | Promise<void>)[] = []
  readonly #onError: (error: unknown) => void
  #isTaken = false

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  take(work: () => void | Promise<void>): void {
    this.#waiting.push(work)
    if (!this.#isTaken) this.#next()
  }

  #next(): void {
    this.#isTaken = true
    for (let work = this.#waiting.shift(); work; work = this.#waiting.shift()) {
      try {
        const done = work()
        if (!(done instanceof Promise)) continue
        void done.catch(this.#onError).finally(() => this.#next())
        return
      } catch (error) {
        this.#onError(error)
      }
    }
    this.#isTaken = false
  }
}
