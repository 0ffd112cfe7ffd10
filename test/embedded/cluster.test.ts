import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { postgresIn } from '../../src/embedded/processes.ts'
import { ask, startOwner, temporaryFolder } from './start-owner.ts'

const silent = { log: () => {} }
const fast = { ...silent, settings: { fsync: 'off' } }

describe('embedded Postgres', () => {
  let home: string
  let shared: Awaited<ReturnType<typeof temporaryFolder>>
  beforeAll(async () => {
    shared = await temporaryFolder()
    home = shared.path
  })
  afterAll(() => shared[Symbol.asyncDispose]())

  test('is made once, keeps its data, and leaves no process and no lock', async () => {
    await using folder = await temporaryFolder()
    const first = await startEmbeddedPostgres({ home: folder.path, ...silent })
    expect(first.start).toBe('created')
    expect(first.port).toBeLessThan(32_768)
    await ask(first.url(), "CREATE TABLE kept AS SELECT 'here' AS value")
    await first.stop()
    expect(await postgresIn(first.dataDir)).toEqual([])
    expect((await readdir(folder.path)).sort()).toEqual(['postgres', 'postgres.log'])

    await using second = await startEmbeddedPostgres({ home: folder.path, ...silent })
    expect(second.start).toBe('reused')
    expect(await ask(second.url(), 'SELECT value FROM kept')).toBe('here')
  })

  test('decodes logically, counts statements, speaks UTF-8 and UTC; settings asked for win', async () => {
    const settings = { fsync: 'off', max_wal_senders: 3, application_name: "it's set" }
    await using postgres = await startEmbeddedPostgres({ home, ...silent, settings })
    const shown = async (name: string) => ask(postgres.url(), `SHOW ${name}`)
    expect(await shown('wal_level')).toBe('logical')
    expect(await shown('max_replication_slots')).toBe('16')
    expect(await shown('max_wal_senders')).toBe('3')
    expect(await shown('application_name')).toBe("it's set")
    expect(await shown('server_encoding')).toBe('UTF8')
    expect(await shown('timezone')).toBe('UTC')
    expect(
      await ask(postgres.url(), "SELECT upper('é') || (SELECT count(*) FROM pg_roles WHERE rolsuper)"),
    ).toBe('É1')
    await ask(postgres.url(), 'CREATE EXTENSION pg_stat_statements')
    expect(await ask(postgres.url(), 'SELECT count(*) > 0 FROM pg_stat_statements')).toBe(true)
  })

  test('listens on loopback alone and wants its password', async () => {
    await using postgres = await startEmbeddedPostgres({ home, ...fast })
    expect(await ask(postgres.url(), 'SHOW listen_addresses')).toBe('127.0.0.1')
    expect(await ask(postgres.url(), 'SHOW unix_socket_directories')).toBe('')
    const url = new URL(postgres.url())
    url.password = 'guessed'
    await expect(ask(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  })

  test('refuses a second owner while the first lives', async () => {
    await using postgres = await startEmbeddedPostgres({ home, ...fast })
    const again = {
      code: 'EMBEDDED_UNAVAILABLE',
      message: expect.stringContaining(`Process ${process.pid} `),
    }
    await expect(startEmbeddedPostgres({ home, ...fast })).rejects.toMatchObject(again)
    await using other = await startOwner({ home, settings: fast.settings })
    expect(other.report.error).toContain(`Process ${process.pid} already runs`)
    expect(await ask(postgres.url(), 'SELECT 1')).toBe(1)
  })

  test('has one owner when several start at once', async () => {
    await using folder = await temporaryFolder()
    const owners = await Promise.all(
      [1, 2, 3].map(() => startOwner({ home: folder.path, settings: fast.settings })),
    )
    const winners = owners.filter(({ report }) => report.error === undefined)
    try {
      expect(winners).toHaveLength(1)
      expect(await ask(winners[0]?.report.url ?? '', 'SELECT 1')).toBe(1)
    } finally {
      for (const owner of owners) await owner.stop()
    }
  })

  test('says why it did not come up, and is free to start again', async () => {
    await using folder = await temporaryFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const failure = startEmbeddedPostgres({ home: folder.path, ...fast, port })
    await expect(failure).rejects.toThrow(/Address already in use/)
    taken.close()
    await once(taken, 'close')
    await using postgres = await startEmbeddedPostgres({ home: folder.path, ...fast, port })
    expect(postgres.port).toBe(port)

    const settings = { fsync: 'off', wal_level: 'nonsense' }
    await using odd = await startOwner({ home: join(folder.path, 'odd'), settings })
    expect(odd.report.error).toMatch(/invalid value for parameter "wal_level"/)
  })

  test('goes with an owner that ends without stopping it', async () => {
    const program = `
      import { startEmbeddedPostgres } from ${JSON.stringify(import.meta.resolve('../../src/embedded/cluster.ts'))}
      const postgres = await startEmbeddedPostgres({ home: ${JSON.stringify(home)}, log() {} })
      process.stdout.write(postgres.dataDir)
      throw new Error('a fault')`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program])
    expect(stderr.toString()).toContain('a fault')
    expect(existsSync(stdout.toString())).toBe(true)
    await using next = await startEmbeddedPostgres({ home, ...fast })
    expect(next.start).toBe('recovered')
  })
})
