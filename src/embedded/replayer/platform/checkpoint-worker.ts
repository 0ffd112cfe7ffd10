import type { Client } from 'pg'
import { round } from '../../seed/course.ts'
import { type DomainName, domains, type TaskType, taskMetrics } from '../../seed/domains.ts'
import { checkpointOf } from '../../seed/evaluations.ts'
import { extensions, formats } from '../../seed/exports.ts'
import { Random } from '../../seed/random.ts'
import { overall, perClass } from '../../seed/scores.ts'
import { insertRow } from '../insert-row.ts'
import type { Stage, Writer } from '../writer.ts'
import { workflowPrefix } from './training.ts'

/** What is made of a checkpoint, in a table of its own. */
interface Kind {
  readonly table: 'export_jobs' | 'test_runs' | 'inference_jobs'
  readonly seconds: readonly [number, number]
  readonly failure: (row: CheckpointRow) => string
  /** Columns of a new row, beside those that all have. */
  readonly asked: (source: Source, random: Random) => Readonly<Record<string, unknown>>
  /** Columns of a row that ended well. */
  readonly result: (row: CheckpointRow, random: Random) => Readonly<Record<string, unknown>>
}

interface Source {
  readonly id: number
  readonly framework: string
  readonly model_name: string
  readonly task_type: string
}

interface CheckpointRow {
  readonly id: number
  readonly training_job_id: number
  readonly task_type: string
  readonly status: string
  readonly export_format: keyof typeof extensions
  readonly version: number
}

const kinds: readonly Kind[] = [
  {
    table: 'export_jobs',
    seconds: [6, 40],
    failure: ({ export_format }) => `Operator GridSample is not supported by ${export_format}`,
    asked: ({ framework, model_name }, random) => ({
      export_format: random.weighted(formats),
      version: 1,
      is_default: true,
      framework,
      model_name,
      export_config: { image_size: 640 },
    }),
    result: ({ training_job_id, version, export_format }, random) => ({
      export_path: `s3://models/exports/${training_job_id}/v${version}/model.${extensions[export_format]}`,
      export_results: { max_difference: round(random.between(0.00001, 0.008), 6) },
      file_size_mb: round(random.between(5, 380), 2),
      validation_passed: random.chance(0.93),
    }),
  },
  {
    table: 'test_runs',
    seconds: [5, 30],
    failure: () => 'Split test is empty',
    asked: ({ task_type }, random) => ({
      dataset_path: `/data/datasets/${domains[domainOf(task_type, random)].dataset}/test`,
      dataset_split: 'test',
    }),
    result: ({ task_type }, random) => {
      const domain = domainOf(task_type, random)
      const { task } = domains[domain]
      const score = round(random.between(0.4, 0.97), 4)
      return {
        primary_metric_name: taskMetrics[task].primary,
        primary_metric_value: score,
        overall_loss: round(random.between(0.1, 0.8), 6),
        metrics: overall(task, score, random),
        ...perClass({ domain, task }, score, random),
        total_images: Math.round(domains[domain].images * 0.1),
        inference_time_ms: round(random.between(3, 42), 3),
      }
    },
  },
  {
    table: 'inference_jobs',
    seconds: [3, 20],
    failure: () => 'Cannot read image: truncated file',
    asked: (_source, random) => ({
      inference_type: random.pick(['single', 'batch']),
      input_data: { image_paths: [`uploads/${random.hex(12)}.jpg`], confidence_threshold: 0.25 },
    }),
    result: (_row, random) => {
      const images = random.integer(1, 200)
      const each = random.between(3, 60)
      return {
        total_images: images,
        total_inference_time_ms: round(images * each, 3),
        avg_inference_time_ms: round(each, 3),
      }
    },
  },
]

function domainOf(task: string, random: Random): DomainName {
  const all = Object.entries(domains) as [DomainName, { task: TaskType }][]
  const fitting = all.filter(([, domain]) => domain.task === task)
  return random.pick(fitting.length > 0 ? fitting : all)[0]
}

/** Rows of a table that are worked on at once. */
const places = 3

/**
 * Takes up exports, tests and predictions that somebody has asked for, the newest first, and asks for one itself when
 * nobody has and a training that the replayer made has ended well without any.
 */
export const checkpointWorker: Writer = {
  name: 'checkpoint worker',
  source: 'platform',
  rhythm: 1,
  begin: (stage) => {
    const turns = kinds.map((kind) => worker(stage, kind))
    return async () => {
      for (const turn of turns) await turn()
    }
  },
}

function worker({ client, clock }: Stage, kind: Kind) {
  /** When a row's work is over, on the played clock. */
  const due = new Map<number, number>()
  const label = kind.table === 'export_jobs' ? (word: string) => word.toUpperCase() : (word: string) => word
  const newest = (status: string) =>
    `(SELECT * FROM ${kind.table} WHERE status = '${label(status)}' ORDER BY id DESC LIMIT ${places})`

  return async () => {
    const { rows } = await client.query<CheckpointRow>(`${newest('running')} UNION ALL ${newest('pending')}`)
    const running = rows.filter(({ status }) => status === label('running'))
    const pending = rows.filter(({ status }) => status === label('pending'))
    for (const row of running) {
      const random = new Random(`${kind.table} ${row.id}`)
      const seconds = random.between(...kind.seconds)
      if (!due.has(row.id)) due.set(row.id, clock() + seconds)
      if (clock() < (due.get(row.id) ?? 0)) continue
      await finish(row, random)
      due.delete(row.id)
    }
    for (const row of pending.slice(0, places - running.length))
      await move(row, { from: 'pending', to: 'running' }, { process: 'started_at' })
    if (rows.length === 0) await ask()
  }

  function finish(row: CheckpointRow, random: Random): Promise<void> {
    const change = { from: 'running', process: 'completed_at' } as const
    return random.chance(0.1)
      ? move(
          row,
          { from: change.from, to: 'failed' },
          { process: change.process, values: { error_message: kind.failure(row) } },
        )
      : move(
          row,
          { from: change.from, to: 'completed' },
          { process: change.process, values: kind.result(row, random) },
        )
  }

  async function move(
    row: CheckpointRow,
    { from, to }: { from: string; to: string },
    { process, values = {} }: { process: string; values?: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    const columns = Object.keys(values).map((column, index) => `, ${column} = $${index + 4}`)
    await client.query(
      `UPDATE ${kind.table} SET status = $2, ${process} = now() AT TIME ZONE 'UTC'${columns.join('')}
       WHERE id = $1 AND status = $3`,
      [row.id, label(to), label(from), ...Object.values(values).map(asText)],
    )
  }

  async function ask(): Promise<void> {
    const source = await untouched(client, kind.table)
    if (!source) return
    const values = {
      training_job_id: source.id,
      checkpoint_path: checkpointOf(source),
      task_type: source.task_type,
      status: label('pending'),
      ...kind.asked(source, new Random(`${kind.table} of ${source.id}`)),
    }
    await insertRow(client, kind.table, values, ['created_at'])
  }
}

const asText = (value: unknown) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value

/** The newest training of the replayer's that ended well and of which nothing was made in this table. */
async function untouched(client: Client, table: Kind['table']): Promise<Source | undefined> {
  const { rows } = await client.query<Source>(
    `SELECT id, framework, model_name, task_type FROM training_jobs j
     WHERE status = 'completed' AND workflow_id LIKE '${workflowPrefix}%'
       AND NOT EXISTS (SELECT FROM ${table} WHERE training_job_id = j.id)
     ORDER BY id DESC LIMIT 1`,
  )
  return rows[0]
}
