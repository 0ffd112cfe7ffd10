import type { CryptoKey } from 'jose'
import type { Secret } from '../../config/secret.ts'

/** A shared secret as an HS256 key that cannot be read out again. */
export const importSecret = (secret: Secret): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret.reveal()),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  )
