import { describe, expect, test } from 'vitest'
import { createEmptyDatabase } from '../support/databases.ts'
import { memoryLog } from '../support/memory-log.ts'
import { captured, connect, publishTables } from './capture-kit.ts'

const jobs = { name: 'jobs', key: ['id'], columns: ['id', 'name', 'note'] }
const parts = { name: 'parts', key: ['job', 'place'], columns: ['job', 'place', 'size'] }
const tables = [jobs, parts]

const schema = `
  CREATE TABLE jobs (id int PRIMARY KEY, name text, note text, secret text);
  CREATE TABLE parts (place text, size numeric, job int, PRIMARY KEY (job, place));
  CREATE TABLE others (id int PRIMARY KEY)`

async function start({ into = memoryLog() } = {}) {
  const database = await createEmptyDatabase()
  const { url } = database
  const client = await connect(url)
  await client.query(schema)
  const names = await publishTables(client, url, tables)
  const run = captured({ url, tables, into })
  return {
    ...run,
    url,
    client,
    names,
    async [Symbol.asyncDispose]() {
      await run[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

describe('capture', () => {
  test('tells rows, keys and removals of wanted tables and columns, whole transactions, in their order', async () => {
    await using run = await start()
    await run.until(({ state }) => state === 'STREAMING')
    const { client, log } = run
    await client.query(`
      BEGIN;
      INSERT INTO jobs VALUES (1, 'a', NULL, 'password');
      INSERT INTO others VALUES (1);
      INSERT INTO parts VALUES ('x', 1.50, 1);
      COMMIT`)
    await client.query('INSERT INTO others VALUES (2)')
    await client.query(`UPDATE jobs SET id = 2, name = 'b'`)
    await client.query('DELETE FROM parts')
    await client.query('TRUNCATE jobs, others')
    await log.until(() => log.transactions.length === 4)
    expect(log.transactions.map(({ changes }) => changes)).toEqual([
      [
        { kind: 'insert', table: 'jobs', key: '1', values: { id: '1', name: 'a', note: null } },
        { kind: 'insert', table: 'parts', key: '["1","x"]', values: { job: '1', place: 'x', size: '1.50' } },
      ],
      [{ kind: 'update', table: 'jobs', key: '2', oldKey: '1', values: { id: '2', name: 'b', note: null } }],
      [{ kind: 'delete', table: 'parts', key: '["1","x"]' }],
      [{ kind: 'truncate', table: 'jobs' }],
    ])
    const lsns = log.transactions.map(({ lsn }) => lsn)
    expect(lsns).toEqual(lsns.toSorted((a, b) => Number(a - b)))
    for (const { committedAt } of log.transactions) expect(committedAt).toMatch(/^20.{8}T.{8}\.\d{6}Z$/)
  })

  test('leaves out what TOAST keeps apart, but for tables that repeat their old rows', async () => {
    await using run = await start()
    const { client, log } = run
    await run.until(({ state }) => state === 'STREAMING')
    await client.query('ALTER TABLE jobs ALTER note SET STORAGE EXTERNAL')
    await client.query(`INSERT INTO jobs VALUES (1, 'a', repeat('long', 2000))`)
    await client.query(`UPDATE jobs SET name = 'b'`)
    await client.query('ALTER TABLE jobs REPLICA IDENTITY FULL')
    await client.query(`UPDATE jobs SET name = 'c'`)
    await client.query('DELETE FROM jobs')
    await log.until(() => log.changes.at(-1)?.kind === 'delete')
    const note = 'long'.repeat(2000)
    expect(log.changes).toEqual([
      { kind: 'insert', table: 'jobs', key: '1', values: { id: '1', name: 'a', note } },
      { kind: 'update', table: 'jobs', key: '1', values: { id: '1', name: 'b' } },
      { kind: 'invalidate', table: 'jobs', reason: 'its columns changed' },
      { kind: 'update', table: 'jobs', key: '1', values: { id: '1', name: 'c', note } },
      { kind: 'delete', table: 'jobs', key: '1' },
    ])
  })

  test('goes on after a stop where it was, without a gap and without doubling', async () => {
    const into = memoryLog()
    await using run = await start({ into })
    await run.until(({ state }) => state === 'STREAMING')
    await run.client.query(`INSERT INTO jobs VALUES (1)`)
    await into.until(() => into.transactions.length === 1)
    await run.capture[Symbol.asyncDispose]()
    await run.client.query(`INSERT INTO jobs VALUES (2)`)
    await using second = captured({ url: run.url, tables, into })
    await second.until(({ state }) => state === 'STREAMING')
    await run.client.query(`INSERT INTO jobs VALUES (3)`)
    await into.until(() => into.transactions.length === 3)
    expect(into.changes.map((change) => 'key' in change && change.key)).toEqual(['1', '2', '3'])
    expect(into.epochs).toHaveLength(1)
    expect(into.reports.map(({ status }) => status)).toContain('stopped')
  })

  test('stands by while another has the slot, and takes over', async () => {
    const into = memoryLog()
    await using run = await start({ into })
    await run.until(({ state }) => state === 'STREAMING')
    await using second = captured({ url: run.url, tables, into })
    expect((await second.until(({ state }) => state === 'STANDING_BY')).reason).toMatch(
      /another has the slot/,
    )
    await run.capture[Symbol.asyncDispose]()
    await second.until(({ state }) => state === 'STREAMING')
    await run.client.query(`INSERT INTO jobs VALUES (1)`)
    await into.until(() => into.transactions.length === 1)
    expect(into.epochs).toHaveLength(1)
  })

  test('writes nothing down for whom nobody asked, and lets no WAL pile up', async () => {
    await using run = await start()
    await run.until(({ state }) => state === 'STREAMING')
    await run.client.query(`INSERT INTO others SELECT generate_series(1, 100000)`)
    const end = await run.client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn')
    const wanted = end.rows[0]?.lsn
    const standing = async () => {
      const { rows } = await run.client.query(
        `SELECT confirmed_flush_lsn >= $2::pg_lsn AS done FROM pg_replication_slots WHERE slot_name = $1`,
        [run.names.slot, wanted],
      )
      return rows[0].done as boolean
    }
    while (!(await standing())) await run.log.until(() => true)
    expect(run.log.transactions).toEqual([])
  })
})
