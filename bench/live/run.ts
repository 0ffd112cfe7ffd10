/**
 * `npm run bench:live -- <name> …`: what watching costs, and how soon one knows. Every gateway, writer and crowd of
 * clients is a process of its own, over an embedded Postgres; the clients' CPU is told apart from the gateway's.
 * BENCH_SECONDS is how long each is written to (10); BENCH_PROFILE a folder for the gateway's CPU profiles. The fault runs
 * commit BENCH_COMMITS (50,000) at BENCH_RATE a second (400); with BENCH_LOG they tell what is killed, and what the
 * gateways warn of.
 */
import { delivery } from './delivery.ts'
import { fanOut } from './fan-out.ts'
import { faults, sharedFaults } from './faults.ts'
import { latency } from './latency.ts'
import { type Stage, setStage } from './stage.ts'
import { say } from './statistics.ts'
import { subscribers } from './subscribers.ts'
import { ticks } from './ticks.ts'

/** What is measured over databases that nobody harms. */
const benches: Readonly<Record<string, (stage: Stage, seconds: number) => Promise<void>>> = {
  'fan-out': fanOut,
  latency,
  subscribers,
  delivery,
  ticks,
}

/** What has databases of its own. */
const faultRuns: Readonly<Record<string, () => Promise<void>>> = { faults, 'faults-redis': sharedFaults }

const jobs = 1000
const names = process.argv.slice(2)
const known = [...Object.keys(benches), ...Object.keys(faultRuns)]
if (names.length === 0 || names.some((name) => !known.includes(name))) {
  say(`npm run bench:live -- ${known.join(' | ')}`)
  process.exitCode = 1
} else {
  await using stage = names.some((name) => name in benches) ? await setStage(jobs) : undefined
  for (const name of names) {
    say(name)
    if (stage) await benches[name]?.(stage, Number(process.env.BENCH_SECONDS ?? 10))
    await faultRuns[name]?.()
  }
}
