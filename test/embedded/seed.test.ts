import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sourceNames } from '../../src/config/source-names.ts'
import { isSeeded, seed } from '../../src/embedded/seed/seed.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'

const sources = sourceNames.map(({ name }) => name)

let seeded: TestDatabases
let platform: Client
let users: Client
let inference: Client

beforeAll(async () => {
  seeded = await cloneDatabases({ seeded: true })
  platform = await seeded.client('platform')
  users = await seeded.client('users')
  inference = await seeded.client('inference')
})

afterAll(() => seeded[Symbol.asyncDispose]())

/** Each table's number of rows and the digest of all of them in the order of their text. */
async function digests(client: Client): Promise<Record<string, unknown>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_stat_user_tables
     WHERE schemaname = 'public' AND relname <> 'tributary_migrations' ORDER BY 1`,
  )
  const result: Record<string, unknown> = {}
  for (const { name } of rows) {
    const content = `SELECT count(*)::int AS rows, md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C")) AS digest FROM ${name} t`
    result[name] = (await client.query(content)).rows[0]
  }
  return result
}

/** The first column of the first row. */
async function value<T>(client: Client, sql: string): Promise<T> {
  const { rows } = await client.query({ text: sql, rowMode: 'array' })
  return rows[0]?.[0] as T
}

describe('another run', () => {
  test('writes the same bytes, continues what was cut off, and is refused where there are users', async () => {
    await using again = await cloneDatabases()
    expect(await isSeeded(again.urls)).toBe(false)
    const lines: string[] = []
    await seed({ urls: again.urls, log: (line) => lines.push(line) })
    const filled = lines.map((line) => line.split(':')[0])
    expect(filled.toSorted()).toEqual(sources.toSorted())
    expect(filled.at(-1)).toBe('users')
    for (const source of sources) {
      const client = await again.client(source)
      const found = await digests(client)
      expect(Object.keys(found).length).toBeGreaterThan(0)
      expect(found).toEqual(await digests(await seeded.client(source)))
    }

    const cutOff = await again.client('users')
    await cutOff.query('TRUNCATE organizations, users, project_members, invitations RESTART IDENTITY')
    lines.length = 0
    await seed({ urls: again.urls, log: (line) => lines.push(line) })
    expect(lines).toEqual([expect.stringMatching(/^users: \d+ rows$/)])
    expect(await digests(cutOff)).toEqual(await digests(users))

    lines.length = 0
    await seed({ urls: again.urls, log: (line) => lines.push(line) })
    expect(lines).toEqual(['users has rows already: nothing was seeded'])
  })

  test('may be at work at the same time', async () => {
    await using twice = await cloneDatabases()
    const runs = await Promise.allSettled([seed({ urls: twice.urls }), seed({ urls: twice.urls })])
    expect(runs.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(await digests(await twice.client('users'))).toEqual(await digests(users))
  })
})

describe('users', () => {
  test('hold the people to sign in as, every role, and people without organization or access', async () => {
    const { rows } = await users.query(
      `SELECT email, system_role::text AS role FROM users WHERE email LIKE '%@tributary.test' ORDER BY id`,
    )
    expect(rows).toEqual([
      { email: 'admin@tributary.test', role: 'admin' },
      { email: 'engineer@tributary.test', role: 'standard_engineer' },
      { email: 'guest@tributary.test', role: 'guest' },
      { email: 'labeler@tributary.test', role: 'standard_engineer' },
    ])
    expect(await value(users, 'SELECT count(DISTINCT system_role)::int FROM users')).toBe(5)
    expect(
      await value(users, 'SELECT count(*)::int FROM users WHERE organization_id IS NULL'),
    ).toBeGreaterThan(2)
    expect(await value(users, 'SELECT count(*)::int FROM users WHERE NOT is_active')).toBeGreaterThan(2)
  })

  test('have tributary as their password', async ({ skip }) => {
    const available = `SELECT count(*)::int FROM pg_available_extensions WHERE name = 'pgcrypto'`
    skip((await value(users, available)) === 0, 'the server lacks pgcrypto')
    await users.query('CREATE EXTENSION IF NOT EXISTS pgcrypto')
    expect(await value(users, 'SELECT count(DISTINCT hashed_password)::int FROM users')).toBe(1)
    expect(await value(users, 'SELECT hashed_password FROM users WHERE id = 1')).toMatch(/^\$2b\$12\$/)
    // pgcrypto knows the algorithm by the older letter.
    const check = `SELECT crypt('tributary', hash) = hash FROM (SELECT replace(hashed_password, '$2b$', '$2a$') AS hash FROM users WHERE id = 1) u`
    expect(await value(users, check)).toBe(true)
  })

  test('have invitations of every type in every state', async () => {
    const combinations = 'SELECT count(DISTINCT (invitation_type, status))::int FROM invitations'
    expect(await value(users, combinations)).toBe(15)
  })
})

describe('platform', () => {
  test('has losses that are not finite, microseconds, ties, missing moments and repeated epochs', async () => {
    const { rows } = await platform.query<{ loss: string }>(
      `SELECT DISTINCT loss::text FROM metrics WHERE loss IN ('NaN', 'Infinity', '-Infinity') ORDER BY 1`,
    )
    expect(rows.map(({ loss }) => loss).toSorted()).toEqual(['-Infinity', 'Infinity', 'NaN'])
    const count = (from: string) => value<number>(platform, `SELECT count(*)::int FROM ${from}`)
    expect(await count(`metrics WHERE to_char(created_at, 'US') NOT LIKE '%000'`)).toBeGreaterThan(40_000)
    expect(
      await count('(SELECT FROM training_jobs GROUP BY created_at HAVING count(created_at) > 1) t'),
    ).toBeGreaterThan(10)
    expect(await count('training_jobs WHERE created_at IS NULL')).toBeGreaterThan(5)
    expect(await count('metrics WHERE created_at IS NULL')).toBeGreaterThan(5)
    expect(
      await count(`(SELECT FROM metrics m JOIN training_jobs j ON j.id = m.job_id WHERE framework <> 'vfm-v1'
        GROUP BY job_id, epoch HAVING count(*) > 1) t`),
    ).toBeGreaterThan(100)
    expect(await count('metrics WHERE job_id = 2000')).toBe(5_000)
  })

  test('has every status and format, and no job that ends before it begins', async () => {
    const distinct = (column: string, table: string) =>
      value<number>(platform, `SELECT count(DISTINCT ${column})::int FROM ${table}`)
    expect(await distinct('status', 'training_jobs')).toBe(6)
    expect(await distinct('framework', 'training_jobs')).toBe(8)
    expect(await distinct('export_format', 'export_jobs')).toBe(6)
    expect(await distinct('status', 'export_jobs')).toBe(5)
    expect(await distinct('status', 'deployments')).toBe(5)
    expect(await distinct('deployment_type', 'deployments')).toBe(4)
    expect(await distinct('state', 'sessions')).toBe(14)
    expect(await distinct('log_type', 'logs')).toBe(12)
    const impossible = `SELECT count(*)::int FROM training_jobs WHERE started_at < created_at OR completed_at < started_at
      OR greatest(created_at, started_at, completed_at) > '2026-11-01 08:00'`
    expect(await value(platform, impossible)).toBe(0)
  })

  test('goes on counting after the seeded ids', async () => {
    await platform.query('BEGIN')
    const { rows } = await platform.query(
      `INSERT INTO logs (job_id, log_type, content) SELECT 1, 'INFO', 'next' RETURNING id = (SELECT max(id) + 1 FROM logs) AS next`,
    )
    await platform.query('ROLLBACK')
    expect(rows).toEqual([{ next: true }])
  })
})

test('inference has jobs of both types in four states, and pending ones that have not begun', async () => {
  expect(await value(inference, 'SELECT count(DISTINCT (job_type, status))::int FROM jobs')).toBe(8)
  expect(await value(inference, `SELECT count(start_time)::int FROM jobs WHERE status = 'PENDING'`)).toBe(0)
  expect(await value(inference, 'SELECT count(DISTINCT fold_index)::int FROM jobs')).toBe(10)
})

test('the links between the databases lead somewhere, but for one owner who left', async () => {
  const ids = async (client: Client, sql: string) =>
    new Set((await client.query<{ id: number }>(sql)).rows.map(({ id }) => id))
  const userIds = await ids(users, 'SELECT id FROM users')
  const projectIds = await ids(platform, 'SELECT id FROM projects')
  const owners = await ids(platform, 'SELECT user_id AS id FROM projects WHERE user_id IS NOT NULL')
  expect([...owners.difference(userIds)]).toEqual([904])
  const creators = await ids(
    platform,
    'SELECT created_by AS id FROM training_jobs WHERE created_by IS NOT NULL',
  )
  expect(creators.size).toBeGreaterThan(10)
  expect(creators.isSubsetOf(userIds)).toBe(true)
  const joined = await ids(
    users,
    'SELECT project_id AS id FROM project_members UNION SELECT project_id FROM invitations WHERE project_id IS NOT NULL',
  )
  expect(joined.size).toBeGreaterThan(30)
  expect(joined.isSubsetOf(projectIds)).toBe(true)
})
