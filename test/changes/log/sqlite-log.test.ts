import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { PositionLost } from '../../../src/changes/log/change-log.ts'
import { openSqliteLog } from '../../../src/changes/log/sqlite-log.ts'
import { describeLog, type LogPlace } from './contract.ts'
import { commit, commits, lsnsOf, take } from './transactions.ts'

const quiet = pino({ level: 'silent' })
const hour = 3_600_000
const identity = { origin: 'one', confirmed: 0n }

async function place(): Promise<LogPlace & { readonly folder: string; readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-log-'))
  return {
    folder,
    file: join(folder, 'changes.sqlite'),
    open: ({ retentionMs = hour, maxBytes = 2 ** 30 } = {}) =>
      openSqliteLog({ folder, retentionMs, maxBytes, log: quiet }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

describeLog({ name: 'SQLite', place })

/** Runs a program that appends, kills it after so many acknowledgements, and tells the last that it gave. */
async function appendUntilKilled(folder: string, acknowledgements: number): Promise<number> {
  const program = join(import.meta.dirname, 'append-for-ever.ts')
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let acknowledged = 0
  let count = 0
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line)
    count += 1
    if (count === acknowledgements) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return acknowledged
}

/** Overwrites all but the first pages. */
async function spoil(path: string): Promise<void> {
  const { size } = await stat(path)
  await using file = await open(path, 'r+')
  for (let at = 64 * 1024; at < size; at += 4096) await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, at)
}

describe('the SQLite log', () => {
  it('holds all that was acknowledged by processes that were killed', async () => {
    await using home = await place()
    for (const acknowledgements of [1, 60]) {
      const acknowledged = await appendUntilKilled(home.folder, acknowledgements)
      await using log = await home.open()
      const head = await log.head('platform')
      expect(Number(head?.lsn)).toBeGreaterThanOrEqual(acknowledged)
      const start = { epoch: head?.epoch ?? '', lsn: 0n }
      const count = Number(head?.lsn)
      expect(lsnsOf(await take(log, 'platform', start, count))).toEqual(lsnsOf(commits(1, count)))
    }
  }, 60_000)

  it('is for its own account’s eyes', async () => {
    await using home = await place()
    await using log = await home.open()
    await (await log.write('platform', identity)).append([commit(1)])
    for (const suffix of ['', '-wal']) expect((await stat(home.file + suffix)).mode & 0o077).toBe(0)
  })

  it('sets a damaged file aside at the start, and says so', async () => {
    await using home = await place()
    await writeFile(home.file, 'this is no database, and never was one'.repeat(100))
    const lines: string[] = []
    await using log = await openSqliteLog({
      folder: home.folder,
      retentionMs: hour,
      maxBytes: 2 ** 30,
      log: pino({}, { write: (line) => void lines.push(line) }),
    })
    expect(lines.join()).toContain('damaged')
    expect(existsSync(`${home.file}.damaged`)).toBe(true)
    const writer = await log.write('platform', identity)
    await writer.append([commit(1)])
    expect(lsnsOf(await take(log, 'platform', { epoch: writer.epoch, lsn: 0n }, 1))).toEqual([1])
    // And again, under way.
    await rm(`${home.file}.damaged`)
    await writer.append(commits(2, 400, 'x'.repeat(5000)))
    using other = new DatabaseSync(home.file)
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    await spoil(home.file)
    await expect(take(log, 'platform', { epoch: writer.epoch, lsn: 1n }, 400)).rejects.toThrow()
    await expect.poll(() => existsSync(`${home.file}.damaged`)).toBe(true)
  })

  it('begins another epoch when it meets damage under way, and takes nothing from the former writer', async () => {
    await using home = await place()
    const former = await (async () => {
      await using log = await home.open()
      const writer = await log.write('platform', identity)
      await writer.append(commits(1, 400, 'x'.repeat(5000)))
      return { epoch: writer.epoch, lsn: 0n }
    })()
    await using log = await home.open()
    const writer = await log.write('platform', identity)
    await spoil(home.file)
    await expect(take(log, 'platform', former, 400)).rejects.toThrow()
    await expect.poll(() => existsSync(`${home.file}.damaged`)).toBe(true)
    await expect(writer.append([commit(1000)])).rejects.toThrow()
    const next = await log.write('platform', identity)
    expect(next.epoch).not.toBe(former.epoch)
    await expect(writer.append([commit(1000)])).rejects.toThrow()
    await expect(take(log, 'platform', former, 1)).rejects.toThrow(PositionLost)
    await next.append([commit(1000)])
    expect(lsnsOf(await take(log, 'platform', { epoch: next.epoch, lsn: 0n }, 1))).toEqual([1000])
  })

  it('comes back when its damaged file could not be set aside for a while', async () => {
    await using home = await place()
    {
      await using log = await home.open()
      const writer = await log.write('platform', identity)
      await writer.append(commits(1, 400, 'x'.repeat(5000)))
    }
    await using log = await home.open()
    const writer = await log.write('platform', identity)
    await spoil(home.file)
    // Without its folder the file cannot be set aside.
    await rename(home.folder, `${home.folder}-away`)
    await expect(take(log, 'platform', { epoch: writer.epoch, lsn: 0n }, 400)).rejects.toThrow()
    await expect(writer.append([commit(401)])).rejects.toMatchObject({ code: 'CHANGE_LOG_UNUSABLE' })
    await expect(log.write('platform', identity)).rejects.toMatchObject({ code: 'CHANGE_LOG_UNUSABLE' })
    await rename(`${home.folder}-away`, home.folder)
    // It opens, for its first pages are whole; whoever reads on meets the damage again.
    await Promise.all([log.write('platform', identity), log.write('users', identity)])
    await expect(take(log, 'platform', { epoch: writer.epoch, lsn: 0n }, 400)).rejects.toThrow()
    await expect.poll(() => existsSync(`${home.file}.damaged`)).toBe(true)
    const next = await log.write('platform', identity)
    expect(next.epoch).not.toBe(writer.epoch)
    await next.append([commit(401)])
    expect(lsnsOf(await take(log, 'platform', { epoch: next.epoch, lsn: 0n }, 1))).toEqual([401])
  })

  it('refuses what the file does not take, and goes on when it does', async () => {
    await using home = await place()
    await using log = await home.open()
    const writer = await log.write('platform', identity)
    await writer.append([commit(1)])
    // Another program holds the lock; a full disk is refused the same way.
    const hog = new DatabaseSync(home.file)
    hog.exec('BEGIN IMMEDIATE')
    await expect(writer.append([commit(2)])).rejects.toMatchObject({ code: 'CHANGE_LOG_UNUSABLE' })
    hog.exec('ROLLBACK')
    hog.close()
    const next = await log.write('platform', identity)
    expect(next.epoch).toBe(writer.epoch)
    await next.append([commit(2)])
    expect(lsnsOf(await take(log, 'platform', { epoch: next.epoch, lsn: 0n }, 2))).toEqual([1, 2])
  })

  it('says why a folder cannot be used', async () => {
    await using home = await place()
    await writeFile(join(home.folder, 'file'), '')
    const options = { folder: join(home.folder, 'file'), retentionMs: hour, maxBytes: 1, log: quiet }
    await expect(openSqliteLog(options)).rejects.toMatchObject({
      code: 'CHANGE_LOG_UNUSABLE',
      message: expect.stringContaining('EEXIST'),
    })
  })
})
