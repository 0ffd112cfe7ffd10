/*
 * The trainers of the platform, as many at work as there are places. A job's row is all that they go by: one that is
 * pending is started when its wait is over and a place is free, the newest first, so that whoever asks for one sees it
 * run; one that is running is taken up where its metrics stand; one that is no longer running, since a person has
 * cancelled, stopped or restarted it, is left at once. Whatever is written for a job is written while its row is locked
 * and says `running`, so that nothing is added to a job that has been put back.
 *
 * As the real trainers: one callback at the start, one an epoch with metrics and validation, log lines gathered and sent
 * one by one, but errors at once.
 */
import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import type { Stage, Writer } from '../writer.ts'
import { type JobRow, type Training, trainingOf } from './training.ts'
import { fail, reportEpoch, start, succeed } from './training-callbacks.ts'
import { beginningLines, endingLines, epochLines, type Line, LogBuffer } from './training-log.ts'

/** Trainings at once. */
const places = 24
/** Pending jobs that are looked at. */
const queueLength = 8

interface Run {
  readonly training: Training
  readonly log: LogBuffer
  epoch: number
  /** When its next epoch is over, on the played clock. */
  due: number
}

export const trainer: Writer = {
  name: 'trainer',
  source: 'platform',
  rhythm: 0.25,
  begin: (stage) => {
    const runs = new Map<number, Run>()
    /** When the pending jobs were first seen. */
    const seen = new Map<number, number>()
    return async () => {
      const { running, pending } = await liveJobs(stage.client)
      keepOnly(runs, running)
      keepOnly(seen, pending)
      for (const row of running) if (!runs.has(row.id)) runs.set(row.id, await takeUp(stage, row))
      for (const row of pending) {
        if (!seen.has(row.id)) seen.set(row.id, stage.clock())
        const since = stage.clock() - (seen.get(row.id) ?? 0)
        const training = trainingOf(row, stage.plan)
        if (runs.size >= places || since < training.pace.waitSeconds) continue
        if (await start(stage.client, training)) runs.set(row.id, await begun(stage, training))
      }
      for (const run of runs.values()) {
        if (run.due <= stage.clock() && !(await advance(stage, run))) runs.delete(run.training.row.id)
      }
    }
  },
}

const columns =
  'id, status, framework, model_name, task_type, epochs, batch_size, learning_rate, experiment_id, workflow_id'

async function liveJobs(client: Client): Promise<{ running: JobRow[]; pending: JobRow[] }> {
  const newest = (status: string, limit: number) =>
    `(SELECT ${columns} FROM training_jobs WHERE status = '${status}' ORDER BY id DESC LIMIT ${limit})`
  const { rows } = await client.query<JobRow>(
    `${newest('running', places)} UNION ALL ${newest('pending', queueLength)}`,
  )
  return {
    running: rows.filter(({ status }) => status === 'running'),
    pending: rows.filter(({ status }) => status === 'pending'),
  }
}

function keepOnly(map: Map<number, unknown>, rows: readonly JobRow[]): void {
  const ids = new Set(rows.map(({ id }) => id))
  for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
}

/** Goes on with a job that is running already, from where its metrics stand. */
async function takeUp({ client, plan, clock }: Stage, row: JobRow): Promise<Run> {
  const training = trainingOf(row, plan)
  const { rows } = await client.query<{ epoch: number }>(
    `SELECT coalesce(max(m.epoch), 0) AS epoch FROM metrics m JOIN training_jobs j ON j.id = m.job_id
     WHERE m.job_id = $1 AND (j.started_at IS NULL OR m.created_at >= j.started_at)`,
    [row.id],
  )
  const { epochSeconds } = training.pace
  // Spread out, as they would be if they had never been left.
  const due = clock() + new Random(`take up ${row.id}`).next() * epochSeconds
  return { training, log: await LogBuffer.of(client, row.id), epoch: rows[0]?.epoch ?? 0, due }
}

async function begun({ client, clock }: Stage, training: Training): Promise<Run> {
  const log = await LogBuffer.of(client, training.row.id)
  log.add(...beginningLines(training))
  return { training, log, epoch: 0, due: clock() + training.pace.epochSeconds }
}

/** Finishes an epoch. False when the job is over, or no longer ours. */
async function advance({ client, clock }: Stage, run: Run): Promise<boolean> {
  const { training, log } = run
  const { row, pace } = training
  const epoch = run.epoch + 1
  const failure =
    pace.failure && epoch >= pace.failure.epoch && epoch <= row.epochs ? pace.failure : undefined
  if (failure) {
    const isOurs = await fail(client, training, { epoch, cause: failure.cause })
    if (isOurs) await send(log, endingLines(failure.cause))
    return false
  }
  if (epoch > row.epochs) {
    if (await succeed(client, training, row.epochs)) await send(log, endingLines(undefined))
    return false
  }
  if (!(await reportEpoch(client, training, epoch))) return false
  log.add(...epochLines(training, epoch))
  if (log.isFull) await log.flush()
  run.epoch = epoch
  run.due = clock() + (epoch === row.epochs ? 0.5 : pace.epochSeconds)
  return true
}

async function send(log: LogBuffer, lines: readonly Line[]): Promise<void> {
  log.add(...lines)
  await log.flush()
}
