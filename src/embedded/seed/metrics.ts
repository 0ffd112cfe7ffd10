import { type Point, round } from './course.ts'
import { domains } from './domains.ts'
import { type Job, outputOf } from './jobs.ts'
import { Random } from './random.ts'
import { overall } from './scores.ts'
import { type Moment, timestampOrNull } from './time.ts'

/** What of a job its metrics depend on. */
export type Measured = Pick<Job, 'id' | 'framework' | 'task' | 'domain' | 'batchSize'>

interface MetricRow {
  readonly moment: Moment
  readonly job_id: number
  readonly epoch: number
  readonly step: number | null
  readonly loss: Point['loss'] | null
  readonly accuracy: number | null
  readonly learning_rate: number | null
  readonly extra_metrics: Readonly<Record<string, number>> | null
  readonly checkpoint_path: string | null
}

/** Rows of metrics. */
export function metricRows(jobs: readonly Job[]) {
  const random = new Random('metrics')
  const rows = jobs.flatMap((job) =>
    job.attempts.flatMap(({ points }) => points.flatMap((point) => rowsOfEpoch(job, point, random))),
  )
  return inOrderOfTime(rows, random)
}

/** What an epoch reports: one row or, as the vfm trainer does, its losses and its scores apart. */
export function rowsOfEpoch(job: Measured, point: Point, random: Random): MetricRow[] {
  const row = metricRow(job, point, random)
  return job.framework === 'vfm-v1' ? apart(row) : [row]
}

function metricRow(job: Measured, point: Point, random: Random): MetricRow {
  const { epoch, moment, loss, learningRate } = point
  const countsSteps = job.framework === 'huggingface' || job.framework === 'timm'
  const steps = Math.ceil((domains[job.domain].images * 0.7) / job.batchSize)
  return {
    moment,
    job_id: job.id,
    epoch,
    step: countsSteps ? epoch * steps : null,
    loss,
    accuracy: job.task === 'image_classification' ? point.score : null,
    learning_rate: learningRate,
    extra_metrics: extraMetrics(job, point, random),
    checkpoint_path: epoch % 10 === 0 ? `${outputOf(job)}/weights/epoch${epoch}.pt` : null,
  }
}

function apart(row: MetricRow): MetricRow[] {
  return [
    { ...row, extra_metrics: null },
    {
      ...row,
      moment: row.moment + 1_250,
      loss: null,
      accuracy: null,
      learning_rate: null,
      checkpoint_path: null,
    },
  ]
}

function extraMetrics(job: Measured, { score, loss }: Point, random: Random): Record<string, number> | null {
  // JSON has no NaN: a trainer that diverged leaves its metrics out.
  if (score === null || typeof loss !== 'number') return null
  return { ...overall(job.task, score, random), val_loss: round(loss * random.between(1.02, 1.25), 6) }
}

/** Gives out ids as the inserts would have: jobs that ran at the same time are interleaved. */
export function inOrderOfTime<T extends { readonly moment: Moment }>(rows: readonly T[], random: Random) {
  return rows
    .toSorted((a, b) => a.moment - b.moment)
    .map(({ moment, ...row }, index) => ({
      id: index + 1,
      ...row,
      created_at: timestampOrNull(random.chance(0.0005) ? null : moment),
    }))
}
