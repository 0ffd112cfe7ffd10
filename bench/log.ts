/**
 * `node bench/log.ts [seconds]`: what the change log costs. Commits that update one row of 30 columns are offered at an
 * even pace, appended as the capture does it (what came while one batch was being made durable is the next), and read
 * by a reader that keeps up. Tells the time from the offer until the commit was durable and until it was read, and for
 * how long the event loop was held up, which is what everybody else in the process feels.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import type { Transaction } from '../src/changes/change.ts'
import type { ChangeLog } from '../src/changes/log/change-log.ts'
import { encodeTransaction } from '../src/changes/log/encoding.ts'
import { openRedisLog } from '../src/changes/log/redis-log.ts'
import { openSqliteLog } from '../src/changes/log/sqlite-log.ts'
import { Secret } from '../src/config/secret.ts'
import { hasRedis, startRedis } from '../test/support/redis-server.ts'

const seconds = Number(process.argv[2] ?? 5)
const say = (line: string) => void process.stdout.write(`${line}\n`)

const columns = Object.fromEntries(
  Array.from({ length: 30 }, (_, index) => [`column_${index}`, `value ${index} ${'x'.repeat(index)}`]),
)

const commit = (lsn: bigint): Transaction => ({
  lsn,
  xid: Number(lsn & 0xffff_ffffn),
  committedAt: '2026-03-01T10:11:12.000001Z',
  changes: [
    {
      kind: 'update',
      table: 'training_jobs',
      key: String(lsn % 1000n),
      values: { id: String(lsn % 1000n), ...columns },
    },
  ],
})

/** Times of one kind, in milliseconds. */
class Times {
  readonly #values: number[] = []

  add(ms: number): void {
    this.#values.push(ms)
  }

  toString(): string {
    const sorted = this.#values.toSorted((left, right) => left - right)
    const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2)
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(0.999999)} ms`
  }
}

/** Offers so many commits a second, and waits until the last was read. */
async function run(log: ChangeLog, source: string, rate: number): Promise<void> {
  const writer = await log.write(source, { origin: 'bench', confirmed: 0n })
  const total = Math.round(rate * seconds)
  const offered = new Float64Array(total + 1)
  const [durable, read] = [new Times(), new Times()]
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const stop = new AbortController()

  const reading = (async () => {
    for await (const batch of log.read(source, { epoch: writer.epoch, lsn: 0n }, stop.signal)) {
      const now = performance.now()
      for (const { lsn } of batch) read.add(now - (offered[Number(lsn)] ?? 0))
      if (Number(batch.at(-1)?.lsn) === total) return
    }
  })()

  let waiting: Transaction[] = []
  let appends = 0
  let appending: Promise<void> | undefined
  const append = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await writer.append(batch)
      appends += 1
      const now = performance.now()
      for (const { lsn } of batch) durable.add(now - (offered[Number(lsn)] ?? 0))
    }
    appending = undefined
  }

  const cpu = process.cpuUsage()
  const begun = performance.now()
  loop.enable()
  let made = 0
  while (made < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * rate) / 1000))
    for (; made < due; made++) {
      offered[made + 1] = performance.now()
      waiting.push(commit(BigInt(made + 1)))
    }
    if (waiting.length > 0) appending ??= append()
    await pause(1)
  }
  await appending
  await reading
  loop.disable()
  const took = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(cpu)
  say(
    `  ${rate} commits/s offered, ${Math.round(total / took)} taken, ${(total / appends).toFixed(1)} a batch`,
  )
  say(`    durable after  ${durable}`)
  say(`    read after     ${read}`)
  say(
    `    event loop held up for p99 ${(loop.percentile(99) / 1e6).toFixed(1)}, at most ${(loop.max / 1e6).toFixed(1)} ms (1 ms is the timer's own); ${((user + system) / total).toFixed(0)} µs of CPU a commit, all threads`,
  )
  stop.abort()
}

const limits = { retentionMs: 3_600_000, maxBytes: 2 ** 30, log: pino({ level: 'silent' }) }
say(`A commit is kept in ${encodeTransaction(commit(1n)).length} characters.`)

await using cleanup = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-log-'))
cleanup.defer(() => rm(folder, { recursive: true, force: true }))
say('SQLite, synchronous=FULL')
const sqlite = cleanup.use(await openSqliteLog({ folder, ...limits }))
for (const rate of [1_000, 10_000]) await run(sqlite, `at ${rate}`, rate)

if (hasRedis) {
  say('Redis, appendfsync always')
  const redis = cleanup.use(await startRedis())
  const shared = cleanup.use(await openRedisLog({ url: new Secret(redis.url), ...limits }))
  for (const rate of [1_000, 10_000]) await run(shared, `at ${rate}`, rate)
} else say('There is no redis-server here: left out.')
