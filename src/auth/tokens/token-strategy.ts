import type { CryptoKey } from 'jose'
import type { CompactToken } from './compact-token.ts'
import type { VerifiedToken } from './verified-token.ts'

/** One kind of issuer. Which of several judges a token is settled by the token's `iss`; no second one is asked. */
export interface TokenStrategy {
  /** Whether a token that has this `iss` (undefined: none) is this one's to judge. */
  judges(issuer: unknown): boolean
  /**
   * Checks a token: algorithm, key, signature, claims.
   *
   * @throws Rejection, or an error of jose's.
   */
  verify(token: CompactToken): Promise<Judgement>
}

export interface Judgement {
  readonly token: VerifiedToken
  /** Whether the key that proved the token is believed still. Asked at each further use. */
  readonly stillHolds: () => Promise<boolean>
}

/** Where keys are looked up by name. The same object comes back for as long as the key is believed. */
export interface VerificationKeys {
  find(kid: string | undefined, algorithm: string): Promise<CryptoKey | undefined>
}
