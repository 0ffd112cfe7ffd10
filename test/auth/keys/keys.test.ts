import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readGivenKeys } from '../../../src/auth/keys/given-keys.ts'
import { keyLoader } from '../../../src/auth/keys/key-loader.ts'
import { openKeyRing } from '../../../src/auth/keys/key-ring.ts'
import type { KeyStore } from '../../../src/auth/keys/key-store.ts'
import { postgresKeyStore } from '../../../src/auth/keys/postgres-key-store.ts'
import { ensureKeys, rotateKeys } from '../../../src/auth/keys/rotation.ts'
import { publishAhead, publishedKeysMaxAge } from '../../../src/auth/keys/signing-key.ts'
import { TokenIssuer } from '../../../src/auth/tokens/issue-token.ts'
import { noRevocations } from '../../../src/auth/tokens/revocations.ts'
import { tokenStrategies } from '../../../src/auth/tokens/strategies.ts'
import { createTokenVerifier } from '../../../src/auth/tokens/verify-token.ts'
import { commands } from '../../../src/cli/commands.ts'
import { readConfig } from '../../../src/config/config.ts'
import { gatewayState, migrate } from '../../../src/database/migrate.ts'
import { createEmptyDatabase, type TestDatabase } from '../../support/databases.ts'

const log = pino({ level: 'silent' })
const issuer = 'https://graph.example.org'
const user = { id: 7, email: 'ada@example.org', role: 'admin', organizationId: 3 }
const grant = { user, session: 'a-session', audience: 'tributary' } as const

let database: TestDatabase
let pool: Pool
let store: KeyStore
beforeAll(async () => {
  database = await createEmptyDatabase()
  await migrate({ ...gatewayState, url: database.url })
  pool = new Pool({ connectionString: database.url })
  pool.on('error', () => {})
  store = postgresKeyStore(pool)
})
beforeEach(async () => {
  await pool.query('TRUNCATE tributary.signing_keys')
})
afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

/** A gateway's keys, tokens and verifier, by a clock that the test sets. */
async function startReplica(clock: { now: number }, env: Record<string, string> = {}) {
  const { auth: config } = readConfig({ AUTH_ISSUER: issuer, ...env })
  const now = () => clock.now
  const ring = await openKeyRing({ load: keyLoader(config, store, now), log, now, refreshMs: 3_600_000 })
  const issued = new TokenIssuer({ ...config, issuer, keys: ring, now })
  const verify = createTokenVerifier({
    strategies: tokenStrategies({ config, keys: ring, log, now }),
    revocations: noRevocations,
    clockTolerance: config.clockTolerance,
    log,
    now,
  })
  return {
    ring,
    verify,
    issue: async () => (await issued.issueAccessToken(grant)).token,
    kids: () => ring.jwks().keys.map(({ kid }) => kid),
    signs: async () => (await ring.signer()).stored.kid,
    [Symbol.dispose]: () => ring[Symbol.dispose](),
  }
}

const rotate = (clock: { now: number }, compromised = false) =>
  rotateKeys(store, { algorithm: 'EdDSA', longestLifetime: 3605, compromised, now: clock.now })

describe('the first key', () => {
  it.each(['EdDSA', 'ES256'])('is made once by replicas that start together, for %s', async (algorithm) => {
    const clock = { now: Date.now() }
    const replicas = await Promise.all(
      Array.from({ length: 5 }, () => startReplica(clock, { AUTH_SIGNING_ALGORITHM: algorithm })),
    )
    expect(await store.list()).toHaveLength(1)
    const [one, two] = replicas as [(typeof replicas)[0], (typeof replicas)[0]]
    expect((await two.verify(await one.issue())).subject).toBe('7')
    expect(one.ring.algorithms()).toEqual([algorithm])
    for (const replica of replicas) replica[Symbol.dispose]()
  })

  it('has a public half without anything private in it', async () => {
    await ensureKeys(store, { algorithm: 'ES256', now: Date.now() })
    using replica = await startReplica({ now: Date.now() })
    const [key] = replica.ring.jwks().keys
    expect(Object.keys(key ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  it('is missing with a typed error while there is no table', async () => {
    await using empty = await createEmptyDatabase()
    const other = new Pool({ connectionString: empty.url })
    other.on('error', () => {})
    const load = keyLoader(readConfig({}).auth, postgresKeyStore(other))
    using ring = await openKeyRing({ load, log })
    await expect(ring.signer()).rejects.toMatchObject({ code: 'NO_SIGNING_KEY' })
    await migrate({ ...gatewayState, url: empty.url })
    expect((await ring.signer()).stored.algorithm).toBe('EdDSA')
    await other.end()
  })
})

describe('rotation', () => {
  it('publishes, signs and retires so that two replicas always understand each other', async () => {
    const clock = { now: Date.now() }
    using one = await startReplica(clock)
    using two = await startReplica(clock)
    const oldKid = await one.signs()
    const { kid: newKid } = await rotate(clock)
    await one.ring.refresh()
    expect(await one.signs()).toBe(oldKid)
    expect(one.kids()).toEqual([oldKid, newKid])
    expect(two.kids()).toEqual([oldKid])

    clock.now += publishedKeysMaxAge * 1000
    expect(await one.signs()).toBe(oldKid)
    clock.now += (publishAhead - publishedKeysMaxAge) * 1000
    expect(await one.signs()).toBe(newKid)
    expect(await two.signs()).toBe(oldKid)
    const lastOfOld = await two.issue()
    expect((await two.verify(await one.issue())).subject).toBe('7')
    expect(await two.signs()).toBe(newKid)
    expect((await one.verify(lastOfOld)).subject).toBe('7')

    clock.now += 3600 * 1000
    expect((await one.verify(lastOfOld)).subject).toBe('7')
    clock.now += 6000
    await expect(one.verify(lastOfOld)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(one.kids()).toEqual([newKid])
  })

  it('of a compromised key has it refused as soon as a replica looks, remembered tokens too', async () => {
    const clock = { now: Date.now() }
    using replica = await startReplica(clock)
    const token = await replica.issue()
    await replica.verify(token)
    const { kid } = await rotate(clock, true)
    await replica.ring.refresh()
    await expect(replica.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(replica.kids()).toEqual([kid])
    expect((await replica.verify(await replica.issue())).subject).toBe('7')
  })

  it('forgets the keys that have retired, private halves and all', async () => {
    const clock = { now: Date.now() }
    await ensureKeys(store, { algorithm: 'EdDSA', now: clock.now })
    await rotate(clock)
    clock.now += 3 * 3600 * 1000
    await rotate(clock)
    expect(await store.list()).toHaveLength(2)
  })

  it('by many at once leaves one youngest key, and none lost', async () => {
    const clock = { now: Date.now() }
    await ensureKeys(store, { algorithm: 'EdDSA', now: clock.now })
    await Promise.all(Array.from({ length: 4 }, () => rotate(clock)))
    const keys = await store.list()
    expect(keys).toHaveLength(5)
    expect(keys.filter(({ retiresAt }) => retiresAt === null)).toHaveLength(1)
  })

  it('that fails changes nothing', async () => {
    await ensureKeys(store, { algorithm: 'EdDSA', now: Date.now() })
    const failing = store.exclusively(async (locked) => {
      const [key] = await locked.list()
      await locked.retire(key?.kid ?? '', new Date())
      throw new Error('the process dies')
    })
    await expect(failing).rejects.toThrow('the process dies')
    expect((await store.list())[0]?.retiresAt).toBeNull()
  })
})

describe('the key ring', () => {
  it('goes on with what it knows while the database is away', async () => {
    const clock = { now: Date.now() }
    const keys = await ensureKeys(store, { algorithm: 'EdDSA', now: clock.now })
    let isAway = false
    const load = async () => {
      if (isAway) throw new Error('away')
      return keys
    }
    using ring = await openKeyRing({ load, log, now: () => clock.now })
    isAway = true
    await ring.refresh()
    expect((await ring.signer()).stored.kid).toBe(keys[0]?.kid)
  })

  it('looks for a name that it does not know, but not for each', async () => {
    const clock = { now: Date.now() }
    let looks = 0
    const load = async () => {
      looks++
      return store.list()
    }
    await ensureKeys(store, { algorithm: 'EdDSA', now: clock.now })
    using ring = await openKeyRing({ load, log, now: () => clock.now })
    clock.now += 10_000
    await Promise.all(Array.from({ length: 20 }, (_, index) => ring.find(`nobody-${index}`, 'EdDSA')))
    expect(looks).toBe(2)
  })
})

describe('keys that the operator gives', () => {
  const ed = generateKeyPairSync('ed25519').privateKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pkcs8 = ed.export({ format: 'pem', type: 'pkcs8' }) as string
  const jwk = ec.export({ format: 'jwk' })

  it.each([
    ['a PEM', pkcs8, 'EdDSA'],
    ['a PEM with \\n for line ends', pkcs8.replaceAll('\n', '\\n'), 'EdDSA'],
    ['a PEM of an older kind', ec.export({ format: 'pem', type: 'sec1' }) as string, 'ES256'],
    ['a JWK', JSON.stringify(jwk), 'ES256'],
  ])('may be %s', async (_, text, algorithm) => {
    const [key, ...others] = await readGivenKeys(text, 'AUTH_SIGNING_KEY')
    expect(others).toEqual([])
    expect(key).toMatchObject({ algorithm, privateJwk: { d: expect.any(String) } })
    expect(key?.publicJwk).not.toHaveProperty('d')
  })

  it('may be a set: the first signs, the others verify', async () => {
    const set = JSON.stringify({ keys: [ed.export({ format: 'jwk' }), jwk] })
    const [first, second] = await readGivenKeys(set, 'AUTH_SIGNING_KEY')
    expect(first?.privateJwk).not.toBeNull()
    expect(second?.privateJwk).toBeNull()
  })

  it.each([
    ['nonsense', 'hunter2', 'neither a PEM nor a JWK'],
    ['a public key', JSON.stringify({ ...jwk, d: undefined }), 'no private key'],
    ['an empty set', '{"keys":[]}', 'no private key'],
    [
      'a key of another curve',
      JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })),
      'neither Ed25519 nor P-256',
    ],
  ])('are refused as %s, without being shown', async (_, text, said) => {
    const { auth } = readConfig({ AUTH_SIGNING_KEY: text })
    const opened = openKeyRing({ load: keyLoader(auth, undefined), log })
    await expect(opened).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(said),
    })
    await expect(opened).rejects.not.toThrow('hunter2')
  })

  it('in a file are read again, so that they can be replaced', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-keys-'))
    const path = join(folder, 'key.pem')
    await writeFile(path, pkcs8)
    using ring = await openKeyRing({
      load: keyLoader(readConfig({ AUTH_SIGNING_KEY_FILE: path }).auth, undefined),
      log,
    })
    const before = (await ring.signer()).stored.kid
    await writeFile(path, JSON.stringify({ keys: [jwk, ed.export({ format: 'jwk' })] }))
    await ring.refresh()
    expect((await ring.signer()).stored.kid).not.toBe(before)
    expect(ring.jwks().keys.map(({ kid }) => kid)).toContain(before)
    await rm(folder, { recursive: true })
  })
})

describe('on the command line', () => {
  async function run(name: string, ...args: string[]): Promise<string[]> {
    const lines: string[] = []
    const command = commands.find((one) => one.name === name)
    const env = { GATEWAY_DATABASE_URL: database.url, AUTH_ISSUER: issuer, LOG_LEVEL: 'silent' }
    await command?.run({ args, env, print: (line) => void lines.push(line) })
    return lines
  }

  it('keys are listed and rotated', async () => {
    expect(await run('keys list')).toEqual([])
    const made = await run('keys rotate')
    expect(made).toEqual([expect.stringMatching(/^\S{43} {2}EdDSA {2}signs$/)])
    expect(await run('keys list')).toEqual(made)
    expect(await run('keys rotate')).toEqual([expect.stringMatching(/^\S{43} {2}EdDSA {2}signs from 20/)])
    expect((await run('keys list'))[0]).toMatch(/ {2}signs, verifies until 20/)
    expect(await run('keys rotate', '--compromised')).toEqual([expect.stringMatching(/ {2}signs$/)])
    await expect(run('keys rotate', '--now')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('a program gets a token', async () => {
    const [token] = (await run('token', 'labeler', '--days', '7')) as [string]
    using replica = await startReplica({ now: Date.now() })
    const { expiresAt, kind, subject } = await replica.verify(token)
    expect({ kind, subject }).toEqual({ kind: 'service', subject: 'labeler' })
    expect((expiresAt.getTime() - Date.now()) / 86_400_000).toBeCloseTo(7, 2)
    for (const wrong of [
      [],
      ['7'],
      ['labeler', 'x'],
      ['labeler', '--days', '0'],
      ['labeler', '--days', '91'],
    ])
      await expect(run('token', ...wrong)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('a database without the table is told what to do', async () => {
    await using empty = await createEmptyDatabase()
    const [list] = commands.filter(({ name }) => name === 'keys list')
    const listing = list?.run({ args: [], env: { GATEWAY_DATABASE_URL: empty.url }, print: () => {} })
    await expect(listing).rejects.toMatchObject({ code: 'GATEWAY_STATE_MISSING' })
  })
})
