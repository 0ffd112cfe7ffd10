import { AsyncLocalStorage } from 'node:async_hooks'
import type { CryptoKey, JSONWebKeySet } from 'jose'
import type { Logger } from 'pino'
import { TributaryError } from '../../errors/tributary-error.ts'
import { importKey, type SigningAlgorithm, type SigningKey, type StoredKey } from './signing-key.ts'

export interface KeyRingOptions {
  /** Reads the keys as they are now. */
  readonly load: () => Promise<readonly StoredKey[]>
  readonly log: Logger
  /** Milliseconds between two looks at the keys. Default 30,000. */
  readonly refreshMs?: number
  /** Milliseconds that pass at least before a name that is not known has the keys looked at again. Default 10,000. */
  readonly unknownKidMs?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

/** The gateway's own keys in memory, in step with where they are kept. Made by `openKeyRing`. */
export class KeyRing implements Disposable {
  readonly #options: Required<KeyRingOptions>
  /** Keys are read for everybody, so the request that happens to want them first has no say in it. */
  readonly #detached = AsyncLocalStorage.snapshot()
  readonly #timer: NodeJS.Timeout
  #keys: ReadonlyMap<string, SigningKey> = new Map()
  #loading: Promise<void> | undefined
  #loadedAt = Number.NEGATIVE_INFINITY

  constructor(options: KeyRingOptions) {
    this.#options = { refreshMs: 30_000, unknownKidMs: 10_000, now: Date.now, ...options }
    this.#timer = setInterval(() => void this.refresh(), this.#options.refreshMs).unref()
  }

  /** The key to sign with. @throws TributaryError NO_SIGNING_KEY */
  async signer(): Promise<SigningKey & { readonly privateKey: CryptoKey }> {
    if (!this.#signer()) await this.refresh()
    const key = this.#signer()
    if (!key) throw new TributaryError('NO_SIGNING_KEY', 'No key is there to sign tokens with.')
    return key
  }

  /**
   * The key of a name for checking a signature; the same object for as long as the key is believed. A name that is
   * not known may be another replica's new key, so the keys are looked at again, but not for every such token.
   */
  async find(kid: string | undefined, algorithm: string): Promise<CryptoKey | undefined> {
    if (kid === undefined) return undefined
    if (!this.#keys.has(kid) && this.#options.now() - this.#loadedAt >= this.#options.unknownKidMs)
      await this.refresh()
    const key = this.#live().find(({ stored }) => stored.kid === kid)
    return key?.stored.algorithm === algorithm ? key.publicKey : undefined
  }

  /** The public keys, those included that do not sign yet. */
  jwks(): JSONWebKeySet {
    return { keys: this.#live().map(({ stored }) => stored.publicJwk) }
  }

  /** What the keys sign with, without repetition. */
  algorithms(): SigningAlgorithm[] {
    return [...new Set(this.#live().map(({ stored }) => stored.algorithm))]
  }

  /** Looks at the keys now. What cannot be read leaves those that are known. */
  refresh(): Promise<void> {
    this.#loading ??= this.#read()
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#loading = undefined
      })
    return this.#loading
  }

  /**
   * Looks at the keys for the first time.
   *
   * @throws TributaryError CONFIG_INVALID where what the operator gave is no key; that does not mend itself.
   */
  async start(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      if (error instanceof TributaryError && error.code === 'CONFIG_INVALID') throw error
      this.#complain(error)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #read(): Promise<void> {
    this.#loadedAt = this.#options.now()
    const stored = await this.#detached(this.#options.load)
    const keys = await Promise.all(stored.map((key) => this.#ready(key)))
    this.#keys = new Map(keys.map((key) => [key.stored.kid, key]))
  }

  /** The key as it is in memory already, unless it has come to sign, or has ceased to. */
  async #ready(stored: StoredKey): Promise<SigningKey> {
    const known = this.#keys.get(stored.kid)
    const isSame = known !== undefined && (known.privateKey === null) === (stored.privateJwk === null)
    return isSame ? { ...known, stored } : importKey(stored)
  }

  #complain(error: unknown): void {
    this.#options.log.warn({ err: error }, 'the signing keys cannot be read')
  }

  #live(): SigningKey[] {
    const now = this.#options.now()
    return [...this.#keys.values()].filter(
      ({ stored: { retiresAt } }) => !retiresAt || retiresAt.getTime() > now,
    )
  }

  /** The youngest key that signs already; where none does by this clock, the one that will first. */
  #signer() {
    const now = this.#options.now()
    const keys = this.#live()
      .filter((key): key is SigningKey & { privateKey: CryptoKey } => key.privateKey !== null)
      .toSorted((a, b) => a.stored.activatesAt.getTime() - b.stored.activatesAt.getTime())
    return keys.findLast(({ stored }) => stored.activatesAt.getTime() <= now) ?? keys[0]
  }
}

/** A ring that has looked at its keys once. @throws TributaryError CONFIG_INVALID */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const ring = new KeyRing(options)
  try {
    await ring.start()
    return ring
  } catch (error) {
    ring[Symbol.dispose]()
    throw error
  }
}
