import { createHmac } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { issueLabelerToken } from '../../../src/auth/tokens/issue-token.ts'
import type { Revocations, TokenIdentity } from '../../../src/auth/tokens/revocations.ts'
import { Secret } from '../../../src/config/secret.ts'
import { legacyClaims, legacyToken, outsideToken, ownToken, seconds } from './attacks.ts'
import { craft } from './craft.ts'
import { jwtSecret, ownName, serviceSecret, startTokenKit } from './token-kit.ts'

const user = { id: 7, email: 'ada@example.org', role: 'admin', organizationId: 3 }
const session = '0b0e8a0e-5f2b-4f0a-9d43-3f6c1f8f3a11'

/** Takes back what the test says, and nothing else. */
function takingBack() {
  const seen: TokenIdentity[] = []
  let isGone: (token: TokenIdentity) => boolean = () => false
  const revocations: Revocations = {
    isRevoked: (token) => {
      seen.push(token)
      return isGone(token)
    },
    onChange: () => () => {},
  }
  const take = (which: typeof isGone) => {
    isGone = which
  }
  return { revocations, seen, take }
}

describe('an access token', () => {
  it('says who, whose, what for and for how long, and is checked by the published keys alone', async () => {
    await using kit = await startTokenKit()
    const { token, jti, expiresAt } = await kit.issuer.issueAccessToken({
      user,
      session,
      audience: 'labeler',
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: kit.own.kid })
    const { payload } = await jwtVerify(token, createLocalJWKSet(kit.ring.jwks()), {
      issuer: ownName,
      audience: 'labeler',
      typ: 'at+jwt',
    })
    const exp = expiresAt.getTime() / 1000
    expect(payload).toEqual({
      iss: ownName,
      sub: '7',
      aud: 'labeler',
      type: 'access',
      email: 'ada@example.org',
      role: 'admin',
      organization_id: 3,
      sid: session,
      jti,
      iat: exp - 3600,
      nbf: exp - 3600,
      exp,
    })
  })

  it('comes back as what it was issued for', async () => {
    await using kit = await startTokenKit()
    const { token, jti, expiresAt } = await kit.issuer.issueAccessToken({
      user,
      session,
      audience: 'tributary',
    })
    expect(await kit.verify(token)).toMatchObject({
      kind: 'access',
      subject: '7',
      audience: 'tributary',
      accounts: [{ id: 7 }],
      session,
      jti,
      expiresAt,
    })
    expect((await kit.issuer.issueAccessToken({ user, session, audience: 'tributary' })).jti).not.toBe(jti)
  })

  it('is none where the gateway has no name', async () => {
    await using kit = await startTokenKit({ env: { NODE_ENV: 'production', AUTH_ISSUER: '' } })
    expect(kit.config.issuer).toBeNull()
    await expect(kit.verify(ownToken(kit))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect((await kit.verify(legacyToken())).kind).toBe('legacy')
  })
})

describe('a service token', () => {
  it('names a program and what it may do', async () => {
    await using kit = await startTokenKit()
    const { token } = await kit.issuer.issueServiceToken({
      name: 'labeler',
      scopes: ['accounts:read'],
      lifetime: 60,
    })
    expect(decodeProtectedHeader(token).typ).toBe('JWT')
    expect(await kit.verify(token)).toMatchObject({
      kind: 'service',
      subject: 'labeler',
      accounts: [],
      session: null,
      claims: { scope: 'accounts:read', type: 'service' },
    })
  })
})

describe('the token for the Labeler’s single sign-on', () => {
  it('has its claims, for five minutes, by the shared secret', async () => {
    const { token } = await issueLabelerToken(
      { id: 7, email: 'ada@example.org', fullName: 'Ada', role: 'admin', badgeColor: null },
      { secret: new Secret(serviceSecret), now: () => 1_800_000_000_999 },
    )
    const [header, claims, signed] = token.split('.')
    expect(createHmac('sha256', serviceSecret).update(`${header}.${claims}`).digest('base64url')).toBe(signed)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(decodeJwt(token)).toEqual({
      iss: 'platform',
      aud: 'labeler',
      type: 'service',
      user_id: 7,
      email: 'ada@example.org',
      full_name: 'Ada',
      system_role: 'admin',
      badge_color: null,
      iat: 1_800_000_000,
      exp: 1_800_000_300,
    })
  })
})

describe('an outside token', () => {
  it('stands for an account by the issuer’s id, and by its address only when that is proved', async () => {
    await using kit = await startTokenKit()
    const keycloakId = '3f1c7a52-8f66-4bb1-9d8e-0a2f4e5b6c7d'
    const accounts = async (claims: object) => (await kit.verify(outsideToken(kit, claims))).accounts
    expect(await accounts({})).toEqual([{ keycloakId }, { email: 'ada@example.org', verified: true }])
    for (const unproved of [false, undefined, 'true', 1, null])
      expect(await accounts({ email_verified: unproved })).toEqual([{ keycloakId }])
  })

  it('has its claims where the configuration says', async () => {
    await using kit = await startTokenKit({
      trusted: { claims: { subject: 'oid', keycloakId: null, email: 'upn', emailVerified: 'upn_ok' } },
    })
    const token = outsideToken(kit, { oid: 'ada', upn: 'ada@corp.example', upn_ok: true })
    expect(await kit.verify(token)).toMatchObject({
      subject: 'ada',
      accounts: [{ email: 'ada@corp.example', verified: true }],
    })
  })

  it('may do without a kid while only one key fits', async () => {
    await using kit = await startTokenKit()
    expect((await kit.verify(outsideToken(kit, {}, { kid: undefined }))).kind).toBe('outside')
  })
})

describe('a legacy token', () => {
  it('is worth nothing without JWT_SECRET', async () => {
    await using kit = await startTokenKit({ env: { JWT_SECRET: '' } })
    await expect(kit.verify(legacyToken())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(kit.reasons).toEqual(['its issuer is not known'])
  })

  it('is good without typ in its header', async () => {
    await using kit = await startTokenKit()
    const token = craft({ alg: 'HS256' }, legacyClaims(), { alg: 'HS256', key: jwtSecret })
    expect(await kit.verify(token)).toMatchObject({ kind: 'legacy', accounts: [{ id: 7 }], issuedAt: null })
  })
})

describe('the memory of good tokens', () => {
  it('does not outlive a token', async () => {
    let ahead = 0
    await using kit = await startTokenKit({ now: () => Date.now() + ahead })
    const token = ownToken(kit, { exp: seconds() + 60 })
    const first = await kit.verify(token)
    expect(await kit.verify(token)).toBe(first)
    ahead = 64_000 - (Date.now() % 1000)
    expect(await kit.verify(token)).toBe(first)
    ahead = 66_000
    await expect(kit.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('holds so many tokens and no more, the least used going first', async () => {
    await using kit = await startTokenKit({ cacheSize: 2 })
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => ownToken(kit, { jti })) as [string, string, string]
    const first = await kit.verify(a)
    const second = await kit.verify(b)
    expect(await kit.verify(a)).toBe(first)
    await kit.verify(c)
    expect(await kit.verify(a)).toBe(first)
    expect(await kit.verify(b)).not.toBe(second)
  })

  it('does not take a token for another that begins the same', async () => {
    await using kit = await startTokenKit()
    const token = ownToken(kit)
    await kit.verify(token)
    const [header, claims] = token.split('.')
    await expect(kit.verify(`${header}.${claims}.${'A'.repeat(86)}`)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})

describe('a revocation', () => {
  it.each([
    ['session', (token: TokenIdentity) => token.session === session],
    ['id', (token: TokenIdentity) => token.jti === 'a-token'],
    ['user and time', (token: TokenIdentity) => token.userId === 7 && token.issuedAt !== null],
  ])('by %s holds at once, and for remembered tokens too', async (_, which) => {
    const { revocations, take, seen } = takingBack()
    await using kit = await startTokenKit({ revocations })
    const token = ownToken(kit)
    await kit.verify(token)
    await kit.verify(token)
    expect(seen).toHaveLength(2)
    take(which)
    await expect(kit.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(kit.reasons).toEqual(['it was taken back'])
  })

  it('is asked by what each kind of token has', async () => {
    const { revocations, seen } = takingBack()
    await using kit = await startTokenKit({ revocations })
    await kit.verify(legacyToken())
    await kit.verify(outsideToken(kit))
    expect(seen).toEqual([
      { session: null, jti: null, userId: 7, issuedAt: null },
      { session: null, jti: 'an-outside-token', userId: null, issuedAt: expect.any(Date) },
    ])
  })
})
