import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from './connecting.ts'
import { Crowd } from './crowd.ts'
import { measure } from './measure.ts'
import type { RawOrder } from './raw-server.ts'
import type { Stage } from './stage.ts'
import { distribution, say } from './statistics.ts'
import { usageOf } from './usage.ts'
import { watchers } from './watching.ts'

const subscribers = 4000
const rate = 5
/** About as long as a message of the gateway's. */
const bytes = 560

/** What a delivery costs where a group shares it, beside what `ws` alone costs. */
export async function delivery(stage: Stage, seconds: number): Promise<void> {
  const jobs = stage.jobs.slice(0, 1)
  const raw = await rawCost(seconds)
  say(`  the gateway, ${rate} changes/s to ${subscribers} subscribers each`)
  await using gateway = await stage.start()
  await using crowd = new Crowd(2)
  await connect(gateway, crowd, watchers(jobs, subscribers))
  const ids = jobs.map(({ id }) => id)
  const order = { url: stage.platformUrl, what: 'jobs' as const, ids, rate, seconds }
  const cost = await measure({ gateway, crowd, order, perCommit: subscribers })
  say(`  ${(cost / raw).toFixed(2)} times the cost of ws alone`)
}

async function rawCost(seconds: number): Promise<number> {
  say(`  ws alone, ${rate} frames/s to ${subscribers} sockets each`)
  const server = fork(new URL('raw-server.ts', import.meta.url))
  try {
    const [port] = await once(server, 'message')
    await using crowd = new Crowd(2)
    await crowd.open(
      port,
      Array.from({ length: subscribers }, () => ({ from: '127.0.0.2', operations: [], path: '/' })),
    )
    await crowd.count()
    const before = usageOf(server.pid ?? 0).cpuMs
    const done = once(server, 'message')
    const order: RawOrder = { ticks: rate * seconds, everyMs: 1000 / rate, bytes }
    server.send(order)
    await done
    const cost = usageOf(server.pid ?? 0).cpuMs - before
    const { messages, latencies } = await crowd.report()
    const each = (cost * 1000) / messages
    say(`  ${messages} deliveries: ${distribution(latencies)}`)
    say(`  CPU a delivery: ${each.toFixed(2)} µs`)
    return each
  } finally {
    server.kill('SIGKILL')
  }
}
