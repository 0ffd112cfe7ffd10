import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../../src/changes/change.ts'
import {
  type CaptureReport,
  type ChangeLog,
  type LogIdentity,
  type LogPosition,
  PositionLost,
  WriterFenced,
} from '../../../src/changes/log/change-log.ts'
import { anyTransaction, commit, commits, lsnsOf, take } from './transactions.ts'

/** A kind of log, to be held to the contract. */
export interface LogUnderTest {
  readonly name: string
  /** Where there is nothing yet. */
  place(): Promise<LogPlace>
}

/** Where a log is kept: it can be opened several times, one after the other or at once. */
export interface LogPlace extends AsyncDisposable {
  open(limits?: { retentionMs?: number; maxBytes?: number }): Promise<ChangeLog>
}

const identity = (confirmed = 100n, origin = 'system 1, slot a'): LogIdentity => ({ origin, confirmed })

async function headOf(log: ChangeLog, source = 'platform'): Promise<LogPosition> {
  const head = await log.head(source)
  if (!head) throw new Error(`nobody captured ${source}`)
  return head
}

const isLost = (log: ChangeLog, position: LogPosition): Promise<boolean> =>
  take(log, 'platform', position, 1).then(
    () => false,
    (error) => error instanceof PositionLost,
  )

/** Waits for a condition that nothing tells of: it looks again until it holds. */
async function eventually(look: () => Promise<boolean>): Promise<void> {
  await expect.poll(look, { timeout: 20_000, interval: 20 }).toBe(true)
}

/** The contract of every change log. */
export function describeLog({ name, place }: LogUnderTest): void {
  describe(`the contract of a change log: ${name}`, () => {
    it('hands over what is appended, in order, to those who were there and those who come later', async () => {
      await using home = await place()
      await using log = await home.open()
      expect(await log.head('platform')).toBeUndefined()
      const writer = await log.write('platform', identity())
      const start = await headOf(log)
      expect(start).toEqual({ epoch: writer.epoch, lsn: 100n })
      const waiting = take(log, 'platform', start, 250)
      for (let from = 101; from < 351; from += 25) await writer.append(commits(from, 25))
      const expected = commits(101, 250)
      expect(await waiting).toEqual(expected)
      expect(await take(log, 'platform', start, 250)).toEqual(expected)
      expect(lsnsOf(await take(log, 'platform', { ...start, lsn: 340n }, 10))).toEqual(
        lsnsOf(commits(341, 10)),
      )
      expect(await log.head('platform')).toEqual({ epoch: writer.epoch, lsn: 350n })
      expect(writer.last).toBe(350n)
    })

    it('takes nothing twice', async () => {
      await using home = await place()
      await using log = await home.open()
      const writer = await log.write('platform', identity())
      const start = await headOf(log)
      await writer.append(commits(101, 5))
      await writer.append(commits(103, 5, 'again'))
      const second = await log.write('platform', identity())
      await second.append([...commits(99, 4, 'again'), ...commits(103, 8, 'again')])
      const taken = await take(log, 'platform', start, 10)
      expect(lsnsOf(taken)).toEqual(lsnsOf(commits(101, 10)))
      expect(taken.slice(0, 5)).toEqual(commits(101, 5))
    })

    it('keeps histories apart by source', async () => {
      await using home = await place()
      await using log = await home.open()
      const [platform, users] = await Promise.all(
        ['platform', 'users'].map((source) => log.write(source, identity())),
      )
      const start = { platform: await headOf(log), users: await headOf(log, 'users') }
      await Promise.all([platform?.append([commit(101)]), users?.append([commit(102)])])
      expect(lsnsOf(await take(log, 'platform', start.platform, 1))).toEqual([101])
      expect(lsnsOf(await take(log, 'users', start.users, 1))).toEqual([102])
    })

    it('goes on after a restart', async () => {
      await using home = await place()
      let start: LogPosition
      {
        await using log = await home.open()
        const writer = await log.write('platform', identity())
        start = await headOf(log)
        await writer.append(commits(101, 5))
      }
      await using log = await home.open()
      expect(lsnsOf(await take(log, 'platform', start, 5))).toEqual(lsnsOf(commits(101, 5)))
      const writer = await log.write('platform', identity(105n))
      expect(writer.epoch).toBe(start.epoch)
      expect(writer.last).toBe(105n)
      await writer.append(commits(106, 2))
      expect(lsnsOf(await take(log, 'platform', start, 7))).toEqual(lsnsOf(commits(101, 7)))
    })

    it('begins another epoch for another origin', async () => {
      await using home = await place()
      await using log = await home.open()
      const writer = await log.write('platform', identity())
      await writer.append(commits(101, 5))
      const former = await headOf(log)
      const second = await log.write('platform', identity(50n, 'system 2, slot a'))
      expect(second.epoch).not.toBe(writer.epoch)
      expect(await log.head('platform')).toEqual({ epoch: second.epoch, lsn: 50n })
      await expect(take(log, 'platform', former, 1)).rejects.toThrow(PositionLost)
      await second.append(commits(51, 1))
      expect(lsnsOf(await take(log, 'platform', { epoch: second.epoch, lsn: 50n }, 1))).toEqual([51])
    })

    it('begins another epoch where the slot is ahead of the log, and tells a reader who waits', async () => {
      await using home = await place()
      await using log = await home.open()
      const writer = await log.write('platform', identity())
      await writer.append(commits(101, 5))
      const waiting = take(log, 'platform', await headOf(log), 1)
      const [second] = await Promise.all([
        log.write('platform', identity(106n)),
        expect(waiting).rejects.toThrow(PositionLost),
      ])
      expect(second.epoch).not.toBe(writer.epoch)
    })

    it('advances over what nobody is interested in', async () => {
      await using home = await place()
      await using log = await home.open()
      const writer = await log.write('platform', identity())
      const start = await headOf(log)
      await writer.append([commit(101)])
      await writer.advance(500n)
      expect(writer.last).toBe(500n)
      const second = await log.write('platform', identity(500n))
      expect(second.epoch).toBe(writer.epoch)
      expect(second.last).toBe(500n)
      await second.append([commit(500), commit(501)])
      expect(lsnsOf(await take(log, 'platform', start, 2))).toEqual([101, 501])
      expect(lsnsOf(await take(log, 'platform', { ...start, lsn: 300n }, 1))).toEqual([501])
    })

    it('fences off a former writer', async () => {
      await using home = await place()
      await using log = await home.open()
      await using other = await home.open()
      const former = await log.write('platform', identity())
      const start = await headOf(log)
      await former.append([commit(101)])
      const writer = await other.write('platform', identity())
      await expect(former.append([commit(102, 'late')])).rejects.toThrow(WriterFenced)
      await expect(former.advance(900n)).rejects.toThrow(WriterFenced)
      await expect(former.report({ status: 'stopped', at: 1 })).rejects.toThrow(WriterFenced)
      await writer.append([commit(102, 'new')])
      expect(await take(log, 'platform', start, 2)).toEqual([commit(101), commit(102, 'new')])
    })

    it('keeps what its writer notes for the next one, with the transactions or not at all', async () => {
      await using home = await place()
      {
        await using log = await home.open()
        const writer = await log.write('platform', identity())
        expect(await writer.notes()).toEqual(new Map())
        await writer.append([], new Map([['jobs', '[1]']]))
        const notes = new Map([
          ['jobs 1', '["a"]'],
          ['jobs ü "2"', '["b"]'],
        ])
        await writer.append([commit(101)], notes)
        await writer.append([commit(102)], new Map([['jobs 1', null]]))
      }
      await using log = await home.open()
      const former = await log.write('platform', identity(102n))
      const kept = new Map([
        ['jobs', '[1]'],
        ['jobs ü "2"', '["b"]'],
      ])
      expect(await former.notes()).toEqual(kept)
      const writer = await log.write('platform', identity(102n))
      await expect(former.append([commit(103)], new Map([['late', '[]']]))).rejects.toThrow(WriterFenced)
      expect(await writer.notes()).toEqual(kept)
      const another = await log.write('platform', identity(50n, 'system 2, slot a'))
      expect(await another.notes()).toEqual(new Map())
    })

    it('refuses positions that never were', async () => {
      await using home = await place()
      await using log = await home.open()
      await expect(take(log, 'platform', { epoch: 'none', lsn: 0n }, 1)).rejects.toThrow(PositionLost)
      const writer = await log.write('platform', identity())
      await writer.append([commit(101)])
      for (const position of [
        { epoch: writer.epoch, lsn: 99n },
        { epoch: writer.epoch, lsn: 102n },
        { epoch: 'another', lsn: 101n },
      ])
        await expect(take(log, 'platform', position, 1)).rejects.toThrow(PositionLost)
    })

    it('forgets what is too old, and tells whoever was there', async () => {
      await using home = await place()
      await using log = await home.open({ retentionMs: 1 })
      await using reader = await home.open()
      const writer = await log.write('platform', identity())
      const start = await headOf(log)
      await writer.append(commits(101, 1200))
      await eventually(async () => {
        await writer.advance(writer.last + 1n)
        return isLost(reader, start)
      })
      const head = await headOf(reader)
      expect(head.lsn).toBe(1300n)
      const next = take(reader, 'platform', head, 1)
      await writer.append([commit(5000)])
      expect(lsnsOf(await next)).toEqual([5000])
    })

    it('stays within its size', async () => {
      await using home = await place()
      await using log = await home.open({ maxBytes: 4_000_000 })
      await using reader = await home.open()
      const writer = await log.write('platform', identity())
      const start = await headOf(log)
      const body = 'x'.repeat(20_000)
      for (let from = 101; from < 601; from += 50) await writer.append(commits(from, 50, body))
      await eventually(async () => {
        await writer.advance(writer.last + 1n)
        return isLost(reader, start)
      })
      const kept = take(reader, 'platform', { ...start, lsn: 580n }, 20)
      expect(lsnsOf(await kept)).toEqual(lsnsOf(commits(581, 20)))
    })

    it('tells every reader how the source is captured', async () => {
      await using home = await place()
      await using log = await home.open()
      await using other = await home.open()
      expect(await log.status('platform')).toBeUndefined()
      const writer = await log.write('platform', identity())
      const report: CaptureReport = {
        status: 'failed',
        reason: 'the slot is lost',
        at: 1_700_000_000_000,
        lagBytes: 12,
        unwatched: { metrics: 'it is not in the publication' },
      }
      await writer.report(report)
      expect(await other.status('platform')).toEqual(report)
    })

    it('shares its secret with those who open it, and with no other log', async () => {
      await using home = await place()
      await using elsewhere = await place()
      await using log = await home.open()
      await using same = await home.open()
      await using other = await elsewhere.open()
      expect(await log.secret()).toHaveLength(32)
      expect(await same.secret()).toEqual(await log.secret())
      expect(await other.secret()).not.toEqual(await log.secret())
    })

    it('ends a reader when its signal says so, or the log is closed', async () => {
      await using home = await place()
      const log = await home.open()
      await log.write('platform', identity())
      const start = await headOf(log)
      const stop = new AbortController()
      const count = async (signal: AbortSignal) => {
        let batches = 0
        for await (const _ of log.read('platform', start, signal)) batches += 1
        return batches
      }
      const [stopped, closed] = [count(stop.signal), count(new AbortController().signal)]
      stop.abort()
      expect(await stopped).toBe(0)
      await log[Symbol.asyncDispose]()
      expect(await closed).toBe(0)
    })

    it('serves readers at different places while it is written, opened twice', async () => {
      const batches = fc.array(fc.array(anyTransaction, { minLength: 1, maxLength: 20 }), {
        minLength: 1,
        maxLength: 12,
      })
      // Each begins when so many batches are written, at a share of what is there.
      const readers = fc.array(
        fc.record({ begins: fc.nat({ max: 12 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
        {
          minLength: 1,
          maxLength: 5,
        },
      )
      await fc.assert(
        fc.asyncProperty(batches, readers, async (given, readers) => {
          await using home = await place()
          await using log = await home.open()
          await using other = await home.open()
          let lsn = 0n
          const batches = given.map((batch) => batch.map((rest) => ({ lsn: ++lsn, ...rest }) as Transaction))
          const all = batches.flat()
          const writer = await log.write('platform', identity(0n))
          const results: Promise<void>[] = []
          const begin = (written: number, begun: number) => {
            for (const [index, { begins, share }] of readers.entries()) {
              if (begins !== written) continue
              const after = Math.round(begun * share)
              const position = { epoch: writer.epoch, lsn: BigInt(after) }
              const taken = take(index % 2 ? log : other, 'platform', position, all.length - after)
              results.push(expect(taken).resolves.toEqual(all.slice(after)))
            }
          }
          let begun = 0
          for (const [index, batch] of batches.entries()) {
            begin(index, begun)
            await writer.append(batch)
            begun += batch.length
          }
          await Promise.all(results)
        }),
        { numRuns: 8 },
      )
    })
  })
}
