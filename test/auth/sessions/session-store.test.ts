import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweep } from '../../../src/auth/sessions/housekeeping.ts'
import { createRefreshToken, hashRefreshToken } from '../../../src/auth/sessions/refresh-token.ts'
import { SessionStore } from '../../../src/auth/sessions/session-store.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'

let databases: TestDatabases
let client: Client
let store: SessionStore

const queryable = (over: Client) => ({
  query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await over.query<Row>(text, [...values])).rows,
})

beforeAll(async () => {
  databases = await cloneDatabases()
  client = await databases.client('platform')
  store = new SessionStore(queryable(client), 60)
})

afterAll(() => databases[Symbol.asyncDispose]())

async function now(): Promise<string> {
  const { rows } = await client.query<{ now: string }>('SELECT clock_timestamp()::text AS now')
  return rows[0]?.now ?? ''
}

/** A session of a user, and its first token; undefined when it was not begun. */
async function begun(user: number, admittedAt: string, over = store) {
  const [id, tokenHash] = [randomUUID(), hashRefreshToken(createRefreshToken())]
  const origin = { address: '::1', userAgent: undefined, audience: 'tributary' } as const
  const expiresAt = await over.begin({ id, user, tokenHash, admittedAt, ...origin })
  return expiresAt && { id, tokenHash }
}

/** Resolves when a statement waits for another transaction. */
async function somebodyWaits(): Promise<void> {
  const watcher = await databases.client('platform')
  for (;;) {
    const { rowCount } = await watcher.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    if (rowCount) return
  }
}

describe('a refresh token', () => {
  it('is rotated once, though two begin before either has ended', async () => {
    const session = await begun(4, await now())
    const tokenHash = session?.tokenHash ?? Buffer.alloc(0)
    const other = await databases.client('platform')
    await other.query('BEGIN')
    const first = await new SessionStore(queryable(other), 60).rotate(
      tokenHash,
      hashRefreshToken(createRefreshToken()),
    )
    const second = store.rotate(tokenHash, hashRefreshToken(createRefreshToken()))
    await somebodyWaits()
    await other.query('COMMIT')
    expect(first).toBeInstanceOf(Date)
    expect(await second).toBeUndefined()
  })

  it('is not rotated when its session ends meanwhile', async () => {
    const session = await begun(5, await now())
    const other = await databases.client('platform')
    await other.query('BEGIN')
    await new SessionStore(queryable(other), 60).end(session?.id ?? '', 'sign-out')
    const rotating = store.rotate(
      session?.tokenHash ?? Buffer.alloc(0),
      hashRefreshToken(createRefreshToken()),
    )
    await somebodyWaits()
    await other.query('COMMIT')
    expect(await rotating).toBeUndefined()
  })
})

describe('a session that begins while its user is signed out everywhere', () => {
  it('is not begun when the sign-out came first', async () => {
    const admittedAt = await now()
    await store.endAll(1, 'sign-out-everywhere')
    expect(await begun(1, admittedAt)).toBeUndefined()
    expect(await begun(1, await now())).toBeDefined()
  })

  it('is ended when it came first, even if it commits while the sign-out waits', async () => {
    const other = await databases.client('platform')
    await other.query('BEGIN')
    const session = await begun(2, await now(), new SessionStore(queryable(other), 60))
    const ending = store.endAll(2, 'sign-out-everywhere')
    await somebodyWaits()
    await other.query('COMMIT')
    expect((await ending).sessions).toEqual([session?.id])
  })
})

it('sweeping takes what is over, and nothing else', async () => {
  const [old, live] = [await begun(3, await now()), await begun(3, await now())]
  await client.query(
    "UPDATE tributary.refresh_tokens SET expires_at = now() - interval '2 days' WHERE hash = $1",
    [old?.tokenHash],
  )
  await client.query(
    "UPDATE tributary.user_sessions SET last_used_at = now() - interval '31 days' WHERE id = ANY ($1)",
    [[old?.id, live?.id]],
  )
  await sweep(queryable(client))
  const { rows } = await client.query('SELECT id FROM tributary.user_sessions WHERE user_id = 3')
  expect(rows).toEqual([{ id: live?.id }])
  expect(await store.find(live?.tokenHash ?? Buffer.alloc(0))).toMatchObject({ isUsed: false, isOver: false })
})
