import { type CryptoKey, importJWK, type JWK } from 'jose'

/** What a key must be, for each algorithm: nothing may be signed by one kind of key and checked as another. */
const kinds: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
}

const minRsaBytes = 2048 / 8

/** Members that only a private or shared key has; whoever publishes one has lost it. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Whether a published key may check signatures of the algorithm. */
export function fits(jwk: JWK, algorithm: string): boolean {
  const kind = kinds[algorithm]
  return (
    kind !== undefined &&
    jwk.kty === kind.kty &&
    (kind.crv === undefined || jwk.crv === kind.crv) &&
    (jwk.alg === undefined || jwk.alg === algorithm || (algorithm === 'EdDSA' && jwk.alg === 'Ed25519')) &&
    (jwk.use === undefined || jwk.use === 'sig') &&
    (!Array.isArray(jwk.key_ops) || jwk.key_ops.includes('verify')) &&
    !privateMembers.some((name) => Object.hasOwn(jwk, name)) &&
    (kind.kty !== 'RSA' || isStrongRsa(jwk))
  )
}

function isStrongRsa({ n, e }: JWK): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false
  const exponent = Buffer.from(e, 'base64url')
  return Buffer.from(n, 'base64url').length >= minRsaBytes && !exponent.equals(Buffer.from([1]))
}

/** The key ready for use; undefined where it is none. */
export async function importPublished(jwk: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  try {
    const { kty, crv, n, e, x, y } = jwk
    const members = Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => value !== undefined)
    return (await importJWK(Object.fromEntries(members) as unknown as JWK, algorithm)) as CryptoKey
  } catch {
    return undefined
  }
}
