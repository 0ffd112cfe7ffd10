import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import { studies } from '../../seed/slurm.ts'
import { inTransaction } from '../in-transaction.ts'
import { insertRow } from '../insert-row.ts'
import type { Queued } from './slurm.ts'

/** How the scripts of our own submissions are marked, each with its number in the plan. */
const comment = '#SBATCH --comment=replay-'
const endedKept = 200

const script = (type: Queued['type'], number: number) =>
  `#!/bin/bash\n#SBATCH --job-name=${type.toLowerCase()}\n#SBATCH --gres=gpu:1\n${comment}${number}\nsrun python run.py\n`

/** The highest number of each kind that was submitted so far. */
export async function lastNumbers(client: Client): Promise<Record<Queued['type'], number>> {
  const { rows } = await client.query<{ job_type: Queued['type']; number: number }>(
    `SELECT job_type, max(substring(sbatch_content FROM '--comment=replay-(\\d{1,9})')::int) AS number FROM jobs
     WHERE sbatch_content LIKE '%${comment}%' GROUP BY job_type`,
  )
  return { TRAINING: 0, INFERENCE: 0, ...Object.fromEntries(rows.map((row) => [row.job_type, row.number])) }
}

async function submitJob(client: Client, type: Queued['type'], number: number): Promise<string> {
  // Its number alone would come again where the older ones were cleared away and the process was started anew.
  const id = crypto.randomUUID()
  const { rows } = await client.query(
    "SELECT coalesce(max(sbatch_id::bigint), 4000000) + 1 AS next FROM jobs WHERE sbatch_id ~ '^\\d{1,15}$'",
  )
  await insertRow(client, 'jobs', {
    id,
    sbatch_id: String(rows[0]?.next),
    fold_index: type === 'TRAINING' ? number % 10 : 0,
    job_type: type,
    status: 'PENDING',
    sbatch_content: script(type, number),
  })
  return id
}

/** Submits a training. @returns the key of its job. */
export function submitTraining(client: Client, number: number): Promise<string> {
  const [study] = studies[Math.floor(number / 10) % studies.length] ?? studies[0]
  return inTransaction(client, async () => {
    const job = await submitJob(client, 'TRAINING', number)
    const id = crypto.randomUUID()
    await insertRow(client, 'training', {
      id,
      name: `${study}, fold ${number % 10}`,
      images_path: `/scratch/pic/${id}/imagesTr`,
      labels_path: `/scratch/pic/${id}/labelsTr`,
      job_id: job,
      status: 'TRAINING',
      progress: 0,
    })
    return job
  })
}

/** Submits a prediction with one of the newest models. @returns the key of its job; undefined while there is no model. */
export async function submitPrediction(client: Client, number: number): Promise<string | undefined> {
  const { rows } = await client.query('SELECT id FROM model ORDER BY created_at DESC NULLS LAST LIMIT 20')
  if (rows.length === 0) return undefined
  const random = new Random(`prediction ${number}`)
  return inTransaction(client, async () => {
    const job = await submitJob(client, 'INFERENCE', number)
    const id = crypto.randomUUID()
    await insertRow(client, 'inference', {
      predict_id: id,
      model_id: random.pick(rows).id,
      job_id: job,
      input_data: { image: `/scratch/pic/input/${random.hex(10)}.nii.gz`, spacing: [1, 1, 2.5] },
      output_dir: `/scratch/pic/predictions/${id}`,
      status: 'PENDING',
    })
    return job
  })
}

/** Deletes our own oldest submissions past the newest few hundred, except trainings whose model is still in use. */
export async function clearAway(client: Client): Promise<void> {
  const { rows } = await client.query<{ id: string; job_type: Queued['type'] }>(
    `SELECT id, job_type FROM jobs j WHERE sbatch_content LIKE '%${comment}%'
       AND NOT EXISTS (SELECT FROM training t JOIN model m ON m.training_id = t.id JOIN inference i ON i.model_id = m.id
         WHERE t.job_id = j.id)
     ORDER BY sbatch_id::bigint DESC OFFSET $1 LIMIT 50`,
    [2 * endedKept],
  )
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return
  await inTransaction(client, async () => {
    await client.query('DELETE FROM inference WHERE job_id = ANY($1)', [ids])
    await client.query(
      'DELETE FROM model m USING training t WHERE t.id = m.training_id AND t.job_id = ANY($1)',
      [ids],
    )
    await client.query('DELETE FROM training WHERE job_id = ANY($1)', [ids])
    await client.query('DELETE FROM jobs WHERE id = ANY($1)', [ids])
  })
}
