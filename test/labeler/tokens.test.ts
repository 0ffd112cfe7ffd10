/*
 * People of the Labeler sign in here; its backend believes their tokens for the published keys alone.
 */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ask,
  perform,
  rightPassword,
  type SignInWorld,
  signedIn,
  startSignInWorld,
} from '../auth/sign-in-kit.ts'
import { type LabelerService, startLabelerService } from './labeler-service.ts'
import { lackingForPython, python } from './python.ts'

const issuer = 'https://graph.example.org'
const serviceSecret = 'what the platform and the Labeler share'
const email = 'ada@example.com'
const lacking = lackingForPython()

let world: SignInWorld
let labeler: LabelerService
let origin: string
let id: number

beforeAll(async () => {
  world = await startSignInWorld({ AUTH_ISSUER: issuer, SERVICE_JWT_SECRET: serviceSecret })
  id = await world.person({ email })
  origin = new URL(world.gateway.url).origin
  labeler = await startLabelerService({ origin, issuer })
})
afterAll(async () => {
  await labeler[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

const tokensFor = (audience: 'LABELER' | 'TRIBUTARY') => signedIn(world.gateway, email, { audience })

/** A token with another key, or another text, in the place of the real one's. */
async function forged(claims: object, header: object = {}): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  const jwk = await exportJWK(publicKey)
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ sub: String(id), type: 'access', email, role: 'admin', jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', jwk, ...header })
    .setIssuer(issuer)
    .setAudience('labeler')
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(privateKey)
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Tokens that no Labeler may believe, by what is wrong with them. */
async function unbelievable(): Promise<Readonly<Record<string, string>>> {
  const { accessToken: good, refreshToken } = await tokensFor('LABELER')
  const [head = '', body = '', signature = ''] = good.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly kid: string }
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const { accessToken: forTheGraph } = await tokensFor('TRIBUTARY')
  const { token: forSingleSignOn = '' } = await perform(
    world.gateway,
    'labelerSignIn',
    {},
    { token: forTheGraph },
  )
  expect(forSingleSignOn).not.toBe('')
  return {
    'for the graph': forTheGraph,
    'for the single sign-on': forSingleSignOn,
    'a refresh token': refreshToken,
    'with other claims': [head, encoded({ ...claims, role: 'admin', sub: '1' }), signature].join('.'),
    'without a signature': [encoded({ alg: 'none', typ: 'at+jwt' }), body, ''].join('.'),
    'with the signature cut off': [head, body, ''].join('.'),
    'by a key that it brings along': await forged({}),
    'by another key of the same name': await forged({}, { kid: header.kid }),
    'by nobody': 'nothing',
  }
}

describe('a backend that has the published keys', () => {
  test('knows who signed in for the Labeler', async () => {
    const { accessToken, refreshToken } = await tokensFor('LABELER')
    const person = { status: 200, body: { id, email, role: 'standard_engineer' } }
    expect(await labeler.whoIs(accessToken)).toEqual(person)
    const { tokens } = await perform(world.gateway, 'refreshToken', { refreshToken })
    expect(await labeler.whoIs(tokens?.accessToken ?? '')).toEqual(person)
  })

  test('refuses every other token', async () => {
    const believed: string[] = []
    for (const [what, token] of Object.entries(await unbelievable()))
      if ((await labeler.whoIs(token)).status !== 401) believed.push(what)
    expect(believed).toEqual([])
  })

  test.skipIf(lacking)(`is as well served in Python${lacking ? ` (skipped: ${lacking})` : ''}`, async () => {
    const { accessToken } = await tokensFor('LABELER')
    const args = ['check', origin, issuer]
    expect(await python(args, accessToken)).toEqual({
      status: 0,
      answer: { id, email, role: 'standard_engineer' },
    })
    const believed: string[] = []
    for (const [what, token] of Object.entries(await unbelievable()))
      if ((await python(args, token)).status !== 1) believed.push(what)
    expect(believed).toEqual([])
  })
})

describe('the Labeler’s single sign-on', () => {
  test('gets a token that it can check with the shared secret, for five minutes', async () => {
    const { accessToken } = await tokensFor('TRIBUTARY')
    const { token = '' } = await perform(world.gateway, 'labelerSignIn', {}, { token: accessToken })
    const { payload } = await jwtVerify(token, new TextEncoder().encode(serviceSecret), {
      issuer: 'platform',
      audience: 'labeler',
      algorithms: ['HS256'],
    })
    const { iat = 0, exp = 0, ...claims } = payload
    expect(exp - iat).toBe(300)
    expect(claims).toEqual({
      iss: 'platform',
      aud: 'labeler',
      type: 'service',
      user_id: id,
      email,
      full_name: null,
      system_role: 'standard_engineer',
      badge_color: null,
    })
    const answer = await ask(world.gateway, '{ __typename }', {}, { token })
    expect(answer.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED')
  })

  test('is closed to tokens of the Labeler', async () => {
    const { accessToken } = await tokensFor('LABELER')
    const outcome = await perform(world.gateway, 'labelerSignIn', {}, { token: accessToken })
    expect(outcome.__typename).toBe('NotPermitted')
  })
})

test('a wrong password signs nobody in for the Labeler', async () => {
  const outcome = await perform(world.gateway, 'signIn', {
    email,
    password: `${rightPassword}r`,
    audience: 'LABELER',
  })
  expect(outcome.__typename).toBe('InvalidCredentials')
})
