/*
 * Verifying a password so that the time it takes tells nothing.
 *
 * Verifying and answering would take nothing where there is no account, and a quarter of the usual time where a row
 * keeps an old hash. Sleeping until a fixed time has passed fails as soon as the machine is busy. So work is topped up
 * with work: every attempt does what the dearest hash in use takes, whichever row it meets.
 *
 * - bcrypt of cost c takes 2^c rounds. Below the ceiling C it is followed by a dummy of each cost c, c+1 … C-1, which
 *   together take 2^C - 2^c. Without a hash, or with an odd one, a single dummy of cost C stands in.
 * - argon2id of t passes over m KiB takes m·t; what is left up to the ceiling is spent on dummies.
 * - The two cannot be converted into each other. While both are in use, every attempt does both, each to its ceiling.
 *
 * The ceilings come from what the settings prescribe and what the table of users holds, looked at once a minute. The
 * dummies hash the same password, so its length tells nothing either. Making a new hash comes after the answer is known
 * to be yes.
 */
import { argon2idWork, nativeHasher, type PasswordHasher } from './hasher.ts'
import { readScheme, readStoredHash, type StoredHash } from './stored-hash.ts'

export interface PasswordsOptions {
  /** What new passwords are hashed with; argon2id only where every reader of the table knows it. */
  readonly scheme: 'bcrypt' | 'argon2id'
  /** Of new bcrypt hashes: 2^cost rounds. */
  readonly bcryptCost: number
  /** The schemes that stored hashes have (`schemePattern`), each once. */
  readonly schemesInUse: () => Promise<readonly string[]>
  /** Default: the native ones. */
  readonly hasher?: PasswordHasher
  /** Milliseconds that only rise. Default `performance.now`. */
  readonly now?: () => number
}

export interface Verdict {
  readonly matches: boolean
  /** Whether it matches a bcrypt hash that is cheaper than new ones are. */
  readonly isOutdated: boolean
}

/** The work of one attempt: bcrypt's cost (0: none), argon2id's KiB times passes. */
interface Work {
  bcryptCost: number
  argon2id: number
}

const lookAgainMs = 60_000
const bcryptBytes = 72
/** The most memory, in KiB, that a dummy takes at once. */
const dummyMemory = 65_536
/** argon2 takes no less, in KiB. */
const leastMemory = 8

const dummyBcrypt = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`

/** The passwords of a table of users: verified whatever their hash, made as the settings say. */
export class Passwords {
  readonly #options: PasswordsOptions
  readonly #hasher: PasswordHasher
  #ceiling: { readonly work: Promise<Work>; readonly until: number } | undefined

  constructor(options: PasswordsOptions) {
    this.#options = options
    this.#hasher = options.hasher ?? nativeHasher
  }

  /** Verifies a password against a stored hash, or against none, in the same time. */
  async verify(password: string, stored: string | null): Promise<Verdict> {
    const hash = readStoredHash(stored)
    const ceiling = raised(await this.#ceilingNow(), hash)
    const matchesBcrypt = await this.#throughBcrypt(password, hash?.kind === 'bcrypt' ? stored : null, {
      from: hash?.kind === 'bcrypt' ? hash.cost : 0,
      to: ceiling.bcryptCost,
    })
    const matchesArgon2id = await this.#throughArgon2id(password, hash?.kind === 'argon2id' ? stored : null, {
      from: hash?.kind === 'argon2id' ? hash.memoryCost * hash.timeCost : 0,
      to: ceiling.argon2id,
    })
    // bcrypt elsewhere ends at a NUL or refuses it; here nothing matches.
    const matches = (matchesBcrypt || matchesArgon2id) && !password.includes('\0')
    return {
      matches,
      isOutdated: matches && hash?.kind === 'bcrypt' && hash.cost < this.#options.bcryptCost,
    }
  }

  /** The hash of a new password. */
  hash(password: string): Promise<string> {
    return this.#options.scheme === 'argon2id' ? this.#hasher.hashArgon2id(password) : this.renew(password)
  }

  /** The bcrypt hash, at today's cost, of a password whose hash is outdated. */
  renew(password: string): Promise<string> {
    return this.#hasher.hashBcrypt(password, this.#options.bcryptCost)
  }

  async #throughBcrypt(password: string, stored: string | null, { from, to }: Span): Promise<boolean> {
    const matches = stored !== null && (await this.#hasher.verifyBcrypt(password, stored))
    const dummies = stored !== null ? range(from, to) : to > 0 ? [to] : []
    for (const cost of dummies) await this.#hasher.verifyBcrypt(password, dummyBcrypt(cost))
    return matches
  }

  async #throughArgon2id(password: string, stored: string | null, { from, to }: Span): Promise<boolean> {
    const matches = stored !== null && (await this.#hasher.verifyArgon2id(password, stored))
    const passes = Math.floor((to - from) / dummyMemory)
    const rest = (to - from) % dummyMemory
    if (passes > 0) await this.#hasher.spendArgon2id(password, dummyMemory, passes)
    if (rest >= leastMemory) await this.#hasher.spendArgon2id(password, rest, 1)
    return matches
  }

  #ceilingNow(): Promise<Work> {
    const now = (this.#options.now ?? (() => performance.now()))()
    if (this.#ceiling === undefined || now >= this.#ceiling.until) {
      const work = this.#lookForCeiling()
      this.#ceiling = { work, until: now + lookAgainMs }
      work.catch(() => {
        this.#ceiling = undefined
      })
    }
    return this.#ceiling.work
  }

  async #lookForCeiling(): Promise<Work> {
    const { scheme, bcryptCost, schemesInUse } = this.#options
    const prescribed: StoredHash =
      scheme === 'bcrypt' ? { kind: 'bcrypt', cost: bcryptCost } : { kind: 'argon2id', ...argon2idWork }
    const inUse = (await schemesInUse()).map(readScheme)
    return [prescribed, ...inUse].reduce(raised, { bcryptCost: 0, argon2id: 0 })
  }
}

interface Span {
  readonly from: number
  readonly to: number
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

function raised(work: Work, hash: StoredHash | undefined): Work {
  if (hash?.kind === 'bcrypt') return { ...work, bcryptCost: Math.max(work.bcryptCost, hash.cost) }
  if (hash?.kind === 'argon2id')
    return { ...work, argon2id: Math.max(work.argon2id, hash.memoryCost * hash.timeCost) }
  return work
}

/**
 * Why a password cannot be set: 8 to 100 characters, and no more bytes than every reader of the hash looks at.
 *
 * @returns undefined when it can.
 */
export function unsuitability(password: string): string | undefined {
  const length = [...password].length
  if (length < 8 || length > 100) return 'A password has 8 to 100 characters.'
  if (password.includes('\0') || !password.isWellFormed())
    return 'A password is text, without null characters.'
  if (Buffer.byteLength(password) > bcryptBytes)
    return `A password has ${bcryptBytes} bytes at most; letters outside ASCII take two to four.`
  return undefined
}
