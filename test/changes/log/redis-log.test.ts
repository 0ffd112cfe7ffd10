import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChangeLog, type LogPosition, PositionLost } from '../../../src/changes/log/change-log.ts'
import { openRedisLog } from '../../../src/changes/log/redis-log.ts'
import { Secret } from '../../../src/config/secret.ts'
import { hasRedis, startRedis, type TestRedis, type TestRedisOptions } from '../../support/redis-server.ts'
import { describeLog, type LogPlace } from './contract.ts'
import { commit, commits, lsnsOf, take } from './transactions.ts'

const hour = 3_600_000
const identity = { origin: 'one', confirmed: 0n }

const open = (redis: TestRedis, prefix: string, lines: string[] = []): Promise<ChangeLog> =>
  openRedisLog({
    url: new Secret(redis.url),
    prefix,
    retentionMs: hour,
    maxBytes: 2 ** 30,
    log: pino({}, { write: (line) => void lines.push(line) }),
  })

/** Something that is tried until Redis is back. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined
  await expect
    .poll(
      async () => {
        result = await work().then(
          (value) => ({ value }),
          () => undefined,
        )
        return result !== undefined
      },
      { timeout: 20_000, interval: 20 },
    )
    .toBe(true)
  return (result as { readonly value: T }).value
}

describe.skipIf(!hasRedis)('with a Redis (Debian’s redis-server)', () => {
  let shared: TestRedis

  beforeAll(async () => {
    shared = await startRedis()
  })

  afterAll(() => shared[Symbol.asyncDispose]())

  const place = async (): Promise<LogPlace> => {
    const prefix = `test:${randomUUID()}`
    return {
      open: ({ retentionMs = hour, maxBytes = 2 ** 30 } = {}) =>
        openRedisLog({
          url: new Secret(shared.url),
          prefix,
          retentionMs,
          maxBytes,
          log: pino({ level: 'silent' }),
        }),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  describeLog({ name: 'Redis', place })

  describe('the Redis log', () => {
    it('loses nothing that was acknowledged when Redis is killed, and readers go on', async () => {
      await using redis = await startRedis()
      await using log = await open(redis, 'a')
      await using replica = await open(redis, 'a')
      let writer = await log.write('platform', identity)
      const start: LogPosition = { epoch: writer.epoch, lsn: 0n }
      const total = 400
      const [watched, later] = [take(log, 'platform', start, total), take(replica, 'platform', start, total)]
      let acknowledged = 0
      const killedAt = new Set<number>()
      while (acknowledged < total) {
        const batch = commits(acknowledged + 1, 10)
        // Now and then an append is under way while Redis dies.
        const appended = writer.append(batch)
        if (acknowledged % 100 === 50 && !killedAt.has(acknowledged)) {
          killedAt.add(acknowledged)
          await Promise.all([redis.kill(), appended.catch(() => {})])
          await redis.restart()
        }
        try {
          await appended
          acknowledged = Number(writer.last)
        } catch {
          // As the capture does: another writer, at the place that was acknowledged.
          writer = await persist(() =>
            log.write('platform', { ...identity, confirmed: BigInt(acknowledged) }),
          )
        }
        expect(writer.epoch).toBe(start.epoch)
      }
      expect(killedAt.size).toBe(4)
      for (const taken of await Promise.all([watched, later]))
        expect(lsnsOf(taken)).toEqual(lsnsOf(commits(1, total)))
    })

    it('begins another epoch where Redis has lost what was acknowledged, and tells those who read', async () => {
      await using redis = await startRedis({ settings: { appendonly: 'no' } })
      const lines: string[] = []
      await using log = await open(redis, 'a', lines)
      const writer = await log.write('platform', identity)
      await writer.append(commits(1, 10))
      expect(lines.join()).toContain('appendonly yes')
      const reading = take(log, 'platform', { epoch: writer.epoch, lsn: 10n }, 1)
      const lost = expect(reading).rejects.toThrow(PositionLost)
      await redis.kill()
      await redis.restart()
      await expect(persist(() => log.head('platform'))).resolves.toBeUndefined()
      await expect(writer.append([commit(11)])).rejects.toThrow()
      const next = await log.write('platform', { ...identity, confirmed: 10n })
      expect(next.epoch).not.toBe(writer.epoch)
      await lost
      await next.append([commit(11)])
      expect(lsnsOf(await take(log, 'platform', { epoch: next.epoch, lsn: 10n }, 1))).toEqual([11])
    })

    it('notices an entry that is missing from the middle, and a stream that is gone', async () => {
      await using log = await open(shared, 'holes')
      const writer = await log.write('platform', identity)
      await writer.append(commits(1, 5))
      const client = await createClient({ url: shared.url }).connect()
      const stream = `holes:{platform}:${writer.epoch}`
      await client.xDel(stream, '3-0')
      await expect(take(log, 'platform', { epoch: writer.epoch, lsn: 0n }, 5)).rejects.toThrow(PositionLost)
      await client.del(stream)
      await expect(take(log, 'platform', { epoch: writer.epoch, lsn: 3n }, 2)).rejects.toThrow(PositionLost)
      const next = await log.write('platform', { ...identity, confirmed: 5n })
      expect(next.epoch).not.toBe(writer.epoch)
      client.destroy()
    })

    it('is opened while Redis is away, and works when it is there', async () => {
      await using redis = await startRedis()
      await redis.kill()
      await using log = await open(redis, 'a')
      await expect(log.head('platform')).rejects.toMatchObject({ code: 'CHANGE_LOG_UNUSABLE' })
      await redis.restart()
      const writer = await persist(() => log.write('platform', identity))
      await writer.append([commit(1)])
      expect(lsnsOf(await take(log, 'platform', { epoch: writer.epoch, lsn: 0n }, 1))).toEqual([1])
    })

    const warnings: [TestRedisOptions['settings'] & object, RegExp][] = [
      [{ appendonly: 'no' }, /appendonly yes/],
      [{ appendfsync: 'everysec' }, /appendfsync always/],
      [{ 'maxmemory-policy': 'allkeys-lru' }, /noeviction/],
    ]
    it.each(warnings)('warns of a server with %j', async (settings, warning) => {
      await using redis = await startRedis({ settings })
      const lines: string[] = []
      await using log = await open(redis, 'a', lines)
      await log.head('platform')
      await expect.poll(() => lines.join()).toMatch(warning)
    })

    it('takes a password from its URL, and shows it to nobody', async () => {
      await using redis = await startRedis({ settings: { requirepass: 'hunter2' } })
      const lines: string[] = []
      const options = {
        prefix: 'a',
        retentionMs: hour,
        maxBytes: 1,
        log: pino({}, { write: (line) => void lines.push(line) }),
      }
      const withPassword = redis.url.replace('redis://', 'redis://:hunter2@')
      await using log = await openRedisLog({ url: new Secret(withPassword), ...options })
      expect(await log.head('platform')).toBeUndefined()
      await using refused = await openRedisLog({
        url: new Secret(withPassword.replace('2@', '3@')),
        ...options,
      })
      const error = await refused.head('platform').catch((reason: Error) => reason)
      expect(error).toMatchObject({ code: 'CHANGE_LOG_UNUSABLE' })
      expect(`${(error as Error).message} ${lines.join()}`).not.toContain('hunter')
    })
  })
})
