export interface ShortCacheOptions {
  /** Entries at most. Default 5,000. */
  readonly size?: number
  /** The clock, in milliseconds. */
  readonly now?: () => number
}

/** Values that serve for a moment; the oldest go first where there are too many. */
export class ShortCache<V> {
  readonly #lifetime: number
  readonly #size: number
  readonly #now: () => number
  readonly #entries = new Map<string, { readonly value: V; readonly until: number }>()

  /** @param lifetime Milliseconds. */
  constructor(lifetime: number, { size = 5_000, now = () => performance.now() }: ShortCacheOptions = {}) {
    this.#lifetime = lifetime
    this.#size = size
    this.#now = now
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (entry.until > this.#now()) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: this.#now() + this.#lifetime })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#size) break
      this.#entries.delete(oldest)
    }
  }
}
