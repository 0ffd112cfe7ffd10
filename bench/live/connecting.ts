import type { Crowd, Member } from './crowd.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { say } from './statistics.ts'

/** Sockets by which a gateway that has just started gets into its stride. */
const first = 500

/** Opens sockets and tells what each cost the gateway, but for the first where there are many. */
export async function connect(gateway: GatewayProcess, crowd: Crowd, all: readonly Member[]): Promise<void> {
  const members = all.length > 2 * first ? all.slice(first) : all
  if (members !== all) await crowd.open(gateway.port, all.slice(0, first))
  const before = gateway.usage
  const begun = performance.now()
  await crowd.open(gateway.port, members)
  const took = (performance.now() - begun) / 1000
  const after = gateway.usage
  const subscribers = members.reduce((sum, { operations }) => sum + operations.length, 0)
  const cpu = ((after.cpuMs - before.cpuMs) * 1000) / subscribers
  const memory = (after.memory - before.memory) / subscribers / 1024
  say(
    `  ${subscribers} subscribers over ${members.length} sockets in ${took.toFixed(1)} s: ` +
      `${cpu.toFixed(0)} µs CPU each, ${memory.toFixed(1)} KB each`,
  )
  for (const [why, count] of (await crowd.report()).closes) say(`  ${count} × ${why}`)
}
