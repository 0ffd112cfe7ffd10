import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from './connecting.ts'
import { Crowd } from './crowd.ts'
import { measure } from './measure.ts'
import type { Stage } from './stage.ts'
import { say } from './statistics.ts'
import { watchers } from './watching.ts'

const wanted = 20_000
/** Files that the gateway has open beside its sockets, with room. */
const otherFiles = 300

/** How many files a process may open. */
const fileLimit = () =>
  Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1])

/** Subscribers who wait, each on a socket of its own as far as the machine lets a process have so many. */
export async function subscribers(stage: Stage, seconds: number): Promise<void> {
  const jobs = stage.jobs.slice(0, 100)
  const sockets = Math.min(wanted, fileLimit() - otherFiles)
  await using gateway = await stage.start()
  await using crowd = new Crowd(2)
  const members = watchers(jobs, sockets)
  const doubled = members.slice(0, wanted - sockets).map((member) => ({
    ...member,
    operations: [...member.operations, ...member.operations],
  }))
  await connect(gateway, crowd, [...doubled, ...members.slice(doubled.length)])
  const before = gateway.usage.cpuMs
  await pause(seconds * 1000)
  const idle = (gateway.usage.cpuMs - before) / seconds / 10
  say(`  ${wanted} held for ${seconds} s without a change: ${idle.toFixed(1)} % of a core`)
  const ids = jobs.map(({ id }) => id)
  const order = { url: stage.platformUrl, what: 'jobs' as const, ids, rate: 10, seconds }
  await measure({ gateway, crowd, order, perCommit: wanted / jobs.length })
}
