import type { Member } from './crowd.ts'
import type { WatchedJob } from './world.ts'

const watchJob = `subscription WatchJob($id: ID!) {
  trainingJobChanged(id: $id) { kind cursor node { databaseId status notes } }
}`

const watchMetrics = `subscription WatchMetrics($job: ID!) {
  metricsAppended(jobId: $job) { kind cursor nodes { databaseId epoch step loss checkpointPath } }
}`

/** Addresses of this machine, as many as there are ports for that many sockets. */
const addressOf = (index: number) => `127.0.0.${2 + Math.floor(index / 20_000)}`

/** So many sockets, each with one subscription of a job, going round the jobs; each comes as who may see its job. */
export const watchers = (jobs: readonly WatchedJob[], count: number): Member[] =>
  Array.from({ length: count }, (_, index) => {
    const { id, authorization } = jobs[index % jobs.length] as WatchedJob
    const operation = { query: watchJob, variables: { id: String(id) } }
    return { from: addressOf(index), authorization, operations: [operation] }
  })

/** So many sockets that follow the metrics of a job. */
export const followers = ({ id, authorization }: WatchedJob, count: number): Member[] =>
  Array.from({ length: count }, (_, index) => ({
    from: addressOf(index),
    authorization,
    operations: [{ query: watchMetrics, variables: { job: String(id) } }],
  }))
