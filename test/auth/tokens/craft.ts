import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'

/** A key pair of an issuer, with the name that it goes by. */
export interface Pair {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const ed25519 = (kid: string): Pair => ({ kid, ...generateKeyPairSync('ed25519') })
export const p256 = (kid: string): Pair => ({ kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) })
export const rsa = (kid: string, modulusLength = 2048): Pair => ({
  kid,
  ...generateKeyPairSync('rsa', { modulusLength }),
})

/** A public key as its issuer publishes it. */
export const published = ({ kid, publicKey }: Pair, members: object = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  ...members,
})

/** How a signature is made; a secret's text or bytes for HS256. */
export type Signer = { readonly alg: string; readonly key: KeyObject | string | Buffer } | undefined

/** The signature's bytes; none without a signer. */
export function signature(input: string, signer: Signer): Buffer {
  if (signer === undefined) return Buffer.alloc(0)
  const { alg, key } = signer
  if (typeof key === 'string' || Buffer.isBuffer(key))
    return createHmac(`sha${alg.slice(2)}`, key)
      .update(input)
      .digest()
  const bytes = Buffer.from(input)
  if (alg === 'EdDSA') return signBytes(null, bytes, key)
  if (alg === 'ES256') return signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
  return signBytes('sha256', bytes, key)
}

const base64url = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token of any header and claims, which may be texts that are not JSON. */
export function craft(header: object | string, claims: object | string, signer: Signer): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${signature(input, signer).toString('base64url')}`
}

/** An object without some of its members. */
export const without = (object: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
