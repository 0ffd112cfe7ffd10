import { connect } from './connecting.ts'
import { Crowd } from './crowd.ts'
import { measure } from './measure.ts'
import type { Stage } from './stage.ts'
import { say } from './statistics.ts'
import { watchers } from './watching.ts'

const runs = [
  { subscribers: 500, rate: 64 },
  { subscribers: 10_000, rate: 5 },
]

/** One job that changes, and many who watch it. */
export async function fanOut(stage: Stage, seconds: number): Promise<void> {
  const jobs = stage.jobs.slice(0, 1)
  for (const { subscribers, rate } of runs) {
    say(`  ${rate} changes/s to ${subscribers} subscribers each`)
    await using gateway = await stage.start()
    await using crowd = new Crowd(2)
    await connect(gateway, crowd, watchers(jobs, subscribers))
    const ids = jobs.map(({ id }) => id)
    const order = { url: stage.platformUrl, what: 'jobs' as const, ids, rate, seconds }
    await measure({ gateway, crowd, order, perCommit: subscribers })
  }
}
