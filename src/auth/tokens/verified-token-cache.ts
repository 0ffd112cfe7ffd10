import { hash } from 'node:crypto'
import type { Judgement } from './token-strategy.ts'

/**
 * Judgements of tokens that were found good, the least used dropped first. A token itself is not kept, but its
 * SHA-256. What a judgement rests on (time, key, revocations) is for the caller to ask at each use.
 */
export class VerifiedTokenCache {
  readonly #judgements = new Map<string, Judgement>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  get size(): number {
    return this.#judgements.size
  }

  get(text: string): Judgement | undefined {
    const key = digest(text)
    const judgement = this.#judgements.get(key)
    if (judgement) {
      this.#judgements.delete(key)
      this.#judgements.set(key, judgement)
    }
    return judgement
  }

  set(text: string, judgement: Judgement): void {
    this.#judgements.set(digest(text), judgement)
    const [oldest] = this.#judgements.keys()
    if (this.#judgements.size > this.#size && oldest !== undefined) this.#judgements.delete(oldest)
  }

  delete(text: string): void {
    this.#judgements.delete(digest(text))
  }
}

const digest = (text: string) => hash('sha256', text, 'base64')
