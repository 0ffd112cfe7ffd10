import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createEmptyDatabase } from '../support/databases.ts'
import { memoryLog } from '../support/memory-log.ts'
import { hasPostgres15, startPostgres15 } from '../support/postgres-15.ts'
import { captured, connect, publishTables, unique } from './capture-kit.ts'

const run = promisify(execFile)
const psql = ['/usr/bin/psql', '/usr/lib/postgresql/15/bin/psql'].find(existsSync)
const python = '/usr/bin/python3'
const hasPsycopg = spawnSync(python, ['-c', 'import psycopg2']).status === 0

const tables = [{ name: 'jobs', key: ['id'], columns: ['id', 'status', 'detail'] }]
const schema = 'CREATE TABLE jobs (id serial PRIMARY KEY, status text, detail jsonb)'

async function start() {
  const database = await createEmptyDatabase()
  const client = await connect(database.url)
  await client.query(schema)
  await publishTables(client, database.url, tables)
  const capture = captured({ url: database.url, tables })
  await capture.until(({ state }) => state === 'STREAMING')
  return {
    url: database.url,
    client,
    log: capture.log,
    async [Symbol.asyncDispose]() {
      await capture[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** A trainer as they are: a transaction a step, savepoints, one that is rolled back. */
const trainer = `
import sys, psycopg2
from psycopg2.extras import Json, execute_values
connection = psycopg2.connect(sys.argv[1])
with connection, connection.cursor() as cursor:
    cursor.execute("INSERT INTO jobs (status, detail) VALUES (%s, %s) RETURNING id", ("pending", Json({"step": 0})))
    job, = cursor.fetchone()
for step in (1, 2):
    with connection, connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
        cursor.execute("UPDATE jobs SET status = 'broken'")
        cursor.execute("ROLLBACK TO before")
        cursor.execute("UPDATE jobs SET status = 'running', detail = %s WHERE id = %s", (Json({"step": step}), job))
try:
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs")
        raise ValueError
except ValueError:
    pass
with connection, connection.cursor() as cursor:
    execute_values(cursor, "INSERT INTO jobs (status) VALUES %s", [("a",), ("b",)])
`

describe('capture of other programs', () => {
  test.skipIf(!psql)('tells what psql does, by COPY and by script', async () => {
    await using capture = await start()
    const script = `COPY jobs (status) FROM STDIN;\nuploaded\nwith "quotes" and \\\\N\n\\.\nUPDATE jobs SET status = upper(status);`
    const child = run(psql ?? '', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', capture.url])
    child.child.stdin?.end(script)
    await child
    await capture.log.until(() => capture.log.transactions.length === 2)
    expect(
      capture.log.transactions.map(({ changes }) =>
        changes.map((change) => 'values' in change && change.values.status),
      ),
    ).toEqual([
      ['uploaded', 'with "quotes" and \\N'],
      ['UPLOADED', 'WITH "QUOTES" AND \\N'],
    ])
  })

  test.skipIf(!hasPsycopg)(
    'tells what a Python service does, and nothing of what it takes back',
    async () => {
      await using capture = await start()
      await run(python, ['-c', trainer, capture.url])
      const { log } = capture
      await log.until(() => log.transactions.length === 4)
      const told = log.transactions.map(({ changes }) =>
        changes.map(
          (change) => 'values' in change && [change.kind, change.values.status, change.values.detail],
        ),
      )
      expect(told).toEqual([
        [['insert', 'pending', '{"step": 0}']],
        [['update', 'running', '{"step": 1}']],
        [['update', 'running', '{"step": 2}']],
        [
          ['insert', 'a', null],
          ['insert', 'b', null],
        ],
      ])
    },
  )

  test('tells a prepared transaction when it is committed', async () => {
    await using capture = await start()
    const { client, log } = capture
    await client.query(`BEGIN; INSERT INTO jobs (status) VALUES ('prepared'); PREPARE TRANSACTION 'one'`)
    await client.query(`INSERT INTO jobs (status) VALUES ('between')`)
    await client.query(`COMMIT PREPARED 'one'`)
    await log.until(() => log.transactions.length === 2)
    const told = log.changes.map((change) => 'values' in change && change.values.status)
    expect(told).toEqual(['between', 'prepared'])
  })

  test.skipIf(!hasPostgres15)('begins a new history where the server is another', async () => {
    await using capture = await start()
    await capture.client.query(`INSERT INTO jobs (status) VALUES ('here')`)
    await capture.log.until(() => capture.log.transactions.length === 1)
    await using other = await startPostgres15({ wal_level: 'logical', wal_writer_delay: '10ms' })
    const client = await connect(other.url)
    await client.query(schema)
    await publishTables(client, other.url, tables)
    const log = memoryLog()
    const slot = unique('capture')
    {
      await using first = captured({
        url: capture.url,
        tables,
        into: log,
        env: { PLATFORM_CAPTURE_SLOT: slot },
      })
      await first.until(({ state }) => state === 'STREAMING')
    }
    await using second = captured({ url: other.url, tables, into: log })
    await second.until(({ state }) => state === 'STREAMING')
    await client.query(`INSERT INTO jobs (status) VALUES ('there')`)
    await log.until(() => log.transactions.length === 1)
    expect(log.epochs).toHaveLength(2)
    await capture.client.query('SELECT pg_drop_replication_slot($1)', [slot])
  })
})
