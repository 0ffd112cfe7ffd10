import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK_EC_Private,
  type JWK_EC_Public,
  type JWK_OKP_Private,
  type JWK_OKP_Public,
} from 'jose'

export type SigningAlgorithm = 'EdDSA' | 'ES256'
export type PrivateJwk = JWK_OKP_Private | JWK_EC_Private
export type PublicJwk = JWK_OKP_Public | JWK_EC_Public

/** A key as it is kept. */
export interface StoredKey {
  /** Its name in tokens: the RFC 7638 thumbprint. */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** null: a key that verifies and never signs. */
  readonly privateJwk: PrivateJwk | null
  readonly publicJwk: PublicJwk
  readonly createdAt: Date
  /** From when on it signs. It is published before, so that it is known everywhere by then. */
  readonly activatesAt: Date
  /** From when on it is neither published nor believed; null while no successor is there. */
  readonly retiresAt: Date | null
}

/** A key ready for use. */
export interface SigningKey {
  readonly stored: StoredKey
  readonly privateKey: CryptoKey | null
  readonly publicKey: CryptoKey
}

const minute = 60

/** How long clients may keep the published keys, in seconds. */
export const publishedKeysMaxAge = 5 * minute

/** How long a new key is published before it signs, in seconds: the clients' age, and the replicas' own looking. */
export const publishAhead = publishedKeysMaxAge + 2 * minute

/** A new key. */
export async function generateKey(
  algorithm: SigningAlgorithm,
  { createdAt, activatesAt }: { createdAt: Date; activatesAt: Date },
): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = (await exportJWK(privateKey)) as PrivateJwk
  return { ...(await describeKey(jwk, algorithm)), createdAt, activatesAt, retiresAt: null }
}

/** Name, algorithm and halves of a key. */
export async function describeKey(
  jwk: PrivateJwk | PublicJwk,
  algorithm: SigningAlgorithm,
): Promise<Pick<StoredKey, 'kid' | 'algorithm' | 'privateJwk' | 'publicJwk'>> {
  const { d, ...rest } = jwk as PrivateJwk
  const kid = await calculateJwkThumbprint(rest)
  const publicJwk = { ...rest, kid, alg: algorithm, use: 'sig' } as PublicJwk
  return {
    kid,
    algorithm,
    publicJwk,
    privateJwk: d === undefined ? null : ({ ...publicJwk, d } as PrivateJwk),
  }
}

/** Makes a kept key ready for use. */
export async function importKey(stored: StoredKey): Promise<SigningKey> {
  const { algorithm, privateJwk, publicJwk } = stored
  return {
    stored,
    privateKey: privateJwk && ((await importJWK(privateJwk, algorithm)) as CryptoKey),
    publicKey: (await importJWK(publicJwk, algorithm)) as CryptoKey,
  }
}
