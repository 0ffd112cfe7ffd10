/**
 * What clients are told while everything around them is killed. An outside writer commits numbered rows; the gateways,
 * whoever captures, Postgres, and with several gateways Redis, end without a word and come back, over and over. In the
 * end every client must have been told of every row once, in order, without having been told to begin anew.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { FaultClients } from './fault-clients.ts'
import { oneGateway, type Scene, severalGateways } from './fault-scene.ts'
import { say } from './statistics.ts'

export interface NumberedWrites {
  readonly url: string
  readonly jobs: readonly number[]
  /** Commits a second of each job. */
  readonly rate: number
  /** Rows of each job. */
  readonly each: number
}

const jobCount = 5
const commits = Number(process.env.BENCH_COMMITS ?? 50_000)
const rate = Number(process.env.BENCH_RATE ?? 400)
const kills = 20
const clientsPerJob = 4
/** How long clients may take to hear the last, once all is written. */
const patienceMs = 60_000

/** With one gateway, which captures itself. */
export const faults = async () => withFaults(await oneGateway(jobCount))

/** With two gateways, two captures of which one leads, and Redis. */
export const sharedFaults = async () => withFaults(await severalGateways(jobCount))

async function withFaults(given: Scene): Promise<void> {
  await using scene = given
  await using clients = new FaultClients()
  const { jobs, ports } = scene
  const each = Math.floor(commits / jobs.length)
  clients.start(
    jobs.flatMap(({ id, authorization }) =>
      Array.from({ length: clientsPerJob }, (_, index) => ({
        job: id,
        authorization,
        ports: ports.map((_, at) => ports[(at + index) % ports.length] as number),
      })),
    ),
  )
  await until(async () => (await clients.accounts()).every(({ snapshots }) => snapshots > 0))
  const writer = fork(new URL('fault-writer-process.ts', import.meta.url))
  try {
    const written = once(writer, 'message')
    const order: NumberedWrites = {
      url: scene.platformUrl,
      jobs: jobs.map(({ id }) => id),
      rate: rate / jobs.length,
      each,
    }
    writer.send(order)
    const told = await harm(scene, written, (each * jobs.length * 1000) / rate)
    await written
    const reached = await until(
      async () => (await clients.accounts()).every(({ seen }) => seen >= each),
      patienceMs,
    )
    say(
      `  ${each * jobs.length} commits; killed: ${told}; ${reached ? 'all were told of all' : 'NOT all were told of all'}`,
    )
  } finally {
    writer.kill('SIGKILL')
  }
  const accounts = await clients.accounts()
  const sum = (of: (account: (typeof accounts)[number]) => number) =>
    accounts.reduce((total, account) => total + of(account), 0)
  say(
    `  ${accounts.length} clients, ${sum(({ connections }) => connections)} connections: ` +
      `${sum(({ seen }) => each - seen)} lost, ${sum(({ doubled }) => doubled)} doubled, ` +
      `${sum(({ disordered }) => disordered)} out of order, ${sum(({ resyncs }) => resyncs)} told to begin anew, ` +
      `${sum(({ snapshots }) => snapshots - 1)} begun anew`,
  )
  const endings = new Map<string, number>()
  for (const [why, count] of accounts.flatMap((account) => Object.entries(account.endings)))
    endings.set(why, (endings.get(why) ?? 0) + count)
  for (const [why, count] of endings) say(`  ${count} × ${why}`)
}

/** Kills one thing after the other until there has been enough of it; tells what. */
async function harm({ victims }: Scene, written: Promise<unknown>, lastsMs: number): Promise<string> {
  const tally = new Map<string, number>()
  let isOver = false
  void written.then(() => {
    isOver = true
  })
  const begun = performance.now()
  for (let count = 0; count < kills; count++) {
    // At a random time within its share of what is left, lest any moment be spared.
    const left = Math.max(0, begun + lastsMs - performance.now())
    await pause((left / (kills - count)) * Math.random())
    const victim = victims[count % victims.length]
    if (!victim || isOver) break
    if (process.env.BENCH_LOG) say(`  ${new Date().toISOString()} ${victim.name} is killed`)
    await victim.killAndRevive()
    tally.set(victim.name, (tally.get(victim.name) ?? 0) + 1)
  }
  return [...tally].map(([name, count]) => `${name} ${count} times`).join(', ')
}

async function until(holds: () => Promise<boolean>, patience = 60_000): Promise<boolean> {
  const deadline = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > deadline) return false
    await pause(100)
  }
  return true
}
