/*
 * The keys of an outside issuer, kept in memory.
 *
 * A plain cache is wrong at both ends: one that is long believes a key that the issuer has withdrawn, one that is
 * short refuses everybody while the issuer is down. So what is known has two ages. Past the first it is asked for
 * again before it is used; when the issuer then does not answer, what is known serves on, up to the second age. An
 * answer replaces all that is known: a key that is not in it is gone at once.
 *
 * Tokens may name keys that nobody knows, and each could make the gateway ask the issuer: one question at a time,
 * and none sooner than `retryMs` after the last, whatever is asked for and whatever came of it.
 */
import type { CryptoKey, JWK } from 'jose'
import type { Logger } from 'pino'
import type { VerificationKeys } from '../tokens/token-strategy.ts'
import { fetchKeys } from './fetch-keys.ts'
import { fits, importPublished } from './published-key.ts'

export interface PublishedKeysOptions {
  readonly issuer: string
  /** Where the issuer publishes its keys. */
  readonly address: string
  readonly log: Logger
  /** Age in milliseconds past which keys are asked for again. Default 300,000. */
  readonly freshMs?: number
  /** Age in milliseconds up to which keys serve while the issuer does not answer. Default 86,400,000. */
  readonly staleMs?: number
  /** Milliseconds between two questions at least. Default 10,000. */
  readonly retryMs?: number
  /** Milliseconds that an answer may take. Default 5,000. */
  readonly timeoutMs?: number
  /** The clock, in milliseconds. */
  readonly now?: () => number
}

interface PublishedKey {
  readonly jwk: JWK
  /** Members in a fixed order: tells whether it is the same key in the next answer. */
  readonly identity: string
  /** Ready for use, by algorithm; made when first needed. */
  readonly ready: Map<string, Promise<CryptoKey | undefined>>
}

export class PublishedKeys implements VerificationKeys {
  readonly #options: Required<PublishedKeysOptions>
  #keys: readonly PublishedKey[] = []
  #answeredAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #failed = false
  #asking: Promise<void> | undefined

  constructor(options: PublishedKeysOptions) {
    this.#options = {
      freshMs: 300_000,
      staleMs: 86_400_000,
      retryMs: 10_000,
      timeoutMs: 5_000,
      now: () => performance.now(),
      ...options,
    }
  }

  /** The key of a name; without a name, the only one that fits the algorithm. Two of one name are none. */
  async find(kid: string | undefined, algorithm: string): Promise<CryptoKey | undefined> {
    const { freshMs, staleMs } = this.#options
    if (this.#age() > freshMs) {
      const asked = this.#ask()
      // While the issuer is known to be down, nobody waits for it.
      if (!this.#failed || this.#age() > staleMs) await asked
    }
    const found = this.#match(kid, algorithm)
    if (found.length === 0) await this.#ask()
    const [key, ...others] = found.length > 0 ? found : this.#match(kid, algorithm)
    if (!key || others.length > 0 || this.#age() > staleMs) return undefined
    const known = key.ready.get(algorithm)
    if (known) return known
    const ready = importPublished(key.jwk, algorithm)
    key.ready.set(algorithm, ready)
    return ready
  }

  #age(): number {
    return this.#options.now() - this.#answeredAt
  }

  #match(kid: string | undefined, algorithm: string): PublishedKey[] {
    const named = kid === undefined ? this.#keys : this.#keys.filter(({ jwk }) => jwk.kid === kid)
    return named.filter(({ jwk }) => fits(jwk, algorithm))
  }

  /** Asks the issuer, unless it was asked just now. Never fails. */
  #ask(): Promise<void> {
    const { now, retryMs } = this.#options
    if (this.#asking) return this.#asking
    if (now() - this.#askedAt < retryMs) return Promise.resolve()
    this.#askedAt = now()
    this.#asking = this.#fetch().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #fetch(): Promise<void> {
    const { address, issuer, log, now, timeoutMs } = this.#options
    try {
      const answer = await fetchKeys(address, AbortSignal.timeout(timeoutMs))
      const known = new Map(this.#keys.map((key) => [key.identity, key]))
      this.#keys = answer.map((jwk) => {
        const identity = JSON.stringify(Object.entries(jwk).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        return known.get(identity) ?? { jwk, identity, ready: new Map() }
      })
      this.#answeredAt = now()
      this.#failed = false
    } catch (error) {
      this.#failed = true
      log.warn({ issuer, err: error }, 'the keys of an outside issuer cannot be read')
    }
  }
}
