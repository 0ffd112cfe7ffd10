import { createLocalJWKSet, type JWK } from 'jose'

/** Longer lists are not read, in bytes. */
const maxBytes = 256 * 1024
const maxKeys = 100

/** A failure to read an issuer's keys, told without what the issuer sent. */
export class KeysUnreadable extends Error {
  override readonly name = 'KeysUnreadable'
}

/**
 * The keys that an issuer publishes. Redirections are not followed: the address in the configuration is the one that
 * is trusted.
 *
 * @throws KeysUnreadable, or what `fetch` throws.
 */
export async function fetchKeys(address: string, signal: AbortSignal): Promise<readonly JWK[]> {
  const response = await fetch(address, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal,
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new KeysUnreadable(`the answer has status ${response.status}`)
  }
  return keysOf(await readText(response))
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new KeysUnreadable('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function keysOf(text: string): readonly JWK[] {
  let keys: readonly JWK[] | undefined
  try {
    const set = JSON.parse(text)
    createLocalJWKSet(set)
    keys = set.keys
  } catch {
    throw new KeysUnreadable('the answer is no JWK Set')
  }
  if (!keys || keys.length > maxKeys) throw new KeysUnreadable('the answer has too many keys')
  return keys
}
