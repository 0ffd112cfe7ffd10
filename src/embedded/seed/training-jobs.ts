import type { ChatSession } from './chat.ts'
import { domains, taskMetrics } from './domains.ts'
import { type FailureCause, type Job, longJobId, outputOf } from './jobs.ts'
import type { Person } from './people.ts'
import type { Snapshot } from './projects.ts'
import { Random } from './random.ts'
import { timestampOrNull } from './time.ts'

const notes = [
  'Best so far; keep the checkpoint.',
  'Too many false positives on wet floor.',
  'Same as the run before, without mosaic.',
  'Läuft stabil, Lernrate nicht weiter erhöhen.',
  '学習率を下げて再実行。',
]
const tags = ['baseline', 'sweep', 'nightly', 'edge', 'release candidate', 'do not delete']
const outOfMemory = [
  'CUDA out of memory. Tried to allocate 2.20 GiB. GPU 0 has a total capacity of 23.69 GiB of which',
  '1.04 GiB is free. Process 41273 has 22.64 GiB memory in use.',
].join(' ')

/** Rows of training_jobs. */
export function trainingJobRows(options: {
  readonly jobs: readonly Job[]
  readonly persons: readonly Person[]
  readonly snapshots: readonly Snapshot[]
  readonly sessions: readonly ChatSession[]
}) {
  const random = new Random('training jobs')
  return options.jobs.map((job) => {
    const last = job.attempts.at(-1)?.points.at(-1)
    const output = outputOf(job)
    const snapshots = options.snapshots.filter(
      ({ domain, created }) => domain === job.domain && created < job.created,
    )
    const snapshot = random.chance(0.65) ? snapshots.at(-1) : undefined
    const dataset = snapshot ?? options.snapshots.find(({ domain }) => domain === job.domain)
    const byPath = snapshot === undefined && random.chance(0.3)
    const session = options.sessions.findLast(({ created }) => created < job.created)
    const colleagues = options.persons.filter(
      ({ organizationId }) => organizationId === job.project?.organizationId,
    )
    const creators = colleagues.length > 0 ? colleagues : options.persons
    const byLoss = random.chance(0.25)
    return {
      id: job.id,
      session_id: random.chance(job.project === undefined ? 0.7 : 0.15) ? (session?.id ?? null) : null,
      project_id: job.project?.id ?? null,
      experiment_id: job.experiment?.id ?? null,
      created_by: random.chance(0.15) ? random.pick(creators).id : null,
      experiment_name: job.experiment?.name ?? null,
      tags: random.chance(0.3) ? random.sample(tags, random.integer(0, 2)) : null,
      notes: random.chance(0.08) ? random.pick(notes) : null,
      observability_backends: random.weighted({
        database: 70,
        'database,mlflow': 25,
        'database,mlflow,clearml': 5,
      }),
      observability_experiment_ids: random.chance(0.3) ? { mlflow: random.hex(32) } : {},
      framework: job.framework,
      model_name: job.model,
      task_type: job.task,
      num_classes: random.chance(0.9) ? domains[job.domain].classes.length : null,
      custom_docker_image: random.chance(0.02) ? 'registry.example/trainers/vision:2026.10' : null,
      dataset_id: byPath ? null : (dataset?.datasetId ?? null),
      dataset_snapshot_id: snapshot?.id ?? null,
      dataset_version: byPath ? null : random.integer(1, 6),
      dataset_path: byPath ? `/data/datasets/${domains[job.domain].dataset}` : null,
      dataset_format: datasetFormat(job),
      output_dir: output,
      split_strategy: random.chance(0.5) ? { type: 'ratio', train: 0.7, val: 0.2, test: 0.1 } : null,
      epochs: job.epochs,
      batch_size: job.batchSize,
      learning_rate: job.learningRate,
      advanced_config: random.chance(0.6)
        ? {
            optimizer: { type: random.pick(['AdamW', 'SGD']), weight_decay: 0.01 },
            scheduler: { type: 'cosine' },
            mixed_precision: true,
          }
        : null,
      status: job.status,
      error_message: errorMessage(job),
      process_id: job.started === null ? null : random.integer(2_000, 60_000),
      workflow_id: random.chance(0.7) ? `training-${job.id}-${random.hex(8)}` : null,
      clearml_task_id: random.chance(0.05) ? random.hex(32) : null,
      final_accuracy:
        job.status === 'completed' ? (last?.score ?? null) : job.cause === 'diverged' ? 'NaN' : null,
      best_checkpoint_path: last === undefined ? null : `${output}/weights/best.pt`,
      last_checkpoint_path: last === undefined ? null : `${output}/weights/last.pt`,
      primary_metric: byLoss ? 'loss' : taskMetrics[job.task].primary,
      primary_metric_mode: byLoss ? 'min' : 'max',
      created_at: timestampOrNull(job.id % 211 === 0 ? null : job.created),
      started_at: timestampOrNull(job.started),
      completed_at: timestampOrNull(job.completed),
    }
  })
}

function datasetFormat(job: Job): string {
  if (job.id === longJobId || job.framework === 'ultralytics') return 'yolo'
  return job.task === 'image_classification' ? 'imagefolder' : 'coco'
}

function errorMessage(job: Job): string | null {
  if (job.cause !== undefined) return failureMessage(job.cause, job.attempts.at(-1)?.points.length ?? 0)
  return job.status === 'cancelled' ? 'Cancelled by user' : null
}

/** What a job says that failed in an epoch. */
export function failureMessage(cause: FailureCause, epoch: number): string {
  switch (cause) {
    case 'diverged':
      return `Training diverged: stopped in epoch ${epoch}, the loss was not finite`
    case 'out of memory':
      return outOfMemory
    case 'killed':
      return 'Trainer exited with code 137'
    case 'no snapshot':
      return 'Snapshot could not be made: the object store answered 503'
  }
}
