import { hash as argon2 } from '@node-rs/argon2'
import { hash as bcrypt } from '@node-rs/bcrypt'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeHasher, type PasswordHasher } from '../../../src/auth/passwords/hasher.ts'
import { Passwords, type PasswordsOptions, unsuitability } from '../../../src/auth/passwords/passwords.ts'
import { readStoredHash } from '../../../src/auth/passwords/stored-hash.ts'

const cost = 4

const passwords = (options: Partial<PasswordsOptions> = {}) =>
  new Passwords({ scheme: 'bcrypt', bcryptCost: cost, schemesInUse: async () => [], ...options })

/** A hasher that does nothing and counts the work that the hashes would take. */
function counter() {
  const work = { bcryptRounds: 0, argon2id: 0 }
  const never = () => Promise.reject(new Error('No password is being set.'))
  const hasher: PasswordHasher = {
    async verifyBcrypt(_password, hash) {
      work.bcryptRounds += 2 ** Number(hash.slice(4, 6))
      return false
    },
    async verifyArgon2id(_password, hash) {
      const parsed = readStoredHash(hash)
      if (parsed?.kind === 'argon2id') work.argon2id += parsed.memoryCost * parsed.timeCost
      return false
    },
    async spendArgon2id(_password, memoryCost, timeCost) {
      work.argon2id += memoryCost * timeCost
    },
    hashBcrypt: never,
    hashArgon2id: never,
  }
  return { work, hasher }
}

const bcryptOf = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
const argon2Of = (memory: number, passes: number) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`
const schemeOf = (hash: string) => hash.slice(0, hash.startsWith('$2') ? 7 : hash.lastIndexOf('p=1') + 4)

async function workFor(stored: string | null, options: Partial<PasswordsOptions>) {
  const { work, hasher } = counter()
  await passwords({ ...options, hasher }).verify('whatever', stored)
  return work
}

describe('the work of verifying', () => {
  const noHash = [
    null,
    '',
    'plain text',
    '$2b$12$short',
    '$2b$99$'.padEnd(60, '.'),
    '$2x$12$'.padEnd(60, '.'),
  ]

  it('is that of the dearest hash in use, whichever row it meets', async () => {
    const hashes = [4, 8, 10, 12, 13].map(bcryptOf)
    const options = { bcryptCost: 12, schemesInUse: async () => hashes.map(schemeOf) }
    for (const stored of [...hashes, ...noHash])
      expect(await workFor(stored, options), String(stored)).toEqual({ bcryptRounds: 2 ** 13, argon2id: 0 })
  })

  it('is both kinds while both are in use', async () => {
    const hashes = [bcryptOf(10), bcryptOf(12), argon2Of(19_456, 2), argon2Of(65_536, 3), argon2Of(8_192, 1)]
    const options = { bcryptCost: 11, schemesInUse: async () => hashes.map(schemeOf) }
    for (const stored of [...hashes, ...noHash])
      expect(await workFor(stored, options), String(stored)).toEqual({
        bcryptRounds: 2 ** 12,
        argon2id: 65_536 * 3,
      })
  })

  it('does not depend on the row, whatever hashes there are', async () => {
    const hash = fc.oneof(
      fc.integer({ min: 4, max: 16 }).map(bcryptOf),
      fc
        .tuple(fc.integer({ min: 8, max: 100_000 }), fc.integer({ min: 1, max: 16 }))
        .map(([memory, passes]) => argon2Of(memory, passes)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(hash, { minLength: 1, maxLength: 6 }), async (hashes) => {
        const options = { schemesInUse: async () => hashes.map(schemeOf) }
        const works = await Promise.all([null, ...hashes].map((stored) => workFor(stored, options)))
        expect(new Set(works.map(({ bcryptRounds }) => bcryptRounds)).size).toBe(1)
        // argon2 takes its memory in blocks: less than eight of them cannot be made up for.
        const spent = works.map(({ argon2id }) => argon2id)
        expect(Math.max(...spent) - Math.min(...spent)).toBeLessThan(8)
      }),
    )
  })

  it('is what the settings prescribe where nothing is stored', async () => {
    expect(await workFor(null, { bcryptCost: 12 })).toEqual({ bcryptRounds: 2 ** 12, argon2id: 0 })
    expect(await workFor(null, { scheme: 'argon2id' })).toEqual({ bcryptRounds: 0, argon2id: 2 * 19_456 })
  })

  it('looks at the hashes in use once a minute, and again after a failure', async () => {
    let now = 0
    let looks = 0
    let fails = true
    const { work, hasher } = counter()
    const under = passwords({
      hasher,
      now: () => now,
      schemesInUse: async () => {
        looks++
        if (fails) throw new Error('away')
        return [`$2b$0${4 + looks}$`]
      },
    })
    await expect(under.verify('x', null)).rejects.toThrow('away')
    fails = false
    await Promise.all([under.verify('x', null), under.verify('x', bcryptOf(4))])
    expect([looks, work.bcryptRounds]).toEqual([2, 2 * 2 ** 6])
    now = 60_000
    await under.verify('x', null)
    expect([looks, work.bcryptRounds]).toEqual([3, 2 * 2 ** 6 + 2 ** 7])
  })
})

describe('verifying', () => {
  it.each(['2a', '2b', '2y'] as const)('takes bcrypt’s %s', async (version) => {
    const hash = await bcrypt('geheim', { cost, version })
    expect(await passwords().verify('geheim', hash)).toEqual({ matches: true, isOutdated: false })
    expect(await passwords().verify('Geheim', hash)).toEqual({ matches: false, isOutdated: false })
  })

  it('looks at 72 bytes of a password, as other readers of bcrypt do', async () => {
    const hash = await bcrypt('ä'.repeat(36), { cost })
    expect((await passwords().verify(`${'ä'.repeat(36)} and more`, hash)).matches).toBe(true)
    expect((await passwords().verify('ä'.repeat(35), hash)).matches).toBe(false)
  })

  it('matches nothing with a null character', async () => {
    const hash = await bcrypt('geheim\u0000', { cost })
    expect((await passwords().verify('geheim\u0000', hash)).matches).toBe(false)
    expect((await passwords().verify('geheim', hash)).matches).toBe(false)
  })

  it('takes argon2id whatever new hashes are made with, and does not take it for outdated', async () => {
    const hash = await argon2('geheim', { memoryCost: 64, timeCost: 1 })
    expect(await passwords().verify('geheim', hash)).toEqual({ matches: true, isOutdated: false })
    expect((await passwords().verify('Geheim', hash)).matches).toBe(false)
  })

  it('finds a bcrypt hash outdated that is cheaper than new ones', async () => {
    const hash = await bcrypt('geheim', { cost: 4 })
    const dearer = passwords({ bcryptCost: 5 })
    expect(await dearer.verify('geheim', hash)).toEqual({ matches: true, isOutdated: true })
    expect(await dearer.verify('Geheim', hash)).toEqual({ matches: false, isOutdated: false })
    expect(await dearer.renew('geheim')).toMatch(/^\$2b\$05\$/)
  })

  it('takes a hash that would stop the gateway for an odd one', async () => {
    expect(readStoredHash(bcryptOf(16))).toBeDefined()
    expect(readStoredHash(bcryptOf(17))).toBeUndefined()
    expect(readStoredHash(argon2Of(2 ** 18, 16))).toBeDefined()
    expect(readStoredHash(argon2Of(2 ** 18 + 1, 1))).toBeUndefined()
    expect(readStoredHash(argon2Of(64, 17))).toBeUndefined()
  })
})

describe('making a hash', () => {
  it('is bcrypt, and argon2id where that is set', async () => {
    expect(await passwords().hash('geheim')).toMatch(/^\$2b\$04\$/)
    expect(await passwords({ scheme: 'argon2id' }).hash('geheim')).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
    )
  })

  it('is never the same twice', async () => {
    expect(await nativeHasher.hashBcrypt('geheim', cost)).not.toBe(
      await nativeHasher.hashBcrypt('geheim', cost),
    )
  })
})

describe('a password', () => {
  it.each(['12345678', 'x'.repeat(72), 'ä'.repeat(36), '🔑🔑🔑🔑🔑🔑🔑🔑', '        '])(
    'may be %j',
    (password) => {
      expect(unsuitability(password)).toBeUndefined()
    },
  )

  it.each([
    ['1234567', '8 to 100 characters'],
    ['🔑🔑🔑🔑🔑🔑🔑', '8 to 100 characters'],
    ['x'.repeat(101), '8 to 100 characters'],
    ['x'.repeat(73), '72 bytes'],
    ['ä'.repeat(37), '72 bytes'],
    ['12345678\u0000', 'null'],
    ['12345678\ud800', 'text'],
  ])('may not be %j', (password, reason) => {
    expect(unsuitability(password)).toContain(reason)
  })
})
