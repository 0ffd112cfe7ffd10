import type { Member } from './crowd.ts'
import type { WatchedJob } from './world.ts'

const watchJob = `subscription WatchJob($id: ID!) {
  trainingJobChanged(id: $id) { kind cursor node { databaseId status notes } }
}`

const watchMetrics = `subscription WatchMetrics($job: ID!) {
  metricsAppended(jobId: $job) { kind cursor nodes { databaseId epoch step loss checkpointPath } }
}`

/** Sockets that come from one address: well below the ports that it has. */
const socketsOfAddress = 10_000

/** Addresses of this machine; other ones each time, since the ports of sockets that were closed are taken for a minute. */
function addresses(): (index: number) => string {
  const [second, third] = [1, 2].map(() => Math.floor(Math.random() * 250) + 1)
  return (index) => `127.${second}.${third}.${1 + Math.floor(index / socketsOfAddress)}`
}

/** So many sockets, each with one subscription of a job, going round the jobs; each comes as who may see its job. */
export function watchers(jobs: readonly WatchedJob[], count: number): Member[] {
  const addressOf = addresses()
  return Array.from({ length: count }, (_, index) => {
    const { id, authorization } = jobs[index % jobs.length] as WatchedJob
    const operation = { query: watchJob, variables: { id: String(id) } }
    return { from: addressOf(index), authorization, operations: [operation] }
  })
}

/** So many sockets that follow the metrics of a job. */
export function followers({ id, authorization }: WatchedJob, count: number): Member[] {
  const addressOf = addresses()
  return Array.from({ length: count }, (_, index) => ({
    from: addressOf(index),
    authorization,
    operations: [{ query: watchMetrics, variables: { job: String(id) } }],
  }))
}
