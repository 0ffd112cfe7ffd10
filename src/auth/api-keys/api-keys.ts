/*
 * API keys of the systems that issue their own, opaque and stored by their owners as SHA-256 in hexadecimal.
 *
 * A key is looked up by its hash alone, so the key itself goes no further than this file, and the time of a lookup
 * tells nothing of how much of a key was right. What was found is kept for half a minute at the most: that long may a
 * key live on that its owner revokes; one that is revoked here is forgotten at once. What was not found is not kept.
 * What outlives a request is not left that long: the keys of all open sockets are looked at again every second, in one
 * statement, and forgotten with their sockets.
 *
 * Whatever is wrong with a key, the answer is the same.
 */
import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { CredentialStrategy } from '../authenticate.ts'
import type { KeyPrincipal } from '../principal.ts'
import { unauthenticated } from '../tokens/verify-token.ts'

/** A kind of API key: how it is told from other credentials, and how its owner keeps it. */
export interface ApiKeyKind {
  /** For the log. */
  readonly name: string
  /** Whether a credential has the form of such a key. */
  recognises(credential: string): boolean
  /** Whether its owner takes it without `Bearer` as well. Default false. */
  readonly isBare?: boolean
  /**
   * Finds who a key stands for.
   *
   * @param hash SHA-256 of the key, in hexadecimal of small letters.
   * @returns null where the key is unknown, revoked, expired, or whoever it belongs to is locked.
   * @throws TributaryError the code of a source that had to be asked.
   */
  lookUp(hash: string): Promise<KeyPrincipal | null>
  /** Those of the keys, by their hashes, that would be found. */
  opening(hashes: readonly string[]): Promise<readonly string[]>
}

export interface ApiKeysOptions {
  readonly kind: ApiKeyKind
  readonly log: Logger
  /** How long what was found serves, in milliseconds; 60,000 at most. Default 30,000. */
  readonly freshMs?: number
  /** Between two looks at the keys of what outlives a request, in milliseconds. Default 1,000. */
  readonly lookEveryMs?: number
  /** Keys at most that are remembered. Default 10,000. */
  readonly size?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
  /** Calls back again and again, after so many milliseconds each; returns what ends it. */
  readonly every?: (milliseconds: number, callback: () => void) => () => void
}

interface Entry {
  readonly asked: Promise<KeyPrincipal | null>
  readonly askedAt: number
  /** Once it is known. */
  principal?: KeyPrincipal
}

const timer = (milliseconds: number, callback: () => void): (() => void) => {
  const interval = setInterval(callback, milliseconds).unref()
  return () => clearInterval(interval)
}

/** The API keys of one kind, as credentials in the Authorization header. */
export class ApiKeys implements CredentialStrategy {
  readonly #options: Required<ApiKeysOptions>
  readonly #entries = new Map<string, Entry>()
  readonly #hashes = new WeakMap<KeyPrincipal, string>()
  /** Who is to be told that a key does not open any more, by its hash. */
  readonly #watched = new Map<string, Set<() => void>>()
  #endTimer = () => {}
  #look: 'none' | 'under way' | 'to be done again' = 'none'

  constructor(options: ApiKeysOptions) {
    this.#options = {
      freshMs: 30_000,
      lookEveryMs: 1_000,
      size: 10_000,
      now: Date.now,
      every: timer,
      ...options,
    }
  }

  get isBare(): boolean | undefined {
    return this.#options.kind.isBare
  }

  recognises(credential: string): boolean {
    return this.#options.kind.recognises(credential)
  }

  async authenticate(credential: string): Promise<KeyPrincipal> {
    const { kind, log } = this.#options
    const principal = await this.#find(createHash('sha256').update(credential).digest('hex'))
    if (principal) return principal
    log.debug({ kind: kind.name }, 'an API key is refused')
    throw unauthenticated()
  }

  /** Forgets the keys that match, as when they are revoked: they are looked up at their next use. */
  forget(matches: (principal: KeyPrincipal) => boolean): void {
    // A lookup under way may have been answered before the change.
    for (const [hash, { principal }] of this.#entries)
      if (!principal || matches(principal)) this.#entries.delete(hash)
    void this.#lookAgain()
  }

  /**
   * Has the listener called once the key by which a principal came is not good any more: at once where it is forgotten
   * here, else within a second or so.
   *
   * @returns what ends it.
   */
  onRevoked(principal: KeyPrincipal, listener: () => void): () => void {
    const hash = this.#hashes.get(principal)
    if (hash === undefined) return () => {}
    if (this.#watched.size === 0)
      this.#endTimer = this.#options.every(this.#options.lookEveryMs, () => {
        if (this.#look === 'none') void this.#lookAgain()
      })
    const listeners = this.#watched.get(hash) ?? new Set()
    this.#watched.set(hash, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#watched.get(hash) === listeners) this.#unwatch(hash)
    }
  }

  /** Looks at all keys that are watched; where that is under way, once more after it. */
  async #lookAgain(): Promise<void> {
    if (this.#look !== 'none') {
      this.#look = 'to be done again'
      return
    }
    do {
      this.#look = 'under way'
      const watched = [...this.#watched.keys()]
      if (watched.length === 0) break
      // While the owner's database is down, nobody is shut out for that.
      const opening = new Set(await this.#options.kind.opening(watched).catch(() => watched))
      for (const hash of watched) if (!opening.has(hash)) this.#end(hash)
    } while ((this.#look as string) === 'to be done again')
    this.#look = 'none'
  }

  #end(hash: string): void {
    const listeners = this.#watched.get(hash) ?? []
    this.#entries.delete(hash)
    this.#unwatch(hash)
    for (const listener of listeners) listener()
  }

  #unwatch(hash: string): void {
    if (this.#watched.delete(hash) && this.#watched.size === 0) this.#endTimer()
  }

  async #find(hash: string): Promise<KeyPrincipal | null> {
    const { now } = this.#options
    const entry = this.#entry(hash)
    const principal = await entry.asked.catch((error: unknown) => {
      this.#drop(hash, entry)
      throw error
    })
    if (!principal || (principal.expiresAt && principal.expiresAt.getTime() <= now())) {
      this.#drop(hash, entry)
      return null
    }
    entry.principal = principal
    this.#hashes.set(principal, hash)
    return principal
  }

  /** Those who come with a key at the same time share one lookup. */
  #entry(hash: string): Entry {
    const { kind, freshMs, now, size } = this.#options
    const known = this.#entries.get(hash)
    const entry =
      known && now() - known.askedAt < freshMs ? known : { asked: kind.lookUp(hash), askedAt: now() }
    this.#entries.delete(hash)
    this.#entries.set(hash, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > size && oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }

  #drop(hash: string, entry: Entry): void {
    if (this.#entries.get(hash) === entry) this.#entries.delete(hash)
  }
}
