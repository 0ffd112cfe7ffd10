/*
 * The PIC service: its API submits trainings and predictions to SLURM, its poller asks SLURM now and then and only then
 * moves the rows, several at once. A completed training, its model and its job are one transaction; a failed one fails
 * in the job's row alone. What was PENDING at one poll and is over at the next is left PENDING for ever, for that step
 * is refused: it happens here too.
 */
import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import { slurmFailures } from '../../seed/slurm.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Plan, PlannedRun } from '../plan.ts'
import type { Stage, Writer } from '../writer.ts'
import { type Queued, type SlurmState, shareAt, stateAt } from './slurm.ts'
import { clearAway, lastNumbers, submitPrediction, submitTraining } from './submissions.ts'

/** Submissions of each kind that wait or run. */
const aliveWanted = 5
/** Played seconds between two polls; the original's are 30. */
const pollSeconds = 5
/** Jobs that are taken over from before, the newest first. */
const takenOver = 40

export const slurmService: Writer = {
  name: 'slurm service',
  source: 'inference',
  rhythm: 1,
  begin: (stage) => {
    const { client, clock } = stage
    let queue: Map<string, Queued> | undefined
    let numbers = { TRAINING: 0, INFERENCE: 0 }
    let polled = Number.NEGATIVE_INFINITY
    return async () => {
      if (!queue) {
        numbers = await lastNumbers(client)
        queue = await takeOver(stage)
      }
      for (const type of ['TRAINING', 'INFERENCE'] as const) {
        const alive = [...queue.values()].filter((job) => job.type === type).length
        if (alive >= aliveWanted) continue
        const id = await submit(client, type, numbers[type] + 1)
        if (id === undefined) continue
        numbers[type]++
        queue.set(id, { id, type, run: planned(stage.plan, type, numbers[type]), submitted: clock() })
      }
      if (clock() - polled < pollSeconds) return
      polled = clock()
      for (const job of [...queue.values()]) if (await poll(client, job, clock())) queue.delete(job.id)
      await clearAway(client)
    }
  },
}

const planned = (plan: Plan, type: Queued['type'], number: number): PlannedRun =>
  type === 'TRAINING' ? plan.submission(number) : plan.prediction(number)

const submit = (client: Client, type: Queued['type'], number: number) =>
  type === 'TRAINING' ? submitTraining(client, number) : submitPrediction(client, number)

/** The newest jobs that have not ended, in a state that SLURM may have them in. */
async function takeOver({ client, clock }: Stage): Promise<Map<string, Queued>> {
  const { rows } = await client.query<{ id: string; job_type: Queued['type']; status: SlurmState }>(
    `SELECT id, job_type, status FROM jobs WHERE status IN ('PENDING', 'RUNNING') AND sbatch_id ~ '^\\d{1,15}$'
     ORDER BY sbatch_id::bigint DESC LIMIT $1`,
    [takenOver],
  )
  return new Map(
    rows.map(({ id, job_type, status }) => {
      const random = new Random(`slurm ${id}`)
      const run = {
        waitSeconds: status === 'PENDING' ? random.between(2, 60) : 0,
        runSeconds: random.between(10, 150),
        fails: random.chance(0.1),
      }
      return [id, { id, type: job_type, run, submitted: clock() }]
    }),
  )
}

/** Brings a job's rows to where SLURM is. True when there is nothing left to look for. */
async function poll(client: Client, job: Queued, clock: number): Promise<boolean> {
  const state = stateAt(job, clock)
  const { rows } = await client.query<{ status: SlurmState }>('SELECT status FROM jobs WHERE id = $1', [
    job.id,
  ])
  const [row] = rows
  if (!row || row.status === 'COMPLETED' || row.status === 'FAILED') return true
  if (state === 'RUNNING' && row.status === 'PENDING') await begin(client, job)
  if (state === 'RUNNING' && job.type === 'TRAINING')
    await client.query('UPDATE training SET progress = $2 WHERE job_id = $1 AND status = $3', [
      job.id,
      Math.floor(95 * shareAt(job, clock)),
      'TRAINING',
    ])
  if (state === 'FAILED') await fail(client, job)
  if (state === 'COMPLETED' && row.status === 'RUNNING') await complete(client, job)
  return state === 'FAILED' || state === 'COMPLETED'
}

/** SLURM's own times have whole seconds. */
const slurmNow = "date_trunc('second', now() AT TIME ZONE 'UTC')"

async function begin(client: Client, { id, type }: Queued): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(
      `UPDATE jobs SET status = 'RUNNING', start_time = ${slurmNow} WHERE id = $1 AND status = 'PENDING'`,
      [id],
    )
    const table = type === 'TRAINING' ? 'training' : 'inference'
    await client.query(`UPDATE ${table} SET start_time = ${slurmNow} WHERE job_id = $1`, [id])
  })
}

async function fail(client: Client, { id, type }: Queued): Promise<void> {
  const reason = new Random(`failure ${id}`).pick(slurmFailures)
  await inTransaction(client, async () => {
    await client.query(
      `UPDATE jobs SET status = 'FAILED', end_time = ${slurmNow}, error_message = $2 WHERE id = $1`,
      [id, reason],
    )
    if (type === 'INFERENCE')
      await client.query(
        `UPDATE inference SET status = 'FAILED', end_time = ${slurmNow}, error_message = $2,
         updated_at = now() AT TIME ZONE 'UTC' WHERE job_id = $1`,
        [id, reason],
      )
  })
}

async function complete(client: Client, { id, type }: Queued): Promise<void> {
  const random = new Random(`completion ${id}`)
  await inTransaction(client, async () => {
    await client.query(
      `UPDATE jobs SET status = 'COMPLETED', end_time = ${slurmNow} WHERE id = $1 AND status = 'RUNNING'`,
      [id],
    )
    if (type === 'TRAINING')
      await client.query(
        `WITH trained AS (
           UPDATE training SET status = 'TRAINED', progress = 100, end_time = ${slurmNow},
             model_path = '/scratch/pic/' || id || '/model'
           WHERE job_id = $1 RETURNING id, name)
         INSERT INTO model (id, training_id, model_name, created_at)
         SELECT $2, id, name, now() AT TIME ZONE 'UTC' FROM trained`,
        [id, random.uuid()],
      )
    else
      await client.query(
        `UPDATE inference SET status = 'COMPLETED', end_time = ${slurmNow}, prediction = $2,
         updated_at = now() AT TIME ZONE 'UTC' WHERE job_id = $1`,
        [id, JSON.stringify({ label: 'lesion', volume_ml: Number(random.between(0.2, 64).toFixed(2)) })],
      )
  })
}
