import { describe, expect, test } from 'vitest'
import { createEmptyDatabase } from '../support/databases.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { captured, connect, publishTables, quick } from './capture-kit.ts'

const tables = [{ name: 'jobs', key: ['id'], columns: ['id'] }]

describe('capture over a bad network', () => {
  test('finds out that the other end is gone, and goes on without a gap when it is back', async () => {
    await using database = await createEmptyDatabase()
    const client = await connect(database.url)
    await client.query('CREATE TABLE jobs (id int PRIMARY KEY)')
    const { slot } = await publishTables(client, database.url, tables)
    await using proxy = await startTcpProxy(database.url)
    const timing = { ...quick, pingMs: 100, silenceMs: 600, connectTimeoutMs: 1_000 }
    await using run = captured({ url: proxy.url, tables, timing })
    const { log } = run
    await run.until(({ state }) => state === 'STREAMING')
    await client.query('INSERT INTO jobs VALUES (1)')
    await log.until(() => log.transactions.length === 1)

    proxy.blackHole()
    await client.query('INSERT INTO jobs VALUES (2)')
    expect((await run.until(({ state }) => state === 'FAILED')).reason).toMatch(/does not answer/)
    await client.query('INSERT INTO jobs VALUES (3)')
    // The server has not noticed, and would keep the slot for a minute.
    const { rowCount } = await client.query(
      'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active',
      [slot],
    )
    expect(rowCount).toBe(1)
    proxy.pass()
    await log.until(() => log.transactions.length === 3)

    for (let id = 4; id < 40; id++) {
      await client.query('INSERT INTO jobs VALUES ($1)', [id])
      if (id % 12 === 0) proxy.cut()
    }
    await log.until(() => log.transactions.length === 39)
    expect(log.changes.map((change) => 'key' in change && Number(change.key))).toEqual(
      Array.from({ length: 39 }, (_, index) => index + 1),
    )
    expect(log.epochs).toHaveLength(1)
  })
})
