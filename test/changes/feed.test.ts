import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../src/changes/change.ts'
import { type CaptureState, Feed, type FeedListener, type FeedOptions } from '../../src/changes/feed.ts'
import {
  type ChangeLog,
  type LogPosition,
  type LogWriter,
  PositionLost,
} from '../../src/changes/log/change-log.ts'
import { openSqliteLog } from '../../src/changes/log/sqlite-log.ts'
import { commit, commits, lsnsOf } from './log/transactions.ts'

const quiet = pino({ level: 'silent' })
const forever = new AbortController().signal

interface World extends AsyncDisposable {
  readonly log: ChangeLog
  readonly writer: LogWriter
  feed(options?: Partial<FeedOptions>): Promise<Feed>
}

async function startWorld(): Promise<World> {
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tributary-feed-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const log = undo.use(await openSqliteLog({ folder, retentionMs: 3_600_000, maxBytes: 2 ** 30, log: quiet }))
  const writer = await log.write('platform', { origin: 'one', confirmed: 0n })
  const owned = undo.move()
  return {
    log,
    writer,
    async feed(options) {
      const feed = new Feed({ source: 'platform', log, logger: quiet, lookEveryMs: 20, ...options })
      owned.use(feed)
      await feed.start()
      return feed
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Keeps what it is told, and tells when it has come to a place. */
class Recorder implements FeedListener {
  readonly told: Transaction[] = []
  readonly losses: string[] = []
  readonly states: CaptureState[] = []
  #waiting: (() => void)[] = []

  transaction(transaction: Transaction): void {
    this.told.push(transaction)
    this.#wake()
  }

  lost(reason: string): void {
    this.losses.push(reason)
    this.#wake()
  }

  captured(state: CaptureState): void {
    this.states.push(state)
    this.#wake()
  }

  async until(condition: (recorder: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  come(lsn: bigint): Promise<void> {
    return this.until(({ told }) => (told.at(-1)?.lsn ?? 0n) >= lsn)
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

const epochOf = (feed: Feed) => feed.position?.epoch ?? ''

async function replayed(feed: Feed, after: LogPosition, until: bigint): Promise<Transaction[]> {
  const all: Transaction[] = []
  for await (const batch of feed.replay(after, until, forever)) all.push(...batch)
  return all
}

describe('a feed', () => {
  it('tells listeners every commit from where they attach until they detach', async () => {
    await using world = await startWorld()
    const feed = await world.feed()
    const [first, second] = [new Recorder(), new Recorder()]
    const detach = feed.attach(first)
    await world.writer.append(commits(1, 10))
    await first.come(10n)
    expect(feed.position).toEqual({ epoch: world.writer.epoch, lsn: 10n })
    feed.attach(second)
    await world.writer.append(commits(11, 10))
    await second.come(20n)
    detach()
    await world.writer.append(commits(21, 1))
    await second.come(21n)
    expect(lsnsOf(first.told)).toEqual(lsnsOf(commits(1, 20)))
    expect(lsnsOf(second.told)).toEqual(lsnsOf(commits(11, 11)))
  })

  it('goes on telling the others when a listener fails', async () => {
    await using world = await startWorld()
    const feed = await world.feed()
    const recorder = new Recorder()
    feed.attach({
      transaction: () => {
        throw new Error('on purpose')
      },
      lost: () => {},
    })
    feed.attach(recorder)
    await world.writer.append(commits(1, 2))
    await recorder.come(2n)
    expect(recorder.losses).toEqual([])
  })

  it('hands over from the past to the present without gap or double, from any place', async () => {
    const batches = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 15 })
    const resumers = fc.array(
      fc.record({ when: fc.nat({ max: 14 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { minLength: 1, maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(
        batches,
        resumers,
        fc.constantFrom(20, 200, 20_000),
        async (sizes, given, maxChanges) => {
          await using world = await startWorld()
          // What was written before the feed began is not in its memory.
          const [before = 1, ...rest] = sizes
          await world.writer.append(commits(1, before))
          const feed = await world.feed({ maxChanges })
          const watcher = new Recorder()
          feed.attach(watcher)
          let written = before
          const total = sizes.reduce((sum, size) => sum + size, 0)
          const results: Promise<void>[] = []
          const resume = async (after: number) => {
            const recorder = new Recorder()
            const place = { epoch: epochOf(feed), lsn: BigInt(after) }
            // As a subscriber does it: the place and the listener at one moment, the past then.
            const until = feed.position?.lsn ?? 0n
            feed.attach(recorder)
            const past = await replayed(feed, place, until)
            if (until < total) await recorder.come(BigInt(total))
            expect(lsnsOf([...past, ...recorder.told])).toEqual(lsnsOf(commits(after + 1, total - after)))
          }
          for (const [index, size] of [...rest, 0].entries()) {
            for (const { when, share } of given)
              if (when === index) results.push(resume(Math.floor(Number(feed.position?.lsn) * share)))
            if (size === 0) continue
            await world.writer.append(commits(written + 1, size))
            written += size
            await watcher.come(BigInt(written))
          }
          await Promise.all(results)
        },
      ),
      { numRuns: 12 },
    )
  })

  it('reads the log once for a crowd that comes back', async () => {
    await using world = await startWorld()
    await world.writer.append(commits(1, 3_000))
    let reads = 0
    const log: ChangeLog = {
      ...world.log,
      head: (source) => world.log.head(source),
      status: (source) => world.log.status(source),
      read: (...given) => {
        reads += 1
        return world.log.read(...given)
      },
    }
    const feed = await world.feed({ log })
    const until = feed.position?.lsn ?? 0n
    const places = Array.from({ length: 300 }, (_, index) => ({
      epoch: epochOf(feed),
      lsn: BigInt(index * 7),
    }))
    const pasts = await Promise.all(places.map((place) => replayed(feed, place, until)))
    expect(pasts.map((past) => past.length)).toEqual(places.map(({ lsn }) => 3_000 - Number(lsn)))
    // The feed's own, and the crowd's.
    expect(reads).toBe(2)
  })

  it('waits for a place that another replica has seen already', async () => {
    await using world = await startWorld()
    const feed = await world.feed()
    const ahead = { epoch: epochOf(feed), lsn: 5n }
    await expect(replayed(feed, ahead, 0n)).rejects.toThrow(PositionLost)
    const recorder = new Recorder()
    feed.attach(recorder)
    const appended = world.writer.append(commits(1, 5))
    await expect.poll(() => world.log.head('platform')).toEqual(ahead)
    expect(await replayed(feed, ahead, 0n)).toEqual([])
    expect(feed.position).toEqual(ahead)
    await appended
  })

  it('tells of the past only what is its own', async () => {
    await using world = await startWorld()
    const feed = await world.feed()
    await expect(replayed(feed, { epoch: 'another', lsn: 0n }, 0n)).rejects.toThrow(PositionLost)
    const silent = await world.feed({ source: 'users' })
    expect(silent.position).toBeUndefined()
    await expect(replayed(silent, { epoch: 'another', lsn: 0n }, 0n)).rejects.toThrow(PositionLost)
  })

  it('tells that another history began, and stands in it already', async () => {
    await using world = await startWorld()
    const feed = await world.feed()
    await world.writer.append(commits(1, 3))
    const recorder = new Recorder()
    feed.attach(recorder)
    const former = epochOf(feed)
    const writer = await world.log.write('platform', { origin: 'two', confirmed: 0n })
    await recorder.until(({ losses }) => losses.length > 0)
    expect(feed.position).toEqual({ epoch: writer.epoch, lsn: 0n })
    await expect(replayed(feed, { epoch: former, lsn: 1n }, 0n)).rejects.toThrow(PositionLost)
    await writer.append([commit(1, 'new')])
    await recorder.until(({ told }) => told.length === 4)
    expect(recorder.told.at(-1)).toEqual(commit(1, 'new'))
  })

  it('begins when somebody captures for the first time', async () => {
    await using world = await startWorld()
    const feed = await world.feed({ source: 'users' })
    expect(feed.capture).toMatchObject({ isCaptured: false, reason: 'nobody has captured it yet' })
    const recorder = new Recorder()
    feed.attach(recorder)
    const writer = await world.log.write('users', { origin: 'one', confirmed: 7n })
    await writer.report({ status: 'streaming', at: Date.now() })
    await recorder.until(({ losses, states }) => losses.length > 0 && states.at(-1)?.isCaptured === true)
    await writer.append([commit(8)])
    await recorder.come(8n)
  })

  it('takes up the log again where it was when it can be read again', async () => {
    await using world = await startWorld()
    let isDown = false
    const broken = new AbortController()
    const log: ChangeLog = {
      ...world.log,
      head: (source) => world.log.head(source),
      status: (source) => world.log.status(source),
      async *read(source, after, signal) {
        if (isDown) throw new Error('connection refused')
        yield* world.log.read(source, after, AbortSignal.any([signal, broken.signal]))
        if (!signal.aborted) throw new Error('connection reset')
      },
    }
    const feed = await world.feed({ log })
    const recorder = new Recorder()
    feed.attach(recorder)
    await world.writer.append(commits(1, 3))
    await recorder.come(3n)
    isDown = true
    broken.abort()
    await world.writer.append(commits(4, 3))
    isDown = false
    // A reader of its own from here on: the former's signal stays aborted.
    log.read = (...given) => world.log.read(...given)
    await recorder.come(6n)
    expect(lsnsOf(recorder.told)).toEqual([1, 2, 3, 4, 5, 6])
    expect(recorder.losses).toEqual([])
  })

  it('knows whether the source is captured', async () => {
    await using world = await startWorld()
    let now = 1_000_000
    // The capture's clock is an hour ahead.
    const report = (rest: object = {}) =>
      world.writer.report({ status: 'streaming', at: now + 3_600_000, ...rest })
    await report()
    const feed = await world.feed({ now: () => now, staleMs: 10_000 })
    const recorder = new Recorder()
    feed.attach(recorder)
    const comesTo = (isCaptured: boolean, reason?: RegExp) =>
      recorder.until(
        () => feed.capture.isCaptured === isCaptured && (reason?.test(feed.capture.reason ?? '') ?? true),
      )
    expect(feed.capture).toMatchObject({ isCaptured: true })
    now += 8_000
    await report({ lagBytes: 5 })
    await expect.poll(() => feed.capture.report?.lagBytes).toBe(5)
    now += 8_000
    expect(feed.capture.isCaptured).toBe(true)
    now += 8_000
    await comesTo(false, /heard/)
    await report()
    await comesTo(true)
    await report({ status: 'failed', reason: 'the slot is lost', at: now + 1 })
    await comesTo(false, /the slot is lost/)
    expect(recorder.states.map(({ isCaptured }) => isCaptured)).toEqual([false, true, false])
  })
})
