/** Bounds of a cache that is keyed by documents. */
export interface DocumentCacheOptions {
  /** Documents kept at most. Default 1,000. */
  readonly maxDocuments?: number
  /** Longest document that is kept, in characters. Default 20,000. */
  readonly maxLength?: number
}

/**
 * Remembers what was made of the documents used last. Long ones are not kept: a request body may hold a
 * megabyte, and a thousand such would fill the memory.
 */
export class DocumentCache<T> {
  readonly #entries = new Map<string, T>()
  readonly #maxDocuments: number
  readonly #maxLength: number

  constructor({ maxDocuments = 1000, maxLength = 20_000 }: DocumentCacheOptions = {}) {
    this.#maxDocuments = maxDocuments
    this.#maxLength = maxLength
  }

  get(document: string): T | undefined {
    const value = this.#entries.get(document)
    if (value === undefined) return undefined
    this.#entries.delete(document)
    this.#entries.set(document, value)
    return value
  }

  set(document: string, value: T): void {
    if (document.length > this.#maxLength) return
    this.#entries.delete(document)
    this.#entries.set(document, value)
    if (this.#entries.size <= this.#maxDocuments) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
}
