/**
 * The life of the shared keys: published, active, retiring, gone.
 *
 * A new key that signed at once would be refused by whoever still keeps yesterday's list, so it is published first
 * and signs when every list is newer than it. Its predecessor goes on verifying until the last token that it may
 * have signed has expired. At every moment exactly one key is the one to sign with: the youngest active one.
 */
import type { KeyStore } from './key-store.ts'
import { generateKey, publishAhead, type SigningAlgorithm, type StoredKey } from './signing-key.ts'

export interface RotationOptions {
  readonly algorithm: SigningAlgorithm
  /** Seconds that the longest-lived token is good for, clock tolerance included. */
  readonly longestLifetime: number
  /** Whether the old keys are lost to somebody: the new one signs now, and no other is believed from now on. */
  readonly compromised?: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

const isLive = (now: number) => (key: StoredKey) => key.retiresAt === null || key.retiresAt.getTime() > now

/** The keys, after making the first one where there is none. Replicas that start together make one. */
export async function ensureKeys(
  store: KeyStore,
  { algorithm, now }: { algorithm: SigningAlgorithm; now: number },
): Promise<readonly StoredKey[]> {
  const keys = await store.list()
  if (keys.some(isLive(now))) return keys
  return store.exclusively(async (locked) => {
    if (!(await locked.list()).some(isLive(now))) {
      const at = new Date(now)
      await locked.insert(await generateKey(algorithm, { createdAt: at, activatesAt: at }))
    }
    return locked.list()
  })
}

/** Adds a key, and retires the others. */
export function rotateKeys(store: KeyStore, options: RotationOptions): Promise<StoredKey> {
  const { algorithm, longestLifetime, compromised = false, now } = options
  return store.exclusively(async (locked) => {
    const live = (await locked.list()).filter(isLive(now))
    const ahead = compromised || live.length === 0 ? 0 : publishAhead
    const activatesAt = new Date(now + ahead * 1000)
    const retiresAt = new Date(activatesAt.getTime() + (compromised ? 0 : longestLifetime * 1000))
    const key = await generateKey(algorithm, { createdAt: new Date(now), activatesAt })
    for (const { kid, retiresAt: already } of live)
      if (already === null || already > retiresAt) await locked.retire(kid, retiresAt)
    await locked.insert(key)
    await locked.prune(new Date(now))
    return key
  })
}
