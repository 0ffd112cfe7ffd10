import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { Capture } from '../../src/changes/capture.ts'
import type { Transaction } from '../../src/changes/change.ts'
import { Feed, type FeedListener } from '../../src/changes/feed.ts'
import { openRedisLog } from '../../src/changes/log/redis-log.ts'
import { Secret } from '../../src/config/secret.ts'
import { createEmptyDatabase } from '../support/databases.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { configFor, connect, publishTables, quick } from './capture-kit.ts'

const log = pino({ level: 'silent' })
const tables = [{ name: 'jobs', key: ['id'], columns: ['id', 'name'] }]

/** The keys of what a listener was told, and what it lost. */
class Ears implements FeedListener {
  readonly keys: number[] = []
  readonly losses: string[] = []
  #wake = () => {}

  transaction({ changes }: Transaction): void {
    for (const change of changes) this.keys.push('key' in change ? Number(change.key) : Number.NaN)
    this.#wake()
  }

  lost(reason: string): void {
    this.losses.push(reason)
    this.#wake()
  }

  async until(count: number): Promise<void> {
    while (this.keys.length < count && this.losses.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

describe.skipIf(!hasRedis)('two gateways over a Redis (Debian’s redis-server)', () => {
  test('hear of every commit once, in order, while Redis and whoever captures end without a word', async () => {
    await using cleanup = new AsyncDisposableStack()
    const database = cleanup.use(await createEmptyDatabase())
    const client = await connect(database.url)
    await client.query('CREATE TABLE jobs (id int PRIMARY KEY, name text)')
    await publishTables(client, database.url, tables)
    const redis = cleanup.use(await startRedis())
    const replica = async () => {
      const url = new Secret(redis.url)
      const changes = cleanup.use(await openRedisLog({ url, retentionMs: 60_000, maxBytes: 2 ** 30, log }))
      const capture = new Capture({ config: configFor(database.url), tables, changes, log, timing: quick })
      cleanup.use(capture).start()
      const feed = cleanup.use(new Feed({ source: 'platform', log: changes, logger: log, lookEveryMs: 20 }))
      await feed.start()
      const ears = new Ears()
      return { capture, feed, ears }
    }
    const replicas = [await replica(), await replica()]
    await expect
      .poll(() => replicas.every(({ feed }) => feed.capture.isCaptured), { timeout: 20_000 })
      .toBe(true)
    for (const { feed, ears } of replicas) feed.attach(ears)

    const total = 300
    for (let id = 1; id <= total; id++) {
      await client.query('INSERT INTO jobs VALUES ($1, $2)', [id, 'x'.repeat(100)])
      if (id % 100 === 50) {
        await redis.kill()
        await redis.restart()
      }
      if (id === 120) {
        // The one who reads the slot goes; the other, who stood by, takes over.
        const leader = () => replicas.find(({ capture }) => capture.status.state === 'STREAMING')
        await expect.poll(leader).toBeDefined()
        await leader()?.capture[Symbol.asyncDispose]()
      }
    }
    for (const { ears } of replicas) {
      await ears.until(total)
      expect(ears.losses).toEqual([])
      expect(ears.keys).toEqual(Array.from({ length: total }, (_, index) => index + 1))
    }
  })
})
