import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { stopOrphans } from '../../src/embedded/orphans.ts'
import { awaitGone, identify, postgresIn, signal } from '../../src/embedded/processes.ts'
import { ask, startOwner, temporaryFolder } from './start-owner.ts'

/** Only a crash of the machine needs fsync. */
const settings = { fsync: 'off' }
const silent = { settings, log: () => {} }

describe('a start after a kill', () => {
  let home: string
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeAll(async () => {
    folder = await temporaryFolder()
    home = folder.path
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  test('stops the server that lives on, and keeps what was committed', async () => {
    await using killed = await startOwner({ home, settings })
    const { url, pid, dataDir } = killed.report
    await ask(url, "CREATE TABLE survivor AS SELECT 'here' AS value")
    await killed.kill()
    expect((await postgresIn(dataDir)).map((process) => process.pid)).toContain(pid)

    await using postgres = await startEmbeddedPostgres({ home, ...silent })
    expect(postgres.start).toBe('recovered')
    expect(postgres.pid).not.toBe(pid)
    expect(await identify(pid)).toBeUndefined()
    expect(await ask(postgres.url(), 'SELECT value FROM survivor')).toBe('here')
  })

  test('replays the log of a server that was killed too', async () => {
    await using killed = await startOwner({ home, settings })
    const { url, pid, dataDir } = killed.report
    await ask(url, "CREATE TABLE kept AS SELECT 'here' AS value")
    await killed.kill()
    process.kill(pid, 'SIGKILL')

    await using postgres = await startEmbeddedPostgres({ home, ...silent })
    expect(postgres.start).toBe('recovered')
    expect(await ask(postgres.url(), 'SELECT value FROM kept')).toBe('here')
    expect((await postgresIn(dataDir)).length).toBeGreaterThan(1)
  })

  test('does not take the pid in a stale postmaster.pid for a server', async () => {
    const first = await startEmbeddedPostgres({ home, ...silent })
    await first.stop()
    const bystander = spawn('sleep', ['60'])
    try {
      await writeFile(join(first.dataDir, 'postmaster.pid'), `${bystander.pid}\n${first.dataDir}\n`)
      await using postgres = await startEmbeddedPostgres({ home, ...silent })
      expect(postgres.start).toBe('recovered')
      expect(await identify(bystander.pid ?? 0)).toBeDefined()
    } finally {
      bystander.kill()
    }
  })

  test('does not take a lock for held whose pid went to another process', async () => {
    await writeFile(join(home, `owner-${process.ppid}-1.lock`), '')
    await using postgres = await startEmbeddedPostgres({ home, ...silent })
    expect(await ask(postgres.url(), 'SELECT 1')).toBe(1)
    expect(existsSync(join(home, `owner-${process.ppid}-1.lock`))).toBe(false)
  })

  test('begins anew where the first initialisation was killed', async () => {
    await using folder = await temporaryFolder()
    const halfMade = join(folder.path, 'postgres.partial-0badf00d')
    await mkdir(join(halfMade, 'data', 'base'), { recursive: true })
    await using postgres = await startEmbeddedPostgres({ home: folder.path, ...silent })
    expect(postgres.start).toBe('created')
    expect(existsSync(halfMade)).toBe(false)
  })

  test('kills a server that does not react', async () => {
    await using killed = await startOwner({ home, settings })
    const { pid, dataDir } = killed.report
    await killed.kill()
    const left = await postgresIn(dataDir)
    const postmaster = left.find((process) => process.pid === pid)
    if (!postmaster) throw new Error('the server is gone')
    signal(postmaster, 'SIGSTOP')
    expect(await stopOrphans(dataDir, { fast: 50, immediate: 500 })).toBe(true)
    expect(await awaitGone(left, 0)).toEqual([])
  })
})

describe('a server that is kept up', () => {
  /** What it has said, and what comes. */
  function listen() {
    const news = new EventEmitter()
    const lines: string[] = []
    return {
      log: (line: string) => {
        lines.push(line)
        news.emit('line')
      },
      said: async (pattern: RegExp) => {
        while (!lines.some((line) => pattern.test(line))) await once(news, 'line')
      },
      lines,
    }
  }

  test('comes back after a kill, on its port and with its data, and can be stopped', async () => {
    await using folder = await temporaryFolder()
    const { log, said } = listen()
    const postgres = await startEmbeddedPostgres({ home: folder.path, settings, log, restarts: {} })
    await ask(postgres.url(), "CREATE TABLE kept AS SELECT 'here' AS value")
    const [url, pid] = [postgres.url(), postgres.pid]
    process.kill(pid, 'SIGKILL')
    await said(/ended unexpectedly by SIGKILL/)
    await said(/up again/)
    expect(postgres.pid).not.toBe(pid)
    expect(await ask(url, 'SELECT value FROM kept')).toBe('here')
    await postgres.stop()
    expect(await postgresIn(postgres.dataDir)).toEqual([])
  })

  test('is given up after some times, with a word of where to look', async () => {
    await using folder = await temporaryFolder()
    const { log, said, lines } = listen()
    const restarts = { most: 2, pauseMs: 1 }
    await using postgres = await startEmbeddedPostgres({ home: folder.path, settings, log, restarts })
    await rename(join(postgres.dataDir, 'global', 'pg_control'), join(folder.path, 'pg_control'))
    process.kill(postgres.pid, 'SIGKILL')
    await said(/not started again after 2 times.*postgres\.log/)
    expect(lines.filter((line) => /did not start/.test(line))).toHaveLength(2)
  })

  test('is stopped for good while it is coming back', async () => {
    await using folder = await temporaryFolder()
    const { log, said } = listen()
    const postgres = await startEmbeddedPostgres({ home: folder.path, settings, log, restarts: {} })
    process.kill(postgres.pid, 'SIGKILL')
    await said(/ended unexpectedly/)
    await postgres.stop()
    expect(await postgresIn(postgres.dataDir)).toEqual([])
  })
})
