import { connect } from './connecting.ts'
import { Crowd } from './crowd.ts'
import { measure } from './measure.ts'
import type { Stage } from './stage.ts'
import { say } from './statistics.ts'
import { watchers } from './watching.ts'

const rate = 500

/** Many jobs that change, each watched by the one person who may see it. */
export async function latency(stage: Stage, seconds: number): Promise<void> {
  say(`  ${rate} changes/s over ${stage.jobs.length} jobs, each watched by one subscriber of another scope`)
  await using gateway = await stage.start()
  await using crowd = new Crowd(1)
  await connect(gateway, crowd, watchers(stage.jobs, stage.jobs.length))
  const ids = stage.jobs.map(({ id }) => id)
  const order = { url: stage.platformUrl, what: 'jobs' as const, ids, rate, seconds }
  await measure({ gateway, crowd, order, perCommit: 1 })
}
