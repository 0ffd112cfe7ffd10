import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { TributaryError } from '../../errors/tributary-error.ts'
import {
  describeKey,
  type PrivateJwk,
  type PublicJwk,
  type SigningAlgorithm,
  type StoredKey,
} from './signing-key.ts'

const epoch = new Date(0)

/**
 * Keys that the operator gives as text: a PEM, a JWK, or a JWK Set of which the first signs and the others verify
 * what they once signed.
 *
 * @param text The keys. A PEM may have `\n` for its line ends, as environment variables do.
 * @param name The variable or file, for messages.
 * @throws TributaryError CONFIG_INVALID, without any part of the text.
 */
export async function readGivenKeys(text: string, name: string): Promise<readonly StoredKey[]> {
  const invalid = (why: string) => new TributaryError('CONFIG_INVALID', `${name} ${why}.`)
  const keys = keyObjects(text)
  if (!keys) throw invalid('holds neither a PEM nor a JWK nor a JWK Set that can be read')
  if (keys[0]?.type !== 'private') throw invalid('begins with no private key')
  return Promise.all(
    keys.map(async (key, index) => {
      const algorithm = algorithmOf(key)
      if (!algorithm) throw invalid('holds a key that is neither Ed25519 nor P-256')
      const jwk = key.export({ format: 'jwk' }) as PrivateJwk | PublicJwk
      const described = await describeKey(jwk, algorithm)
      const privateJwk = index === 0 ? described.privateJwk : null
      return { ...described, privateJwk, createdAt: epoch, activatesAt: epoch, retiresAt: null }
    }),
  )
}

function keyObjects(text: string): KeyObject[] | undefined {
  try {
    if (!text.trimStart().startsWith('{')) return [createPrivateKey(text.replaceAll('\\n', '\n'))]
    const json = JSON.parse(text) as JsonWebKey & { keys?: JsonWebKey[] }
    return (json.keys ?? [json]).map((key) =>
      key.d === undefined
        ? createPublicKey({ key, format: 'jwk' })
        : createPrivateKey({ key, format: 'jwk' }),
    )
  } catch {
    return undefined
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ES256' : undefined
}
