import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SignInAttempts } from '../../src/auth/limits/sign-in-attempts.ts'
import type { TestGateway } from '../support/gateway.ts'
import {
  type Outcome,
  perform,
  rightPassword,
  type SignInWorld,
  signedIn,
  startSignInWorld,
} from './sign-in-kit.ts'

let world: SignInWorld
let gateways: readonly [TestGateway, TestGateway]

beforeAll(async () => {
  world = await startSignInWorld()
  gateways = [world.gateway, await world.replica()]
})

afterAll(() => world[Symbol.asyncDispose]())

const attempt = (
  email: string,
  password: string,
  { index = 0, address = undefined as string | undefined } = {},
) => perform(gateways[index % 2] ?? world.gateway, 'signIn', { email, password }, address ? { address } : {})

async function times(
  count: number,
  one: (index: number) => Promise<Outcome>,
): Promise<(string | undefined)[]> {
  const codes: (string | undefined)[] = []
  for (let index = 0; index < count; index++) codes.push((await one(index)).code)
  return codes
}

const tenFailures = [...Array(10).fill('INVALID_CREDENTIALS'), 'SIGN_IN_LIMITED']

describe('an account', () => {
  it('takes ten failures in a quarter of an hour, over all replicas, and is then closed to everybody', async () => {
    await world.person({ email: 'known@example.org' })
    expect(await times(11, (index) => attempt('known@example.org', 'wrong', { index }))).toEqual(tenFailures)
    const limited = await attempt('KNOWN@example.org', rightPassword)
    expect(limited).toMatchObject({ __typename: 'SignInLimited', code: 'SIGN_IN_LIMITED' })
    expect(limited.retryAfter).toBeGreaterThan(890)
    expect(limited.retryAfter).toBeLessThanOrEqual(900)
    await world.state.query(
      "UPDATE tributary.sign_in_attempts SET window_started_at = now() - interval '15 minutes'",
    )
    await signedIn(world.gateway, 'known@example.org')
  })

  it('that does not exist, or is locked, is limited alike', async () => {
    await world.person({ email: 'locked@example.org', isActive: false })
    for (const email of ['nobody@example.org', 'locked@example.org'])
      expect(await times(11, (index) => attempt(email, rightPassword, { index }))).toEqual(tenFailures)
  })

  it('is looked at ten times when many guess at once', async () => {
    await world.person({ email: 'crowd@example.org' })
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) => attempt('crowd@example.org', 'wrong', { index })),
    )
    const codes = Object.groupBy(outcomes, ({ code }) => String(code))
    expect(codes.INVALID_CREDENTIALS?.length).toBe(10)
    expect(codes.SIGN_IN_LIMITED?.length).toBe(30)
  })

  it('starts anew after the right password', async () => {
    await world.person({ email: 'forgetful@example.org' })
    for (const _ of [1, 2]) {
      await times(9, () => attempt('forgetful@example.org', 'wrong'))
      await signedIn(world.gateway, 'forgetful@example.org')
    }
  })

  it('counts wrong old passwords of changePassword', async () => {
    await world.person({ email: 'changing@example.org' })
    const { accessToken: token } = await signedIn(world.gateway, 'changing@example.org')
    const input = { oldPassword: 'wrong', newPassword: 'staple battery' }
    expect(await times(11, () => perform(world.gateway, 'changePassword', input, { token }))).toEqual(
      tenFailures,
    )
    expect((await attempt('changing@example.org', rightPassword)).code).toBe('SIGN_IN_LIMITED')
  })
})

describe('an address', () => {
  it('takes fifty failures, and does no more to accounts after that', async () => {
    const address = '203.0.113.7'
    const codes = await times(55, (index) =>
      attempt(`guess-${index}@example.org`, 'wrong', { index, address }),
    )
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS').length).toBe(50)
    expect(codes.slice(50)).toEqual(Array(5).fill('SIGN_IN_LIMITED'))
    await world.person({ email: 'victim@example.org' })
    await times(11, () => attempt('victim@example.org', 'wrong', { address }))
    await signedIn(world.gateway, 'victim@example.org')
  })

  it('is not used up by those who know their passwords', async () => {
    await world.person({ email: 'office@example.org' })
    const address = '203.0.113.8'
    const codes = await times(60, () => attempt('office@example.org', rightPassword, { address }))
    expect(new Set(codes)).toEqual(new Set([undefined]))
  })

  it('is the whole /64 of an IPv6 client, and the IPv4 address where that is mapped', async () => {
    const state = {
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await world.state.query<Row>(text, [...values])).rows,
    }
    const attempts = new SignInAttempts(state, { perAccount: 100, perAddress: 1, windowSeconds: 900 })
    const admit = async (address: string) => (await attempts.admit({ email: 'x', address })).kind
    expect(await admit('2001:db8::1')).toBe('admitted')
    expect(await admit('2001:0db8:0:0:ffff::2')).toBe('limited')
    expect(await admit('2001:db8:0:1::1')).toBe('admitted')
    expect(await admit('fe80::1%eth0')).toBe('admitted')
    expect(await admit('fe80::2')).toBe('limited')
    expect(await admit('198.51.100.1')).toBe('admitted')
    expect(await admit('::ffff:198.51.100.1')).toBe('limited')
    expect(await admit('::1')).toBe('admitted')
  })
})

it('the table of attempts names no account', async () => {
  const { rows } = await world.state.query(
    "SELECT subject FROM tributary.sign_in_attempts WHERE kind = 'account'",
  )
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.filter(({ subject }) => !/^[0-9a-f]{64}$/.test(subject))).toEqual([])
})
