import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { ExpectedDatabase } from '../../src/database/expected.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'
import { expected, failure, resetLab, run, startSource, until } from './source-kit.ts'

let lab: TestDatabase
beforeAll(async () => {
  lab = await createEmptyDatabase()
})
afterAll(() => lab[Symbol.asyncDispose]())

/** What a source over a database with this change finds, each line without the database's random name. */
async function findings(change: string, url = (own: string) => own) {
  await resetLab(lab.url, change)
  await using source = await startSource(url(lab.url))
  const name = new URL(lab.url).pathname.slice(1)
  return {
    status: source.status,
    lines: source.differences.map(({ line }) => line.replace(name, 'db')),
    kinds: source.differences.map(({ kind, severity }) => `${kind} ${severity}`),
    usable: (table: string, column?: string) => source.usable(table, column),
    require: (table: string, column?: string) => source.require(table, column),
  }
}

describe('a database', () => {
  test('that is as expected has no difference', async () => {
    const { status, lines, usable } = await findings('')
    expect([status, lines]).toEqual(['AVAILABLE', []])
    expect(usable('jobs', 'title')).toBe(true)
  })

  test('may have more columns and tables, domains, and types of the same family', async () => {
    const { lines } = await findings(`
      CREATE DOMAIN percent AS real; CREATE DOMAIN half AS percent;
      ALTER TABLE metrics ALTER loss TYPE half, ALTER id TYPE integer, ADD more text;
      CREATE TABLE other (id integer)`)
    expect(lines).toEqual([])
  })

  test('may have a view where a table is expected', async () => {
    const { lines } = await findings(
      'ALTER TABLE metrics RENAME TO training_metrics; CREATE VIEW metrics AS SELECT * FROM training_metrics',
    )
    expect(lines).toEqual([])
  })

  test.each([
    [
      'lacks a table',
      'DROP TABLE metrics',
      'missing-table disabled',
      "lab (database db), metrics: expected a table, found none. Create the table in the schema public; `tributary db migrate` does where the database is Tributary's own.",
    ],
    [
      'lacks a view',
      'DROP VIEW recent_jobs',
      'missing-table disabled',
      "lab (database db), recent_jobs: expected a view, found none. Create the view in the schema public; `tributary db migrate` does where the database is Tributary's own.",
    ],
    [
      'bears the original name of a table',
      'ALTER TABLE metrics RENAME TO training_metrics',
      'original-name disabled',
      'lab (database db), metrics: expected a table of this name, found training_metrics, its name in the original system. Rename it, or `CREATE VIEW public.metrics AS SELECT * FROM public.training_metrics`.',
    ],
    [
      'lacks a column',
      'ALTER TABLE metrics DROP loss',
      'missing-column disabled',
      'lab (database db), metrics.loss: expected a column of type double precision, found none. Add the column, as double precision.',
    ],
    [
      'has a column of another type',
      'ALTER TABLE metrics ALTER loss TYPE varchar(20)',
      'other-type disabled',
      'lab (database db), metrics.loss: expected double precision, found character varying(20). Give the column the type double precision.',
    ],
    [
      'has text instead of an enum',
      'ALTER TABLE jobs ALTER state TYPE text',
      'other-type disabled',
      'lab (database db), jobs.state: expected enum jobstate, found text. Give the column the type enum jobstate.',
    ],
    [
      'has labels more',
      "ALTER TYPE jobstate ADD VALUE 'PAUSED'; ALTER TYPE jobstate ADD VALUE 'LOST'",
      'enum-label-unknown notice',
      'lab (database db), jobs.state: expected the labels WAITING, RUNNING, found also PAUSED, LOST. Nothing has to be done: it reads as UNKNOWN, with its text beside it.',
    ],
    [
      'has a label less',
      "ALTER TYPE jobstate RENAME TO old; CREATE TYPE jobstate AS ENUM ('RUNNING'); ALTER TABLE jobs ALTER state TYPE jobstate USING state::text::jobstate",
      'enum-label-missing notice',
      'lab (database db), jobs.state: expected the labels WAITING, RUNNING, found all but WAITING. Nothing has to be done: no row can have it, and filters by it are refused.',
    ],
  ])('that %s is told so in one line', async (_what, change, kind, line) => {
    const { status, kinds, lines } = await findings(change)
    expect({ status, kinds, lines }).toEqual({ status: 'AVAILABLE', kinds: [kind], lines: [line] })
  })

  test('may lack a table that its owner can do without, whose fields then say so', async () => {
    const expectedTables = expected.tables.map((table) =>
      table.name === 'metrics' ? { ...table, isOptional: true } : table,
    )
    await resetLab(lab.url, 'DROP TABLE metrics')
    await using source = await startSource(lab.url, { expected: { source: 'lab', tables: expectedTables } })
    expect(source.status).toBe('AVAILABLE')
    expect(source.differences.map(({ severity, expected, remedy }) => [severity, expected, remedy])).toEqual([
      ['absent', 'a table, where it is in use', 'Nothing has to be done.'],
    ])
    expect([source.usable('metrics'), source.usable('metrics', 'loss'), source.usable('jobs')]).toEqual([
      false,
      false,
      true,
    ])
  })

  test('keeps the fields that a difference does not touch', async () => {
    const { usable, require } = await findings('ALTER TABLE metrics DROP loss')
    expect([usable('metrics', 'loss'), usable('metrics', 'id'), usable('metrics'), usable('jobs')]).toEqual([
      false,
      true,
      true,
      true,
    ])
    expect(() => require('metrics', 'id')).not.toThrow()
    expect(() => require('metrics', 'loss')).toThrow(
      expect.objectContaining({ code: 'SOURCE_MISMATCH', message: expect.stringContaining('metrics.loss') }),
    )
  })

  test('loses a whole table with its key', async () => {
    const { usable } = await findings('ALTER TABLE metrics ALTER id TYPE text')
    expect([usable('metrics'), usable('metrics', 'loss'), usable('jobs')]).toEqual([false, false, true])
  })

  test('keeps all fields of an enum with another label', async () => {
    const { usable } = await findings("ALTER TYPE jobstate ADD VALUE 'PAUSED'")
    expect(usable('jobs', 'state')).toBe(true)
  })
})

describe('a role', () => {
  const role = `reader_${randomBytes(4).toString('hex')}`
  const asReader = (own: string) => {
    const url = new URL(own)
    url.username = role
    url.password = 'right'
    return url.href
  }
  const create = `DO $$ BEGIN CREATE ROLE ${role} LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN END $$;`
  afterAll(async () => {
    await resetLab(lab.url)
    await run(inject('postgresUrl'), `DROP ROLE IF EXISTS ${role}`)
  })

  test('with SELECT on all is enough', async () => {
    const { lines } = await findings(
      `${create} GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
      asReader,
    )
    expect(lines).toEqual([])
  })

  test('without SELECT on a table is told so in one line', async () => {
    const { lines, usable } = await findings(
      `${create} GRANT SELECT ON jobs, recent_jobs TO ${role}`,
      asReader,
    )
    expect(lines).toEqual([
      `lab (database db), metrics: expected the privilege SELECT for the role ${role}, found none. GRANT SELECT ON public.metrics TO "${role}".`,
    ])
    expect([usable('metrics'), usable('jobs')]).toEqual([false, true])
  })

  test('without SELECT on a column loses that one', async () => {
    const change = `${create} GRANT SELECT ON jobs, recent_jobs TO ${role}; GRANT SELECT (id) ON metrics TO ${role}`
    const { lines, usable } = await findings(change, asReader)
    expect(lines).toEqual([
      `lab (database db), metrics.loss: expected the privilege SELECT for the role ${role}, found none. GRANT SELECT (loss) ON public.metrics TO "${role}".`,
    ])
    expect([usable('metrics', 'loss'), usable('metrics')]).toEqual([false, true])
  })

  test('without USAGE on the schema is told so in one line', async () => {
    const change = `${create} GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}; REVOKE ALL ON SCHEMA public FROM PUBLIC`
    const { lines, usable } = await findings(change, asReader)
    expect(lines).toEqual([
      `lab (database db): expected the privilege USAGE of the schema public for the role ${role}, found none. GRANT USAGE ON SCHEMA public TO "${role}".`,
    ])
    expect(usable('jobs')).toBe(false)
  })

  test('with a wrong password is told so', async ({ skip }) => {
    await resetLab(lab.url, create)
    const url = new URL(asReader(lab.url))
    url.password = 'wrong-secret'
    await using source = await startSource(url.href)
    if (source.status === 'AVAILABLE') skip('this server lets everybody in without a password')
    expect(source.status).toBe('UNAVAILABLE')
    expect(source.reason).toBe(`${url.host} refuses the password of the role ${role}; correct it in the URL`)
  })
})

describe('a URL', () => {
  test('that leads to a host that nobody knows is told so', async () => {
    await using source = await startSource('postgres://somebody:secret@no-such-host.invalid/lab')
    expect(source.reason).toMatch(/^the host no-such-host.invalid is not known/)
  })

  test('that leads to a port that nobody listens at is told so', async () => {
    await using source = await startSource('postgres://somebody:secret@127.0.0.1:1/lab')
    expect([source.status, source.reason]).toEqual(['UNAVAILABLE', 'no server listens at 127.0.0.1:1'])
  })

  test('that names no database of the server is told so', async () => {
    const url = new URL(inject('postgresUrl'))
    url.pathname = '/nowhere'
    await using source = await startSource(url.href)
    expect(source.reason).toBe(`${url.host} has no database nowhere; correct its name in the URL`)
  })

  test("that names another source's database is told so in one line", async () => {
    const farm: ExpectedDatabase = {
      source: 'farm',
      tables: ['cows', 'goats'].map((name) => ({ name, kind: 'table', key: [], columns: [] })),
    }
    await resetLab(lab.url)
    await using source = await startSource(lab.url, {
      name: 'farm',
      expected: farm,
      siblings: [farm, expected],
    })
    const line = `farm (database ${new URL(lab.url).pathname.slice(1)}): expected the tables cows, goats, found the tables of the source lab. Name the right database in the URL of the source farm.`
    expect([source.status, source.reason]).toEqual(['UNAVAILABLE', line])
    expect(source.differences.map(({ kind }) => kind)).toEqual(['wrong-database'])
    expect((await failure(source.guard(() => source.pool.query('SELECT')))).code).toBe('SOURCE_UNAVAILABLE')
  })

  test('whose tables are in another schema is told where, and not to make them anew', async () => {
    await using database = await createEmptyDatabase()
    await run(database.url, 'CREATE SCHEMA app; CREATE TABLE app.jobs (); CREATE TABLE app.metrics ()')
    await using source = await startSource(database.url)
    expect(source.reason).toMatch(
      /in the schema public, found such tables in the schema app\. Move them to public, or make a view of each there: /,
    )
    expect(source.reason).not.toContain('migrate')
  })

  test('that names an empty database is told so, and is found full without a restart', async () => {
    await using database = await createEmptyDatabase()
    await using source = await startSource(database.url)
    expect(source.reason).toMatch(/found a database without tables. .*`tributary db migrate`/)
    await run(
      database.url,
      'CREATE TABLE jobs (); CREATE TABLE metrics (id bigint, loss float8); CREATE VIEW recent_jobs AS SELECT 1 AS id',
    )
    await until(source, ({ status }) => status === 'AVAILABLE')
    expect(source.differences.map(({ column }) => column)).toEqual(['id', 'title', 'state'])
  })

  test('that is absent makes a source that is not configured', async () => {
    const { Source } = await import('../../src/database/source.ts')
    await using source = new Source({ name: 'lab', expected, log: { info() {}, warn() {} } })
    await source.start()
    expect(source.status).toBe('NOT_CONFIGURED')
    const { error, code } = await failure(source.guard(() => source.pool.query('SELECT')))
    expect(code).toBe('SOURCE_NOT_CONFIGURED')
    expect(error.extensions).toEqual({ code, source: 'lab', retryable: false })
  })
})

describe('a difference', () => {
  test('that is mended is seen without a restart, and told once', async () => {
    await resetLab(lab.url, 'ALTER TABLE metrics RENAME loss TO losses')
    const lines: string[] = []
    const tell = (_fields: object, line: string) => lines.push(line)
    await using source = await startSource(lab.url, { log: { info: tell, warn: tell } })
    expect(source.usable('metrics', 'loss')).toBe(false)
    await run(lab.url, 'ALTER TABLE metrics RENAME losses TO loss')
    await until(source, ({ differences }) => differences.length === 0)
    expect(source.usable('metrics', 'loss')).toBe(true)
    expect(lines).toEqual(['lab is available', expect.stringContaining('metrics.loss: expected')])
  })

  test('that comes about later is a mismatch, and disables its field soon', async () => {
    await resetLab(lab.url)
    await using source = await startSource(lab.url)
    await run(lab.url, 'ALTER TABLE metrics DROP loss')
    const { code, error } = await failure(source.guard(() => source.pool.query('SELECT loss FROM metrics')))
    expect([code, error.message]).toEqual(['SOURCE_MISMATCH', 'lab: column "loss" does not exist.'])
    await until(source, ({ differences }) => differences.length === 1)
    expect(source.usable('metrics', 'loss')).toBe(false)
    expect(source.status).toBe('AVAILABLE')
  })
})
