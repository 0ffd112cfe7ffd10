import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bySource, sourceNames } from '../../src/config/source-names.ts'
import { migrate } from '../../src/database/migrate.ts'
import { seed } from '../../src/embedded/seed/seed.ts'
import { cloneDatabases } from '../support/databases.ts'
import { hasPostgres15, startPostgres15 } from '../support/postgres-15.ts'
import type { TestServer } from '../support/postgres-server.ts'
import { tributary } from './tributary-process.ts'

/** Runs statements in a database. */
async function within<T extends object>(url: string, ...statements: readonly string[]): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: T[] = []
    for (const statement of statements) rows = (await client.query<T>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

// The embedded server is newer than the pg_dump that Debian 12 brings, and so is tried for being refused alone.
describe.skipIf(!hasPostgres15)('tributary db backup and restore', { timeout: 120_000 }, () => {
  let server: TestServer
  let home: string
  const urlOf = (database: string) => Object.assign(new URL(server.url), { pathname: `/${database}` }).href
  const env = (prefix: string) => ({
    DATABASE_URL: urlOf(`${prefix}platform`),
    USER_DATABASE_URL: urlOf(`${prefix}users`),
  })
  const run = (args: readonly string[], prefix = '') => tributary(['db', ...args], { env: env(prefix) })

  beforeAll(async () => {
    server = await startPostgres15()
    home = await mkdtemp(join(tmpdir(), 'tributary-backup-'))
    const sources = sourceNames.map(({ name }) => name)
    for (const name of [...sources, 'new_platform', 'new_users', 'other'])
      await within(server.url, `CREATE DATABASE ${name}`)
    for (const source of sources) await migrate({ source, url: urlOf(source) })
    await seed({ urls: bySource(urlOf) })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await rm(home, { recursive: true, force: true })
  })

  it('write a dump a database and a manifest, and bring every row back', async () => {
    const folder = join(home, 'whole')
    const made = await run(['backup', folder])
    expect(made.stderr).toBe('')
    expect(made.status).toBe(0)
    expect(made.stdout).toMatch(
      /^platform: platform\.dump, \d+ bytes, \d+ tables, \d+ rows, at [0-9A-F/]+; read back$/m,
    )
    expect((await readdir(folder)).toSorted()).toEqual(['manifest.json', 'platform.dump', 'users.dump'])
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
    const [{ jobs }] = (await within(
      urlOf('platform'),
      'SELECT count(*)::text AS jobs FROM training_jobs',
    )) as [{ jobs: string }]
    expect(manifest.databases[0].rows['public.training_jobs']).toBe(jobs)
    expect(JSON.stringify(manifest)).not.toContain('for-tests')

    const back = await run(['restore', folder], 'new_')
    expect(back.stderr).toBe('')
    expect(back.status).toBe(0)
    const digest = `SELECT md5(string_agg(j::text, '|' ORDER BY id)) AS digest FROM training_jobs j`
    expect(await within(urlOf('new_platform'), digest)).toEqual(await within(urlOf('platform'), digest))
    expect((await tributary(['db', 'verify'], { env: env('new_') })).stdout).toMatch(/^users: as expected$/m)
    expect((await run(['migrate'], 'new_')).stdout).toMatch(/^platform: up to date$/m)
  })

  it('overwrite nothing: neither a folder that holds something nor a database that does', async () => {
    const folder = join(home, 'once')
    expect((await run(['backup', folder, '--only', 'users'])).status).toBe(0)
    const again = await run(['backup', folder, '--only', 'users'])
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') })
    const over = await run(['restore', folder, '--only', 'users'])
    expect(over).toMatchObject({ status: 1, stderr: expect.stringContaining('only an empty one is filled') })
  })

  it('are consistent in themselves while others write', async () => {
    const folder = join(home, 'busy')
    const writer = new Client({ connectionString: urlOf('users') })
    await writer.connect()
    let isOver = false
    const writing = (async () => {
      // An organization and its person are written together: a dump has both or neither.
      for (let n = 0; !isOver; n++)
        await writer.query(
          `WITH o AS (INSERT INTO organizations (name, company, created_at, updated_at)
             VALUES ('busy ${n}', 'x', now(), now()) RETURNING id)
           INSERT INTO users (email, organization_id, system_role, is_active, created_at, updated_at)
             SELECT 'busy${n}@example.com', id, 'guest', true, now(), now() FROM o`,
        )
    })()
    expect((await run(['backup', folder, '--only', 'users'])).status).toBe(0)
    isOver = true
    await writing
    await writer.end()
    await within(server.url, 'DROP DATABASE new_users', 'CREATE DATABASE new_users')
    expect(await run(['restore', folder, '--only', 'users'], 'new_')).toMatchObject({ status: 0, stderr: '' })
    const [counts] = await within<{ organizations: number; people: number }>(
      urlOf('new_users'),
      `SELECT (SELECT count(*) FROM organizations WHERE name LIKE 'busy %')::integer AS organizations,
         (SELECT count(*) FROM users WHERE email LIKE 'busy%@example.com')::integer AS people`,
    )
    expect(counts?.people).toBe(counts?.organizations)
  })

  it.each([
    [
      'make those that it may, and say which it may not',
      [],
      ['uuid-ossp'],
      'left out the extension pg_stat_statements',
    ],
    [
      'leave those alone that are there',
      ['uuid-ossp', 'pg_stat_statements'],
      ['pg_stat_statements', 'uuid-ossp'],
      '',
    ],
  ])('are a plain owner’s to run, whose extensions %s', async (_, before, after, said) => {
    const folder = await mkdtemp(join(home, 'extensions-'))
    await within(urlOf('iaas'), 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
    await within(
      server.url,
      'DROP DATABASE IF EXISTS new_iaas',
      'DROP ROLE IF EXISTS plain',
      "CREATE ROLE plain LOGIN PASSWORD 'for-tests'",
      'CREATE DATABASE new_iaas OWNER plain',
    )
    for (const name of before) await within(urlOf('new_iaas'), `CREATE EXTENSION "${name}"`)
    const only = ['--only', 'iaas']
    const made = await tributary(['db', 'backup', folder, ...only], {
      env: { IAAS_DATABASE_URL: urlOf('iaas') },
    })
    expect(made).toMatchObject({ status: 0, stderr: '' })
    const plain = Object.assign(new URL(urlOf('new_iaas')), { username: 'plain', password: 'for-tests' }).href
    const back = await tributary(['db', 'restore', folder, ...only], { env: { IAAS_DATABASE_URL: plain } })
    expect(back).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('every row is there'),
    })
    expect(back.stdout).toContain(said)
    expect(back.stdout.match(/left out/g)?.length ?? 0).toBe(said === '' ? 0 : 1)
    const there = await within<{ name: string }>(
      plain,
      "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
    )
    expect(there.map(({ name }) => name)).toEqual(after)
  })

  it('find out a dump that was damaged, before anything is written', async () => {
    const folder = join(home, 'damaged')
    expect((await run(['backup', folder, '--only', 'users'])).status).toBe(0)
    await appendFile(join(folder, 'users.dump'), 'x')
    await within(server.url, 'DROP DATABASE new_users', 'CREATE DATABASE new_users')
    const refused = await run(['restore', folder, '--only', 'users'], 'new_')
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('not as it was written') })
    expect(await within(urlOf('new_users'), `SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([])
  })

  it('leave databases that others made to them', async () => {
    await within(urlOf('other'), 'CREATE TABLE training_jobs (id integer PRIMARY KEY)')
    const refused = await tributary(['db', 'backup', join(home, 'foreign')], {
      env: { DATABASE_URL: urlOf('other') },
    })
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('its owner backs it up') })
    expect(await readdir(join(home, 'foreign'))).toEqual([])
  })

  it('refuse a server that is newer than pg_dump', async () => {
    await using databases = await cloneDatabases()
    const folder = join(home, 'newer')
    const { status, stderr } = await tributary(['db', 'backup', folder], {
      env: { DATABASE_URL: databases.urls.platform, PATH: '/usr/lib/postgresql/15/bin' },
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/pg_dump here .* is of version 15, the server of 18; install version 18 or newer/)
  })

  it('status tells sizes, connections, cache, indexes and slots', async () => {
    const { status, stdout } = await run(['status'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^platform: database platform, [\d.]+ MB, PostgreSQL 15/m)
    expect(stdout).toMatch(/^ {2}connections: .*\d+ active.*; \d+ of \d+ on the server$/m)
    expect(stdout).toMatch(/^ {2}found in cache: [\d.]+ %$/m)
    expect(stdout).toMatch(/^ {2}table metrics: [\d.]+ [kM]B, scans by index: /m)
    expect(stdout).toMatch(/^ {2}indexes never used: (?:[\w.]+, ){8}and \d+ more$/m)
    expect(stdout).toContain('pg_stat_statements is not there')
  })
})
