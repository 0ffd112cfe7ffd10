/*
 * Asks for trainings, one after another as the plan says, so that some always wait: as the old ones end, new ones come.
 * What has ended is cleared away again past the newest few hundred, for it goes on for ever; only jobs that were asked
 * for here, whatever people have asked for stays.
 */
import type { Client } from 'pg'
import { domains, taskMetrics } from '../../seed/domains.ts'
import { outputOf } from '../../seed/jobs.ts'
import { Random } from '../../seed/random.ts'
import { inTransaction } from '../in-transaction.ts'
import { insertRow } from '../insert-row.ts'
import type { PlannedTraining } from '../plan.ts'
import type { Stage, Writer } from '../writer.ts'
import { numberOf, workflowPrefix } from './training.ts'

/** Jobs that wait or run. */
const aliveWanted = 20
const endedKept = 200

export const trainingDesk: Writer = {
  name: 'training desk',
  source: 'platform',
  rhythm: 1,
  begin: ({ client, plan }: Stage) => {
    let last: number | undefined
    return async () => {
      last ??= await lastNumber(client)
      if ((await alive(client)) >= aliveWanted) return
      last++
      await ask(client, last, plan.training(last))
      await clearAway(client)
    }
  },
}

const own = `workflow_id LIKE '${workflowPrefix}%'`

async function lastNumber(client: Client): Promise<number> {
  const { rows } = await client.query(
    `SELECT workflow_id FROM training_jobs WHERE ${own} ORDER BY id DESC LIMIT 1`,
  )
  return (rows[0] && numberOf(rows[0])) ?? 0
}

async function alive(client: Client): Promise<number> {
  const { rows } = await client.query(
    `SELECT count(*)::int AS count FROM training_jobs WHERE status IN ('pending', 'running') AND ${own}`,
  )
  return rows[0]?.count ?? 0
}

async function ask(client: Client, number: number, planned: PlannedTraining): Promise<void> {
  const random = new Random(`desk ${number}`)
  const place = await placeOf(client, planned.task, random)
  const classes = Object.values(domains).find(({ task }) => task === planned.task)?.classes.length ?? null
  await inTransaction(client, async () => {
    const id = await insertRow(
      client,
      'training_jobs',
      {
        ...place,
        observability_backends: 'database',
        observability_experiment_ids: {},
        framework: planned.framework,
        model_name: planned.model,
        task_type: planned.task,
        num_classes: classes,
        dataset_format: planned.task === 'image_classification' ? 'imagefolder' : 'coco',
        output_dir: '',
        epochs: planned.epochs,
        batch_size: planned.batchSize,
        learning_rate: planned.learningRate,
        advanced_config: { optimizer: { type: random.pick(['AdamW', 'SGD']), weight_decay: 0.01 } },
        status: 'pending',
        primary_metric: taskMetrics[planned.task].primary,
        primary_metric_mode: 'max',
        workflow_id: `${workflowPrefix}${number}`,
      },
      ['created_at'],
    )
    await client.query('UPDATE training_jobs SET output_dir = $2 WHERE id = $1', [id, outputOf({ id })])
    await client.query(
      "UPDATE experiments SET num_runs = num_runs + 1, updated_at = now() AT TIME ZONE 'UTC' WHERE id = $1",
      [place.experiment_id ?? null],
    )
  })
}

/** A project of the task, one of its experiments, and the data that its trainings use. */
async function placeOf(client: Client, task: string, random: Random): Promise<Record<string, unknown>> {
  const projects = await client.query('SELECT id FROM projects WHERE task_type = $1 ORDER BY id', [task])
  if (projects.rows.length === 0 || random.chance(0.1)) return {}
  const { id } = random.pick(projects.rows)
  const experiments = await client.query(
    'SELECT id AS experiment_id, name AS experiment_name FROM experiments WHERE project_id = $1 ORDER BY id',
    [id],
  )
  const data = await client.query(
    `SELECT dataset_id, dataset_snapshot_id, dataset_version FROM training_jobs
     WHERE project_id = $1 AND dataset_snapshot_id IS NOT NULL ORDER BY id DESC LIMIT 1`,
    [id],
  )
  return {
    project_id: id,
    ...(experiments.rows.length > 0 && random.pick(experiments.rows)),
    ...data.rows[0],
  }
}

async function clearAway(client: Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT id FROM training_jobs WHERE ${own} AND status NOT IN ('pending', 'running')
     ORDER BY id DESC OFFSET ${endedKept} LIMIT 20`,
  )
  for (const { id } of rows)
    await inTransaction(client, async () => {
      // Locked first: a person may be restarting it.
      const { rowCount } = await client.query(
        `SELECT FROM training_jobs WHERE id = $1 AND status NOT IN ('pending', 'running') FOR UPDATE`,
        [id],
      )
      if (rowCount !== 1) return
      for (const table of ['metrics', 'logs', 'validation_results'])
        await client.query(`DELETE FROM ${table} WHERE job_id = $1`, [id])
      await client.query('DELETE FROM training_jobs WHERE id = $1', [id])
    })
}
