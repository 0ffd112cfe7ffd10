import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticate, type CredentialStrategy } from '../../src/auth/authenticate.ts'
import { anonymous } from '../../src/auth/principal.ts'
import { type TokenAccount, tokenCredentials } from '../../src/auth/token-credentials.ts'
import { noRevocations, type Revocations } from '../../src/auth/tokens/revocations.ts'
import type { AccountKey } from '../../src/auth/tokens/verified-token.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import { legacyToken, outsideToken, ownToken, serviceToken } from './tokens/attacks.ts'
import { startTokenKit, type TokenKit } from './tokens/token-kit.ts'

const subject = '3f1c7a52-8f66-4bb1-9d8e-0a2f4e5b6c7d'
const ada: TokenAccount = {
  id: 7,
  email: 'ada@example.org',
  role: 'manager',
  organizationId: 3,
  isActive: true,
  keycloakId: null,
}

let kit: TokenKit
beforeAll(async () => {
  kit = await startTokenKit()
})
afterAll(() => kit[Symbol.asyncDispose]())

/** Accounts as a table has them: found by id, by keycloak_id, by address. */
function among(...accounts: readonly TokenAccount[]) {
  const asked: AccountKey[] = []
  const loadUser = async (key: AccountKey) => {
    asked.push(key)
    const [[name, value]] = Object.entries(key) as [[keyof TokenAccount, unknown]]
    return accounts.find((account) => account[name] === value) ?? null
  }
  return { asked, loadUser }
}

interface Surroundings {
  readonly accounts?: readonly TokenAccount[]
  readonly revocations?: Revocations
  readonly before?: readonly CredentialStrategy[]
}

function enter(authorization: string | undefined, surroundings: Surroundings = {}) {
  const { accounts = [ada], revocations = noRevocations, before = [] } = surroundings
  const { loadUser } = among(...accounts)
  const log = pino({ level: 'silent' })
  const tokens = tokenCredentials({ verify: kit.verify, revocations, loadUser, log })
  return authenticate({ authorization }, { strategies: [...before, tokens] })
}

const refused = { code: 'UNAUTHENTICATED', message: 'The credentials are not accepted.' }

describe('a request', () => {
  it('without credentials is nobody’s', async () => {
    expect(await enter(undefined)).toBe(anonymous)
  })

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic YWRhOmh1bnRlcjI=',
    'Token a.b.c',
    'a.b.c',
    'Bearer a.b.c d',
    'Bearer a.b.c, Bearer d.e.f',
    'Bearer "a.b.c"',
    'Bearer a.b.c\u00e9',
    'Bearer nothing-that-is-known-here',
  ])('with the header "%s" is refused', async (header) => {
    await expect(enter(header)).rejects.toMatchObject(refused)
  })

  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('may write its scheme as "%s"', async (scheme) => {
    expect((await enter(`${scheme} ${ownToken(kit)}`)).kind).toBe('user')
  })
})

describe('the person behind a token', () => {
  it.each([
    ['ACCESS_TOKEN', () => ownToken(kit), '0b0e8a0e-5f2b-4f0a-9d43-3f6c1f8f3a11'],
    ['OUTSIDE_TOKEN', () => outsideToken(kit), null],
    ['LEGACY_TOKEN', () => legacyToken(), null],
  ] as const)('by %s is as the database has them, not the token', async (way, make, session) => {
    expect(await enter(`Bearer ${make()}`)).toEqual({
      kind: 'user',
      way,
      audience: 'tributary',
      id: 7,
      email: 'ada@example.org',
      role: 'manager',
      organizationId: 3,
      session,
      expiresAt: expect.any(Date),
    })
  })

  it('is for the Labeler where the token is', async () => {
    expect(await enter(`Bearer ${ownToken(kit, { aud: 'labeler' })}`)).toMatchObject({ audience: 'labeler' })
  })

  it('with a role that nobody knows is a guest', async () => {
    const principal = await enter(`Bearer ${ownToken(kit)}`, { accounts: [{ ...ada, role: 'root' }] })
    expect(principal).toMatchObject({ role: 'guest' })
  })

  it.each([
    ['is not there', []],
    ['is locked', [{ ...ada, isActive: false }]],
  ])('is refused when the account %s', async (_, accounts) => {
    for (const token of [ownToken(kit), outsideToken(kit), legacyToken()])
      await expect(enter(`Bearer ${token}`, { accounts })).rejects.toMatchObject(refused)
  })

  it('is refused when what was issued to them is taken back, by an outside token too', async () => {
    const revocations: Revocations = { ...noRevocations, isRevoked: ({ userId }) => userId === 7 }
    for (const token of [ownToken(kit), outsideToken(kit), legacyToken()])
      await expect(enter(`Bearer ${token}`, { revocations })).rejects.toMatchObject(refused)
  })

  it('is not refused because a database is down: that is said', async () => {
    const down = () => Promise.reject(new TributaryError('SOURCE_UNAVAILABLE', 'users is down'))
    const log = pino({ level: 'silent' })
    const tokens = tokenCredentials({ verify: kit.verify, revocations: noRevocations, loadUser: down, log })
    const entering = authenticate({ authorization: `Bearer ${ownToken(kit)}` }, { strategies: [tokens] })
    await expect(entering).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })
})

describe('the person behind an outside token', () => {
  const theirs = { ...ada, id: 8, email: 'ada@elsewhere.example', keycloakId: subject }

  it('is found by the issuer’s id before the address', async () => {
    expect(await enter(`Bearer ${outsideToken(kit)}`, { accounts: [ada, theirs] })).toMatchObject({ id: 8 })
  })

  it('is not found by an address that is not proved', async () => {
    const token = outsideToken(kit, { email_verified: false })
    await expect(enter(`Bearer ${token}`)).rejects.toMatchObject(refused)
  })

  it('is not whoever had the address before', async () => {
    const accounts = [{ ...ada, keycloakId: 'another' }]
    await expect(enter(`Bearer ${outsideToken(kit)}`, { accounts })).rejects.toMatchObject(refused)
  })
})

describe('a program', () => {
  it('is known by its name and scopes, and has no account', async () => {
    const token = serviceToken(kit, { scope: 'accounts:read  datasets:read' })
    expect(await enter(`Bearer ${token}`, { accounts: [] })).toEqual({
      kind: 'service',
      way: 'SERVICE_TOKEN',
      audience: 'tributary',
      name: 'labeler',
      scopes: ['accounts:read', 'datasets:read'],
      expiresAt: expect.any(Date),
    })
  })
})

describe('kinds of credentials', () => {
  it('are asked in their order, and the first that recognises one judges it alone', async () => {
    const keys: CredentialStrategy = {
      recognises: (credential) => credential.startsWith('clsk_'),
      authenticate: async () => {
        throw new TributaryError('UNAUTHENTICATED', 'by key')
      },
    }
    await expect(enter('Bearer clsk_a.b.c', { before: [keys] })).rejects.toThrow('by key')
    expect((await enter(`Bearer ${ownToken(kit)}`, { before: [keys] })).kind).toBe('user')
  })
})
