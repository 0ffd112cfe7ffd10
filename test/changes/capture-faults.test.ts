import { describe, expect, test } from 'vitest'
import { planCapture } from '../../src/changes/postgres/capture-plan.ts'
import { readCaptureState } from '../../src/changes/postgres/capture-state.ts'
import { createEmptyDatabase } from '../support/databases.ts'
import { memoryLog } from '../support/memory-log.ts'
import { askOver, captured, connect, publishTables } from './capture-kit.ts'

const tables = [{ name: 'jobs', key: ['id'], columns: ['id', 'name'] }]

/** A database with a captured table, whose rows come. */
async function start() {
  const into = memoryLog()
  const database = await createEmptyDatabase()
  const { url } = database
  const client = await connect(url)
  await client.query('CREATE TABLE jobs (id int PRIMARY KEY, name text)')
  const names = await publishTables(client, url, tables)
  const run = captured({ url, tables, into })
  await run.until(({ state }) => state === 'STREAMING')
  return {
    ...run,
    url,
    client,
    names,
    state: () => readCaptureState(askOver(client), names),
    async [Symbol.asyncDispose]() {
      await run[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

const invalidated = (reason: string) => ({ kind: 'invalidate', table: 'jobs', reason })

describe('capture', () => {
  test('outlives columns that come and go, and says that what is known is doubtful', async () => {
    await using run = await start()
    const { client, log } = run
    await client.query(`INSERT INTO jobs VALUES (1, 'a')`)
    await client.query(`ALTER TABLE jobs ADD extra int DEFAULT 7`)
    await client.query(`INSERT INTO jobs VALUES (2, 'b')`)
    await client.query(`ALTER TABLE jobs DROP name`)
    await client.query(`INSERT INTO jobs VALUES (3)`)
    await log.until(() => log.transactions.length === 3)
    const insert = (key: string, values: object) => ({ kind: 'insert', table: 'jobs', key, values })
    expect(log.changes).toEqual([
      insert('1', { id: '1', name: 'a' }),
      invalidated('its columns changed'),
      insert('2', { id: '2', name: 'b' }),
      invalidated('its columns changed'),
      insert('3', { id: '3' }),
    ])
  })

  test('publishes a table again that was dropped and made anew', async () => {
    await using run = await start()
    const { client, log } = run
    await client.query(`DROP TABLE jobs; CREATE TABLE jobs (id int PRIMARY KEY, name text)`)
    await client.query(`INSERT INTO jobs VALUES (1, 'unseen')`)
    await log.until(() => log.changes.length > 0)
    expect(log.changes).toEqual([invalidated('its changes were not published for a while')])
    while (!(await run.state()).tables[0]?.isPublished);
    await client.query(`INSERT INTO jobs VALUES (2, 'b')`)
    await log.until(() => log.changes.some((change) => 'key' in change && change.key === '2'))
    expect(log.epochs).toHaveLength(1)
  })

  test('says which table nobody publishes, and when it came back without its help', async () => {
    await using run = await start()
    const { client, log } = run
    await client.query('ALTER TABLE jobs DROP CONSTRAINT jobs_pkey')
    const { unwatched } = await run.until((status) => Object.keys(status.unwatched ?? {}).length > 0)
    expect(unwatched?.jobs).toMatch(/no primary key/)
    expect(run.lines.at(-1)).toMatch(/no changes of jobs come: it has no primary key/)
    await client.query('ALTER PUBLICATION tributary DROP TABLE jobs')
    await log.until(() => log.changes.length > 0)
    await client.query(`INSERT INTO jobs VALUES (1, 'unseen')`)
    await client.query('ALTER TABLE jobs ADD PRIMARY KEY (id)')
    await run.until((status) => Object.keys(status.unwatched ?? {}).length === 0)
    expect(log.changes.at(-1)).toEqual(invalidated('its changes were not published for a while'))
  })

  test('stops where the publication is dropped, and leaves no slot that would keep WAL', async () => {
    await using run = await start()
    await run.client.query('DROP PUBLICATION tributary')
    const { reason } = await run.until(({ state }) => state === 'FAILED')
    expect(reason).toMatch(/publication tributary/)
    while ((await run.state()).slot !== null);
    await publishTables(run.client, run.url, tables)
    await run.until(({ state }) => state === 'STREAMING')
    await run.client.query(`INSERT INTO jobs VALUES (1, 'a')`)
    await run.log.until(() => run.log.transactions.length === 1)
    expect(run.log.epochs).toHaveLength(2)
    expect(run.lines.at(-1)).toMatch(/streaming|a new history begins/)
  })

  test('makes a word a table of 400,000 rows, in bounded memory', async () => {
    await using run = await start()
    await run.client.query(`INSERT INTO jobs SELECT n, repeat('x', 100) FROM generate_series(1, 400000) n`)
    await run.client.query(`UPDATE jobs SET name = 'b' WHERE id = 1`)
    await run.log.until(() => run.log.transactions.length === 2)
    expect(run.log.changes).toEqual([
      invalidated('a transaction changed too much of it'),
      { kind: 'update', table: 'jobs', key: '1', values: { id: '1', name: 'b' } },
    ])
  })

  test('waits for a slow log without piling up, and loses nothing to one that fails', async () => {
    await using run = await start()
    const { client, log } = run
    const gate = Promise.withResolvers<void>()
    log.beforeWrite = () => gate.promise
    for (let n = 0; n < 300; n++)
      await client.query(
        `INSERT INTO jobs SELECT ${n} * 1000 + m, repeat('x', 100) FROM generate_series(1, 400) m`,
      )
    const failures = ['disk full', 'disk full']
    log.beforeWrite = async () => {
      const failure = failures.pop()
      if (failure) throw new Error(failure)
    }
    gate.resolve()
    await log.until(() => log.transactions.length === 300)
    expect(failures).toEqual([])
    const keys = log.changes.map((change) => ('key' in change ? Number(change.key) : Number.NaN))
    expect(keys).toEqual(
      Array.from({ length: 300 }, (_, n) => Array.from({ length: 400 }, (_, m) => n * 1000 + m + 1)).flat(),
    )
    expect(log.epochs).toHaveLength(1)
    expect(log.reports.map(({ status }) => status)).toContain('failed')
  })

  test('begins a new history where the slot is another of the same name', async () => {
    await using run = await start()
    await run.capture[Symbol.asyncDispose]()
    await run.client.query(`SELECT pg_drop_replication_slot($1)`, [run.names.slot])
    await run.client.query(`INSERT INTO jobs VALUES (1, 'lost')`)
    await using second = captured({ url: run.url, tables, into: run.log })
    await second.until(({ state }) => state === 'STREAMING')
    expect(run.log.epochs).toHaveLength(2)
  })

  test.each([
    ['a table that has none', 'ALTER TABLE jobs REPLICA IDENTITY NOTHING'],
    [
      'a key that is checked late',
      'ALTER TABLE jobs DROP CONSTRAINT jobs_pkey, ADD CONSTRAINT jobs_pkey PRIMARY KEY (id) DEFERRABLE',
    ],
    [
      'an index that is gone',
      `ALTER TABLE jobs ALTER name SET NOT NULL; CREATE UNIQUE INDEX other ON jobs (name);
       ALTER TABLE jobs REPLICA IDENTITY USING INDEX other; DROP INDEX other`,
    ],
    [
      'a part that has none',
      `DROP TABLE jobs; CREATE TABLE jobs (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
       CREATE TABLE early PARTITION OF jobs FOR VALUES FROM (0) TO (10); ALTER TABLE early REPLICA IDENTITY NOTHING`,
    ],
    ['a child without a key', 'CREATE TABLE child () INHERITS (jobs); INSERT INTO child VALUES (2)'],
  ])('publishes nothing whose owner could not write then: %s', async (_, change) => {
    await using database = await createEmptyDatabase()
    const client = await connect(database.url)
    await client.query('CREATE TABLE jobs (id int PRIMARY KEY, name text)')
    await client.query(`CREATE TABLE others (id int PRIMARY KEY); ${change}`)
    await client.query(`INSERT INTO jobs VALUES (1, 'a')`)
    const both = [...tables, { name: 'others', key: ['id'], columns: ['id'] }]
    const names = await publishTables(client, database.url, both)
    await client.query(`UPDATE jobs SET name = 'b'`)
    const { impossible, unwatched } = planCapture(await readCaptureState(askOver(client), names), names)
    expect(Object.keys(unwatched)).toEqual(['jobs'])
    expect(impossible.jobs).toMatch(/no replica identity/)
  })

  test('explains what keeps a database from being captured', async () => {
    await using database = await createEmptyDatabase()
    const client = await connect(database.url)
    const state = await readCaptureState(askOver(client), { slot: 's', publication: 'p', tables })
    const plan = planCapture(
      {
        ...state,
        version: 130_004,
        walLevel: 'replica',
        isStandby: true,
        mayReplicate: false,
        role: 'r',
        usedSlots: state.maxSlots,
        usedSenders: state.maxSenders,
      },
      { slot: 's', publication: 'p', tables },
    )
    expect(plan.obstacles).toEqual([
      'its server is Postgres 13; capturing takes 14 or newer',
      "wal_level is replica on its server; ALTER SYSTEM SET wal_level = 'logical', and start it anew",
      'its server is a standby; name the primary in the URL of the capture',
      'the role r may not replicate; ALTER ROLE "r" REPLICATION, or name another role in the URL of the capture',
      `all ${state.maxSlots} replication slots of its server are taken; raise max_replication_slots`,
      `all ${state.maxSenders} WAL senders of its server are taken; raise max_wal_senders`,
    ])
    expect(plan.impossible).toEqual({ jobs: 'there is no such table in the schema public' })
  })
})
