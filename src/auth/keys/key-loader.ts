import { readFile } from 'node:fs/promises'
import type { AuthConfig } from '../../config/auth-config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { readGivenKeys } from './given-keys.ts'
import type { KeyStore } from './key-store.ts'
import { ensureKeys } from './rotation.ts'
import type { StoredKey } from './signing-key.ts'

/** Whether the operator gives the keys; otherwise they are in the gateway's database. */
export const areKeysGiven = ({ signingKey, signingKeyFile }: AuthConfig): boolean =>
  signingKey !== undefined || signingKeyFile !== undefined

/**
 * How a key ring reads its keys: from the environment, from a file, which is read anew each time so that it can be
 * replaced under a running gateway, or from the store, where the first gateway makes one.
 */
export function keyLoader(
  config: AuthConfig,
  store: KeyStore | undefined,
  now: () => number = Date.now,
): () => Promise<readonly StoredKey[]> {
  const { signingKey, signingKeyFile, signingAlgorithm: algorithm } = config
  if (signingKey) return () => readGivenKeys(signingKey.reveal(), 'AUTH_SIGNING_KEY')
  if (signingKeyFile)
    return async () =>
      readGivenKeys(await readKeyFile(signingKeyFile), `AUTH_SIGNING_KEY_FILE (${signingKeyFile})`)
  return async () => (store ? ensureKeys(store, { algorithm, now: now() }) : [])
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `AUTH_SIGNING_KEY_FILE cannot be read: ${(error as Error).message}`,
    )
  }
}
