import type { Client } from 'pg'
import { round } from '../../seed/course.ts'
import { taskMetrics } from '../../seed/domains.ts'
import { type FailureCause, outputOf } from '../../seed/jobs.ts'
import { rowsOfEpoch } from '../../seed/metrics.ts'
import { Random } from '../../seed/random.ts'
import { overall, perClass } from '../../seed/scores.ts'
import { failureMessage } from '../../seed/training-jobs.ts'
import { inTransaction } from '../in-transaction.ts'
import { insertRow } from '../insert-row.ts'
import type { Training } from './training.ts'

const utcNow = "now() AT TIME ZONE 'UTC'"
const ofJob = (training: Training, epoch: number) => new Random(`callback ${training.row.id} ${epoch}`)

/** The first callback. False when somebody has taken the job back meanwhile. */
export async function start(client: Client, training: Training): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE training_jobs SET status = 'running', started_at = ${utcNow}, process_id = $2
     WHERE id = $1 AND status = 'pending'`,
    [training.row.id, ofJob(training, 0).integer(2_000, 60_000)],
  )
  return rowCount === 1
}

/** The callback of an epoch: its metrics, its validation, its checkpoint. False when the job is running no more. */
export function reportEpoch(client: Client, training: Training, epoch: number): Promise<boolean> {
  const { row, subject } = training
  const point = training.point(epoch)
  const random = ofJob(training, epoch)
  return inTransaction(client, async () => {
    const { rowCount } = await client.query(
      `SELECT FROM training_jobs WHERE id = $1 AND status = 'running' FOR NO KEY UPDATE`,
      [row.id],
    )
    if (rowCount !== 1) return false
    for (const { moment, ...values } of rowsOfEpoch(subject, { ...point, moment: 0 }, random))
      await insertRow(client, 'metrics', values, ['created_at'])
    if (training.validates && point.score !== null) await upsertValidation(client, training, epoch)
    await client.query(
      `UPDATE training_jobs SET last_checkpoint_path = $2, best_checkpoint_path = coalesce(best_checkpoint_path, $3)
       WHERE id = $1`,
      [row.id, `${outputOf(row)}/weights/last.pt`, `${outputOf(row)}/weights/best.pt`],
    )
    return true
  })
}

/** One row an epoch, written over when an epoch is trained again. */
async function upsertValidation(client: Client, training: Training, epoch: number): Promise<void> {
  const { row, subject } = training
  const { loss, score } = training.point(epoch)
  const random = ofJob(training, -epoch)
  const value = score ?? 0
  await client.query('DELETE FROM validation_results WHERE job_id = $1 AND epoch = $2', [row.id, epoch])
  const values = {
    job_id: row.id,
    epoch,
    task_type: row.task_type,
    primary_metric_value: value,
    primary_metric_name: taskMetrics[subject.task].primary,
    overall_loss: typeof loss === 'number' ? round(loss * random.between(1.02, 1.25), 6) : loss,
    metrics: overall(subject.task, value, random),
    ...perClass(subject, value, random),
    checkpoint_path: `${outputOf(row)}/weights/epoch${epoch}.pt`,
  }
  await insertRow(client, 'validation_results', values, ['created_at'])
}

/** The callback of a trainer that ended with exit code 0. */
export function succeed(client: Client, training: Training, epoch: number): Promise<boolean> {
  const { score } = training.point(epoch)
  return inTransaction(client, async () => {
    const { rowCount } = await client.query(
      `UPDATE training_jobs SET status = 'completed', completed_at = ${utcNow}, final_accuracy = $2
       WHERE id = $1 AND status = 'running'`,
      [training.row.id, score],
    )
    if (rowCount !== 1) return false
    await client.query(
      `UPDATE experiments SET num_completed_runs = num_completed_runs + 1, updated_at = ${utcNow} WHERE id = $1`,
      [training.row.experiment_id],
    )
    return true
  })
}

/** The callback of a trainer that ended with another. */
export async function fail(
  client: Client,
  { row }: Training,
  { epoch, cause }: { epoch: number; cause: FailureCause },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE training_jobs SET status = 'failed', completed_at = ${utcNow}, error_message = $2, final_accuracy = $3
     WHERE id = $1 AND status = 'running'`,
    [row.id, failureMessage(cause, epoch), cause === 'diverged' ? 'NaN' : null],
  )
  return rowCount === 1
}
