import { describe, expect, test } from 'vitest'
import { memoryLog } from '../support/memory-log.ts'
import { hasPostgres15, startPostgres15 } from '../support/postgres-15.ts'
import { captured, connect, publishTables } from './capture-kit.ts'

const tables = [{ name: 'jobs', key: ['id'], columns: ['id', 'name'] }]

describe.skipIf(!hasPostgres15)('capture of a Postgres 15', { timeout: 60_000 }, () => {
  test('tells what happens, and finds a publication that was dropped and made anew', async () => {
    await using server = await startPostgres15({ wal_level: 'logical', wal_writer_delay: '10ms' })
    const { url } = server
    const client = await connect(url)
    await client.query('CREATE TABLE jobs (id int PRIMARY KEY, name text)')
    const log = memoryLog()
    await using run = captured({ url, tables, into: log })
    const missing = await run.until(({ state }) => state === 'FAILED')
    expect(missing.reason).toMatch(/no publication tributary; run `tributary capture setup`/)
    await publishTables(client, url, tables)
    await run.until(({ state }) => state === 'STREAMING')
    await client.query(`INSERT INTO jobs VALUES (1, 'a')`)
    await client.query(`UPDATE jobs SET id = 2`)
    await client.query(`DELETE FROM jobs`)
    await log.until(() => log.transactions.length === 3)
    expect(log.changes).toEqual([
      { kind: 'insert', table: 'jobs', key: '1', values: { id: '1', name: 'a' } },
      { kind: 'update', table: 'jobs', key: '2', oldKey: '1', values: { id: '2', name: 'a' } },
      { kind: 'delete', table: 'jobs', key: '2' },
    ])

    await client.query('DROP PUBLICATION tributary')
    await client.query(`INSERT INTO jobs VALUES (3, 'unseen')`)
    await run.until(({ state }) => state === 'FAILED')
    await client.query('CREATE PUBLICATION tributary FOR TABLE jobs')
    await run.until(({ state }) => state === 'STREAMING')
    await client.query(`INSERT INTO jobs VALUES (4, 'seen')`)
    await log.until(() => log.transactions.length > 3)
    expect(log.changes.at(-1)).toMatchObject({ kind: 'insert', key: '4' })
    expect(log.epochs).toHaveLength(2)
  })

  test('makes a slot anew that lost its WAL, and says that a new history begins', async () => {
    await using server = await startPostgres15({
      wal_level: 'logical',
      wal_writer_delay: '10ms',
      max_slot_wal_keep_size: '1MB',
      min_wal_size: '32MB',
      max_wal_size: '32MB',
    })
    const { url } = server
    const client = await connect(url)
    await client.query('CREATE TABLE jobs (id int PRIMARY KEY, name text)')
    const names = await publishTables(client, url, tables)
    const log = memoryLog()
    {
      await using run = captured({ url, tables, into: log })
      await run.until(({ state }) => state === 'STREAMING')
    }
    const walStatus = async () => {
      const { rows } = await client.query(
        'SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1',
        [names.slot],
      )
      return rows[0].wal_status
    }
    while ((await walStatus()) !== 'lost') {
      await client.query(`SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1000)), pg_switch_wal()`)
      await client.query('CHECKPOINT')
    }
    await using run = captured({ url, tables, into: log })
    await run.until(({ state }) => state === 'STREAMING')
    expect(run.lines.join('\n')).toMatch(
      /the slot \S+ is lost, with what it would have told; it is made anew/,
    )
    await client.query(`INSERT INTO jobs VALUES (1, 'a')`)
    await log.until(() => log.transactions.length === 1)
    expect(log.epochs).toHaveLength(2)
  })
})
