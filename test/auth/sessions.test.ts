import { verify } from '@node-rs/bcrypt'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  ask,
  mutationNames,
  perform,
  rightPassword,
  type SignInWorld,
  signedIn,
  startSignInWorld,
} from './sign-in-kit.ts'

let world: SignInWorld
let count = 0

beforeAll(async () => {
  world = await startSignInWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

/** A new account. */
async function person(options: Partial<Parameters<SignInWorld['person']>[0]> = {}) {
  const email = `person-${++count}@example.org`
  return { email, id: await world.person({ email, ...options }) }
}

const sessionOf = (accessToken: string) => String(decodeJwt(accessToken).sid)

async function endOf(accessToken: string): Promise<string | null> {
  const { rows } = await world.state.query<{ end_reason: string | null }>(
    'SELECT end_reason FROM tributary.user_sessions WHERE id = $1',
    [sessionOf(accessToken)],
  )
  return rows[0]?.end_reason ?? null
}

/** The code of the error with which a request with the token is refused; undefined when it is answered. */
async function refusalOf(token: string, gateway: { readonly url: string } = world.gateway) {
  const { errors } = await ask(gateway, '{ __typename }', {}, { token })
  return errors?.[0]?.extensions?.code
}

describe('signIn', () => {
  it('begins a session whose tokens are good', async () => {
    const { email, id } = await person()
    const before = Date.now()
    const tokens = await signedIn(world.gateway, email)
    expect(tokens.refreshToken).toMatch(/^[\w-]{43}$/)
    expect(Date.parse(tokens.accessTokenExpiresAt) - before).toBeGreaterThan(3_590_000)
    expect(Date.parse(tokens.refreshTokenExpiresAt) - before).toBeGreaterThan(604_790_000)
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ sub: String(id), email, aud: 'tributary' })
    expect(await refusalOf(tokens.accessToken)).toBeUndefined()
  })

  it('finds the account whatever the case of the address, where that is unambiguous', async () => {
    await world.person({ email: 'Ada.Lovelace@example.org' })
    await world.person({ email: 'twice@example.org' })
    await world.person({ email: 'Twice@example.org', password: 'another one' })
    await signedIn(world.gateway, ' ada.lovelace@EXAMPLE.org ')
    await signedIn(world.gateway, 'twice@example.org')
    const outcome = await perform(world.gateway, 'signIn', {
      email: 'TWICE@example.org',
      password: rightPassword,
    })
    expect(outcome.code).toBe('INVALID_CREDENTIALS')
  })

  it('answers the same for every way of not being right', async () => {
    const known = await person()
    const wrong = [
      { email: 'nobody@example.org', password: rightPassword },
      { email: 'nobody\u0000@example.org', password: rightPassword },
      { email: '', password: '' },
      { email: known.email, password: 'correct horsf' },
      { email: known.email, password: '' },
      { email: known.email, password: `${rightPassword}\u0000` },
      { email: (await person({ isActive: false })).email, password: rightPassword },
      { email: (await person({ hash: null })).email, password: '' },
      { email: (await person({ hash: '' })).email, password: '' },
      { email: (await person({ hash: rightPassword })).email, password: rightPassword },
      { email: (await person({ hash: '!locked' })).email, password: rightPassword },
    ]
    for (const input of wrong)
      expect(await perform(world.gateway, 'signIn', input), JSON.stringify(input)).toEqual({
        __typename: 'InvalidCredentials',
        code: 'INVALID_CREDENTIALS',
        message: 'The e-mail address or the password is not right.',
      })
  })

  it('makes a cheap hash anew, and leaves a dear one', async () => {
    const cheaper = await startSignInWorld({ BCRYPT_COST: '6' })
    await using _ = cheaper
    await cheaper.person({ email: 'old@example.org', cost: 4 })
    await cheaper.person({ email: 'new@example.org', cost: 7 })
    await signedIn(cheaper.gateway, 'old@example.org')
    await signedIn(cheaper.gateway, 'new@example.org')
    const { rows } = await cheaper.users.query<{ hash: string }>(
      'SELECT hashed_password AS hash FROM users ORDER BY id',
    )
    const [old = '', recent = ''] = rows.map(({ hash }) => hash)
    expect([old, recent].map((hash) => hash.slice(0, 7))).toEqual(['$2b$06$', '$2b$07$'])
    expect(await verify(rightPassword, old)).toBe(true)
  })

  it('is tried once a request, however the request is written', async () => {
    const { email } = await person()
    const input = `{ email: "${email}", password: "${rightPassword}" }`
    const documents = [
      `mutation { a: signIn(input: ${input}) { __typename } b: signIn(input: ${input}) { __typename } }`,
      `mutation { ...F ... on Mutation { b: signIn(input: ${input}) { __typename } } }
       fragment F on Mutation { a: signIn(input: ${input}) { __typename } }`,
      `mutation { a: signIn(input: ${input}) { __typename }
        b: refreshToken(input: { refreshToken: "x" }) { __typename } }`,
    ]
    for (const document of documents) {
      const { data, errors } = await ask(world.gateway, document)
      expect(data).toEqual({ a: null, b: null })
      expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['ALIAS_LIMIT', 'ALIAS_LIMIT'])
    }
  })
})

describe('refreshToken', () => {
  it('puts new tokens in the place of the old', async () => {
    const { email } = await person()
    const first = await signedIn(world.gateway, email)
    const outcome = await perform(world.gateway, 'refreshToken', { refreshToken: first.refreshToken })
    const second = outcome.tokens
    expect(second?.refreshToken).not.toBe(first.refreshToken)
    expect(sessionOf(second?.accessToken ?? '')).toBe(sessionOf(first.accessToken))
    expect(await refusalOf(second?.accessToken ?? '')).toBeUndefined()
  })

  it('ends the session when an old token comes again, with all its tokens', async () => {
    const { email } = await person()
    const first = await signedIn(world.gateway, email)
    const second = await perform(world.gateway, 'refreshToken', { refreshToken: first.refreshToken })
    const reuse = await perform(world.gateway, 'refreshToken', { refreshToken: first.refreshToken })
    const newest = await perform(world.gateway, 'refreshToken', {
      refreshToken: second.tokens?.refreshToken,
    })
    expect([reuse.code, newest.code]).toEqual(['INVALID_REFRESH_TOKEN', 'INVALID_REFRESH_TOKEN'])
    expect(reuse).toEqual(newest)
    expect(await endOf(first.accessToken)).toBe('reuse')
    expect(await refusalOf(first.accessToken)).toBe('UNAUTHENTICATED')
    expect(await refusalOf(second.tokens?.accessToken ?? '')).toBe('UNAUTHENTICATED')
  })

  it('has one winner among many at once, over two replicas, and takes the others for a theft', async () => {
    const { email } = await person()
    const { accessToken, refreshToken } = await signedIn(world.gateway, email)
    const gateways = [world.gateway, await world.replica()]
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        perform(gateways[index % 2] ?? world.gateway, 'refreshToken', { refreshToken }),
      ),
    )
    const winners = outcomes.filter(({ tokens }) => tokens)
    expect(winners.length).toBe(1)
    expect(outcomes.filter(({ code }) => code === 'INVALID_REFRESH_TOKEN').length).toBe(19)
    const { rows } = await world.state.query(
      'SELECT used_at IS NULL AS unused FROM tributary.refresh_tokens WHERE session = $1 ORDER BY issued_at',
      [sessionOf(accessToken)],
    )
    expect(rows).toEqual([{ unused: false }, { unused: true }])
    expect(await endOf(accessToken)).toBe('reuse')
    const after = await perform(world.gateway, 'refreshToken', {
      refreshToken: winners[0]?.tokens?.refreshToken,
    })
    expect(after.code).toBe('INVALID_REFRESH_TOKEN')
  })

  it('refuses what is unknown, out of date, or of a locked account, whose session it ends', async () => {
    const { email, id } = await person()
    const expired = await signedIn(world.gateway, email)
    await world.state.query('UPDATE tributary.refresh_tokens SET expires_at = now() WHERE session = $1', [
      sessionOf(expired.accessToken),
    ])
    const locked = await signedIn(world.gateway, email)
    await world.users.query('UPDATE users SET is_active = false WHERE id = $1', [id])
    for (const refreshToken of ['', 'unknown', expired.refreshToken, locked.refreshToken])
      expect((await perform(world.gateway, 'refreshToken', { refreshToken })).code).toBe(
        'INVALID_REFRESH_TOKEN',
      )
    expect(await endOf(locked.accessToken)).toBe('account-closed')
    expect(await refusalOf(locked.accessToken)).toBe('UNAUTHENTICATED')
  })
})

describe('signOut', () => {
  it('ends the session of the access token, and no other', async () => {
    const { email } = await person()
    const [one, other] = [await signedIn(world.gateway, email), await signedIn(world.gateway, email)]
    const outcome = await perform(world.gateway, 'signOut', {}, { token: one.accessToken })
    expect(outcome.endedSessions).toBe(1)
    expect(await refusalOf(one.accessToken)).toBe('UNAUTHENTICATED')
    expect((await perform(world.gateway, 'refreshToken', { refreshToken: one.refreshToken })).code).toBe(
      'INVALID_REFRESH_TOKEN',
    )
    expect(await refusalOf(other.accessToken)).toBeUndefined()
  })

  it('ends the session of a refresh token, without an access token', async () => {
    const { email } = await person()
    const { accessToken, refreshToken } = await signedIn(world.gateway, email)
    expect((await perform(world.gateway, 'signOut', { refreshToken })).endedSessions).toBe(1)
    expect((await perform(world.gateway, 'signOut', { refreshToken })).endedSessions).toBe(0)
    expect((await perform(world.gateway, 'signOut', { refreshToken: 'unknown' })).endedSessions).toBe(0)
    expect(await refusalOf(accessToken)).toBe('UNAUTHENTICATED')
  })

  it('is seen by another replica within a second', async () => {
    const { email } = await person()
    const { accessToken } = await signedIn(world.gateway, email)
    const replica = await world.replica()
    expect(await refusalOf(accessToken, replica)).toBeUndefined()
    await perform(world.gateway, 'signOut', {}, { token: accessToken })
    await vi.waitFor(async () => expect(await refusalOf(accessToken, replica)).toBe('UNAUTHENTICATED'), {
      timeout: 1_000,
      interval: 20,
    })
  })

  it('is known to a replica that starts afterwards', async () => {
    const { email } = await person()
    const { accessToken } = await signedIn(world.gateway, email)
    await perform(world.gateway, 'signOut', {}, { token: accessToken })
    expect(await refusalOf(accessToken, await world.replica())).toBe('UNAUTHENTICATED')
  })
})

describe('signOutEverywhere', () => {
  it('ends every session of the person, and hinders no new one', async () => {
    const [{ email }, bystander] = [await person(), await person()]
    const sessions = await Promise.all([1, 2, 3].map(() => signedIn(world.gateway, email)))
    const untouched = await signedIn(world.gateway, bystander.email)
    const token = sessions[0]?.accessToken ?? ''
    const outcome = await perform(world.gateway, 'signOutEverywhere', {}, { token })
    expect(outcome.endedSessions).toBe(3)
    for (const { accessToken } of sessions) expect(await refusalOf(accessToken)).toBe('UNAUTHENTICATED')
    expect(await refusalOf(untouched.accessToken)).toBeUndefined()
    expect(await refusalOf((await signedIn(world.gateway, email)).accessToken)).toBeUndefined()
  })

  it('is for people who are signed in', async () => {
    expect(await perform(world.gateway, 'signOutEverywhere')).toMatchObject({
      __typename: 'NotSignedIn',
      code: 'NOT_SIGNED_IN',
    })
  })
})

describe('changePassword', () => {
  const newPassword = 'staple battery'

  it('sets the password, ends the other sessions, and goes on with this one', async () => {
    const { email, id } = await person()
    await world.users.query("UPDATE users SET password_reset_token = 'pending' WHERE id = $1", [id])
    const [here, elsewhere] = [await signedIn(world.gateway, email), await signedIn(world.gateway, email)]
    const outcome = await perform(
      world.gateway,
      'changePassword',
      { oldPassword: rightPassword, newPassword },
      { token: here.accessToken },
    )
    expect(outcome).toEqual({ __typename: 'ChangePasswordSuccess', endedSessions: 1 })
    expect(await refusalOf(here.accessToken)).toBeUndefined()
    expect(await refusalOf(elsewhere.accessToken)).toBe('UNAUTHENTICATED')
    expect((await perform(world.gateway, 'signIn', { email, password: rightPassword })).code).toBe(
      'INVALID_CREDENTIALS',
    )
    const { rows } = await world.users.query(
      'SELECT hashed_password AS hash, password_reset_token AS reset FROM users WHERE id = $1',
      [id],
    )
    expect(rows[0].hash).toMatch(/^\$2b\$04\$/)
    expect(await verify(newPassword, rows[0].hash)).toBe(true)
    expect(rows[0].reset).toBeNull()
    const refreshed = await perform(world.gateway, 'refreshToken', { refreshToken: here.refreshToken })
    expect(refreshed.__typename).toBe('RefreshTokenSuccess')
  })

  it('wants the old password, and a new one that every reader of the hash takes as it is', async () => {
    const { email } = await person()
    const { accessToken: token } = await signedIn(world.gateway, email)
    const change = async (oldPassword: string, wanted: string) =>
      (await perform(world.gateway, 'changePassword', { oldPassword, newPassword: wanted }, { token })).code
    expect(await change('wrong', newPassword)).toBe('INVALID_CREDENTIALS')
    for (const unsuitable of [
      'seven77',
      'x'.repeat(73),
      'ä'.repeat(37),
      'with\u0000null',
      '\ud800 surrogate',
    ])
      expect(await change(rightPassword, unsuitable), unsuitable).toBe('PASSWORD_UNSUITABLE')
    await signedIn(world.gateway, email)
  })
})

describe('labelerSignIn', () => {
  it('issues the five-minute token of the Labeler’s single sign-on', async () => {
    const { email, id } = await person()
    const { accessToken: token } = await signedIn(world.gateway, email)
    const outcome = await perform(world.gateway, 'labelerSignIn', {}, { token })
    const claims = decodeJwt(outcome.token ?? '')
    expect(claims).toMatchObject({ iss: 'platform', aud: 'labeler', type: 'service', user_id: id, email })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300)
    expect(await refusalOf(outcome.token ?? '')).toBe('UNAUTHENTICATED')
  })

  it('says what is missing where there is no key for it', async () => {
    await using without = await startSignInWorld({ SERVICE_JWT_SECRET: '' })
    await without.person({ email: 'a@example.org' })
    const { accessToken: token } = await signedIn(without.gateway, 'a@example.org')
    expect(await perform(without.gateway, 'labelerSignIn', {}, { token })).toMatchObject({
      __typename: 'NotAvailable',
      code: 'NOT_AVAILABLE',
      message: expect.stringContaining('SERVICE_JWT_SECRET'),
    })
  })
})

describe('a session for the Labeler', () => {
  it('keeps its audience, and its tokens change nothing', async () => {
    const { email } = await person()
    const { accessToken, refreshToken } = await signedIn(world.gateway, email, { audience: 'LABELER' })
    expect(decodeJwt(accessToken).aud).toBe('labeler')
    const inputs = {
      signIn: { email, password: rightPassword },
      refreshToken: { refreshToken },
      signOut: { refreshToken },
      signOutEverywhere: {},
      changePassword: { oldPassword: rightPassword, newPassword: 'staple battery' },
      labelerSignIn: {},
    }
    for (const name of mutationNames)
      expect(
        (await perform(world.gateway, name, inputs[name], { token: accessToken })).__typename,
        name,
      ).toBe('NotPermitted')
    const { tokens } = await perform(world.gateway, 'refreshToken', { refreshToken })
    expect(decodeJwt(tokens?.accessToken ?? '').aud).toBe('labeler')
  })
})

describe('without the gateway’s state', () => {
  it('signing in says what to do, and reading goes on', async () => {
    await using world = await startSignInWorld({}, { withoutState: true })
    await world.person({ email: 'a@example.org' })
    const outcome = await perform(world.gateway, 'signIn', {
      email: 'a@example.org',
      password: rightPassword,
    })
    expect(outcome).toMatchObject({
      __typename: 'NotAvailable',
      code: 'GATEWAY_STATE_MISSING',
      message: expect.stringContaining('tributary db migrate gateway'),
    })
    expect(await ask(world.gateway, '{ __typename sources { status } }')).not.toHaveProperty('errors')
  })
})
