import { parseOptions as readArgon2 } from '@node-rs/argon2'
import { parseOptions as readBcrypt } from '@node-rs/bcrypt'

/** What kind of hash a stored text is, and what verifying a password against it costs. */
export type StoredHash =
  | { readonly kind: 'bcrypt'; readonly cost: number }
  | { readonly kind: 'argon2id'; readonly memoryCost: number; readonly timeCost: number }

/** A dearer hash is taken for an odd one: whoever can write one could stop the gateway with it. */
const dearest = { cost: 16, memoryCost: 2 ** 18, timeCost: 16 }

/** Verifying what these do not parse ends at once, so they decide what is a hash. */
function parsed(stored: string): StoredHash | undefined {
  try {
    if (!stored.startsWith('$argon2id$')) {
      const { version, cost } = readBcrypt(stored)
      return version === '2x' ? undefined : { kind: 'bcrypt', cost }
    }
    const { memoryCost, timeCost } = readArgon2(stored)
    return { kind: 'argon2id', memoryCost, timeCost }
  } catch {
    return undefined
  }
}

/**
 * Reads a stored hash.
 *
 * @returns undefined where there is none, or nothing that a password can match.
 */
export function readStoredHash(stored: string | null): StoredHash | undefined {
  const hash = stored === null ? undefined : parsed(stored)
  const isAffordable =
    hash?.kind === 'bcrypt'
      ? hash.cost <= dearest.cost
      : hash && hash.memoryCost <= dearest.memoryCost && hash.timeCost <= dearest.timeCost
  return isAffordable ? hash : undefined
}

/** Finds everything in a hash, for Postgres, but salt and digest: of all hashes that cost the same, one text. */
export const schemePattern = '^\\$(?:2[aby]\\$\\d\\d|argon2id\\$v=\\d+\\$[^$]*)\\$'

/** Reads what `schemePattern` finds. */
export const readScheme = (scheme: string): StoredHash | undefined =>
  readStoredHash(
    `${scheme}${scheme.startsWith('$2') ? '.'.repeat(53) : `${'A'.repeat(22)}$${'A'.repeat(43)}`}`,
  )
