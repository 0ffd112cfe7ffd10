import { compactVerify } from 'jose'
import type { CompactToken } from './compact-token.ts'
import { demand } from './rejection.ts'
import type { VerificationKeys } from './token-strategy.ts'

export interface SignatureRules {
  readonly keys: VerificationKeys
  /** What the issuer may sign with; the token has no say in it. */
  readonly algorithms: readonly string[]
}

/**
 * Checks a token's signature by its issuer's keys.
 *
 * @returns whether the key is believed still, to be asked later.
 * @throws Rejection, or an error of jose's.
 */
export async function checkSignature(
  { text, header: { alg, kid } }: CompactToken,
  { keys, algorithms }: SignatureRules,
): Promise<() => Promise<boolean>> {
  demand(algorithms.includes(alg), 'its alg is not one of its issuer’s')
  const key = await keys.find(kid, alg)
  demand(key !== undefined, 'its key is not known')
  await compactVerify(text, key, { algorithms: [alg] })
  return async () => (await keys.find(kid, alg)) === key
}
