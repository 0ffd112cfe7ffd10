import type { Crowd } from './crowd.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { distribution, say } from './statistics.ts'
import { type WriteOrder, Writer } from './writer.ts'

export interface Measurement {
  readonly gateway: GatewayProcess
  readonly crowd: Crowd
  readonly order: WriteOrder
  /** Deliveries of rows, or of rows' rows, that every commit comes to. */
  readonly perCommit: number
}

/** How long the last deliveries may take, once all is written. */
const patienceMs = 10_000
const lookMs = 50

/** Writes, and tells what came of it: how many arrived, how soon, and what it cost whom. */
export async function measure({ gateway, crowd, order, perCommit }: Measurement): Promise<number> {
  await using writer = new Writer()
  await crowd.count()
  const [before, clientBefore] = [gateway.usage.cpuMs, crowd.cpuMs]
  const written = await writer.write(order)
  const expected = written.commits * perCommit
  const arrived = await untilArrived(crowd, expected)
  const cost = gateway.usage.cpuMs - before
  const { latencies, messages, closes } = await crowd.report()
  const each = (ms: number) => `${((ms * 1000) / arrived).toFixed(2)} µs`
  say(
    `  ${written.commits} commits at ${written.rate.toFixed(0)}/s, ${arrived} of ${expected} deliveries arrived`,
  )
  say(`  commit sent → client: ${distribution(latencies)}`)
  say(
    `  CPU a delivery: gateway ${each(cost)}, clients ${each(crowd.cpuMs - clientBefore)}; ${messages} messages`,
  )
  if (written.late > 0) say(`  the writer was late ${written.late} times`)
  for (const [why, count] of closes) say(`  ${count} × ${why}`)
  return (cost * 1000) / arrived
}

async function untilArrived(crowd: Crowd, expected: number): Promise<number> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const arrived = await crowd.arrived()
    if (arrived >= expected || performance.now() > deadline) return arrived
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}
