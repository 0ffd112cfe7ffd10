import { connect } from './connecting.ts'
import { Crowd } from './crowd.ts'
import { measure } from './measure.ts'
import type { Stage } from './stage.ts'
import { say } from './statistics.ts'
import { followers } from './watching.ts'
import type { WatchedJob } from './world.ts'

const subscribers = 1000
const rate = 5
const changes = 20

/** A stream of twenty changes at a time. */
export async function ticks(stage: Stage, seconds: number): Promise<void> {
  say(`  ${changes} metrics in a commit, ${rate} commits/s, to ${subscribers} subscribers each`)
  const job = stage.jobs[0] as WatchedJob
  await using gateway = await stage.start()
  await using crowd = new Crowd(2)
  await connect(gateway, crowd, followers(job, subscribers))
  const order = { url: stage.platformUrl, what: 'metrics' as const, ids: [job.id], rate, seconds }
  await measure({ gateway, crowd, order, perCommit: subscribers * changes })
}
