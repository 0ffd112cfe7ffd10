import { once } from 'node:events'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SessionRevocations } from '../../../src/auth/sessions/session-revocations.ts'
import { SessionStore } from '../../../src/auth/sessions/session-store.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'

let databases: TestDatabases

beforeAll(async () => {
  databases = await cloneDatabases()
})

afterAll(() => databases[Symbol.asyncDispose]())

async function state() {
  const client = await databases.client('platform')
  return {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows,
  }
}

const token = { session: null, jti: null, userId: 7, issuedAt: null }
const log = pino({ level: 'silent' })

async function started(tokenLifetime = 3600) {
  const revocations = new SessionRevocations({ state: await state(), tokenLifetime, log, pollMs: 10 })
  await revocations.start()
  return revocations
}

/** Resolves at the next change. */
function changed(revocations: SessionRevocations): Promise<unknown> {
  const events = new EventTarget()
  revocations.onChange(() => events.dispatchEvent(new Event('change')))
  return once(events, 'change')
}

it('sees a session’s end elsewhere', async () => {
  await using revocations = await started()
  const store = new SessionStore(await state(), 60)
  const session = '0b9c4f6e-5f0a-4a53-9a65-7a6a3b1f6a01'
  const { query } = await state()
  await query(
    "INSERT INTO tributary.user_sessions (id, user_id, audience, address) VALUES ($1, 7, 'tributary', '')",
    [session],
  )
  expect(revocations.isRevoked({ ...token, session })).toBe(false)
  const change = changed(revocations)
  await store.end(session, 'sign-out')
  await change
  expect(revocations.isRevoked({ ...token, session })).toBe(true)
  expect(revocations.isRevoked({ ...token, session: 'another' })).toBe(false)
})

it('voids tokens without a session that were issued before their user was signed out everywhere', async () => {
  await using revocations = await started()
  const change = changed(revocations)
  const { epoch } = await new SessionStore(await state(), 60).endAll(7, 'sign-out-everywhere')
  await change
  const issued = (offset: number) => ({ ...token, issuedAt: new Date(epoch.getTime() + offset) })
  expect(revocations.isRevoked(issued(-1_000))).toBe(true)
  expect(revocations.isRevoked(issued(1_000))).toBe(false)
  expect(revocations.isRevoked({ ...issued(-1_000), userId: 8 })).toBe(false)
  expect(revocations.isRevoked({ ...issued(-1_000), userId: null })).toBe(false)
  expect(revocations.isRevoked(token)).toBe(true)
  expect(revocations.isRevoked({ ...issued(-1_000), session: 'one of ours' })).toBe(false)
  await using later = await started(0)
  expect(later.isRevoked(token)).toBe(false)
  expect(later.isRevoked(issued(-1_000))).toBe(true)
})

it('believes no session before it has seen the state, and tokens without one always', async () => {
  const away = { query: () => Promise.reject(new Error('away')) }
  await using revocations = new SessionRevocations({ state: away, tokenLifetime: 3600, log })
  await revocations.start()
  expect(revocations.isRevoked({ ...token, session: 'any' })).toBe(true)
  expect(revocations.isRevoked(token)).toBe(false)
})
