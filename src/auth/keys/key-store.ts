import type { StoredKey } from './signing-key.ts'

/** Where keys are kept that replicas share. */
export interface KeyStore {
  /** The keys, oldest first; those that have retired may be among them. */
  list(): Promise<readonly StoredKey[]>
  insert(key: StoredKey): Promise<void>
  /** Says from when on a key is no longer believed. */
  retire(kid: string, at: Date): Promise<void>
  /** Forgets the keys that retired before then. */
  prune(before: Date): Promise<void>
  /** Does the work while no other process does any under the same lock: all of it, or nothing after an error. */
  exclusively<T>(work: (store: KeyStore) => Promise<T>): Promise<T>
}
