import { type CryptoKey, SignJWT } from 'jose'
import type { Secret } from '../../config/secret.ts'
import { importSecret } from './secret-key.ts'

/** Seconds that a token is good for, and that it is left unused at its end. */
const lifetime = 5 * 60
const reserve = 30

interface Held {
  readonly token: Promise<string>
  /** Seconds since 1970 from which on another is signed. */
  readonly until: number
}

export interface LabelerTokensOptions {
  readonly secret: Secret
  /** People at most whose tokens are kept. Default 10,000. */
  readonly size?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

/**
 * The tokens by which the Labeler's API is called on behalf of a person: HS256 as the platform's own backend makes
 * them, signed once and used again until shortly before they expire.
 */
export class LabelerTokens {
  readonly #secret: Secret
  readonly #size: number
  readonly #now: () => number
  readonly #held = new Map<number, Held>()
  #key: Promise<CryptoKey> | undefined

  constructor({ secret, size = 10_000, now = Date.now }: LabelerTokensOptions) {
    this.#secret = secret
    this.#size = size
    this.#now = now
  }

  /** A token in the name of a user. */
  of(user: number): Promise<string> {
    const seconds = Math.floor(this.#now() / 1000)
    const known = this.#held.get(user)
    if (known && known.until > seconds) return known.token
    const made = { token: this.#sign(user, seconds), until: seconds + lifetime - reserve }
    this.#held.delete(user)
    this.#held.set(user, made)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.#size) break
      this.#held.delete(oldest)
    }
    return made.token
  }

  async #sign(user: number, iat: number): Promise<string> {
    this.#key ??= importSecret(this.#secret)
    return new SignJWT({
      sub: String(user),
      service: 'platform',
      scopes: ['labeler:read'],
      type: 'service',
      iat,
      nbf: iat,
      exp: iat + lifetime,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(await this.#key)
  }
}
