import sql, { raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { loadBatched } from '../../graph/batch.ts'
import { builder } from '../../graph/builder.ts'
import { storableText } from '../../graph/column.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { TrainingJob } from './training-job.ts'
import { TrainingMetric } from './training-metric.ts'

const defaultPoints = 320
const maximumPoints = 10_000

interface Point {
  readonly epoch: number
  readonly step: number | null
  readonly value: number | null
  readonly createdAt: string | null
}

interface Series {
  readonly name: string
  readonly totalPoints: number
  readonly points: readonly Point[]
}

const MetricPoint = builder.objectRef<Point>('MetricPoint').implement({
  description: 'One measured value of a metric.',
  fields: (t) => ({
    epoch: t.exposeInt('epoch', { nullable: false, description: 'The epoch it was measured in.' }),
    step: t.exposeInt('step', {
      nullable: true,
      description: 'The step within the epoch, where the trainer tells it.',
    }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'The value; null where training diverged to NaN or infinity.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was written.',
    }),
  }),
})

const MetricSeries = builder.objectRef<Series>('MetricSeries').implement({
  description: 'A metric of a training job over its epochs, sampled for a chart.',
  fields: (t) => ({
    name: t.exposeString('name', { nullable: false, description: 'Name of the metric.' }),
    totalPoints: t.exposeInt('totalPoints', {
      nullable: false,
      description: 'Points before sampling; an epoch that was trained again counts once.',
    }),
    points: t.field({
      type: [MetricPoint],
      nullable: false,
      description: 'The points in order of epoch and step.',
      resolve: ({ points }) => [...points],
    }),
  }),
})

const columns = new Map([
  ['loss', 'loss'],
  ['accuracy', 'accuracy'],
  ['learning_rate', 'learning_rate'],
  ['learningRate', 'learning_rate'],
])

/** The column that holds a metric: its own, or the one for all the others. */
const columnOf = (name: string) => columns.get(name) ?? 'extra_metrics'

/** The metric's value in a row of `metrics m`: a column, or a number under that name in extra_metrics. */
const metricValue = (name: string): Sql =>
  columns.has(name)
    ? raw(`m.${columnOf(name)}`)
    : sql`CASE WHEN json_typeof(m.extra_metrics::json -> ${name}) = 'number' THEN (m.extra_metrics ->> ${name})::float8 END`

interface SampledRow {
  readonly job_id: number
  readonly epoch: number
  readonly step: number | null
  readonly value: number
  readonly created_at: string | null
  readonly total: number
}

/**
 * The series of several jobs in one statement, sampled where the rows are. The points of a job, in order, are cut
 * into buckets of equal count, and of each bucket its least and its greatest value stay, so that no spike is lost;
 * the first and the last point stay as well. Taking every n-th row instead would hide what lies between.
 *
 * A job that was started again has rows for one epoch twice: the later row holds. NaN and the infinities sort with
 * the finite values but would win every bucket, so a bucket's extremes are those of its finite values, where it has any.
 */
const sampleStatement = (jobs: readonly number[], value: Sql, maxPoints: number): Sql => sql`
  WITH latest AS (
    SELECT DISTINCT ON (m.job_id, m.epoch, m.step) m.job_id, m.epoch, m.step, m.id, m.created_at, ${value} AS value
    FROM public.metrics m WHERE m.job_id = ANY(${jobs}::integer[])
    ORDER BY m.job_id, m.epoch, m.step, m.id DESC
  ), numbered AS (
    SELECT *, row_number() OVER job AS n, count(*) OVER (PARTITION BY job_id)::integer AS total
    FROM latest WHERE value IS NOT NULL
    WINDOW job AS (PARTITION BY job_id ORDER BY epoch, step NULLS FIRST, id)
  ), bucketed AS (
    SELECT *, (n - 1) * ${Math.max(1, Math.floor((maxPoints - 2) / 2))}::integer / total AS bucket,
      value IN ('NaN', 'Infinity', '-Infinity') AS endless
    FROM numbered
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY job_id, bucket ORDER BY endless, value, n) AS least,
      row_number() OVER (PARTITION BY job_id, bucket ORDER BY endless, value DESC, n) AS greatest
    FROM bucketed
  )
  SELECT job_id, epoch, step, value, created_at::text AS created_at, total FROM ranked
  WHERE total <= ${maxPoints} OR n = 1 OR n = total OR least = 1 OR greatest = 1
  ORDER BY job_id, n`

builder.prismaObjectField('TrainingJob', 'metricSeries', (t) =>
  t.field({
    type: MetricSeries,
    nullable: true,
    description:
      'One metric over all epochs, sampled in the database so that a chart costs the same however long the training.',
    args: {
      name: t.arg.string({
        required: true,
        description: '`loss`, `accuracy`, `learning_rate`, or a name in `extraMetrics`.',
      }),
      maxPoints: t.arg.int({
        required: true,
        defaultValue: defaultPoints,
        description: `Points at most, from 4 to ${maximumPoints}: the least and the greatest value of each stretch, the first and the last.`,
      }),
    },
    resolve: async (job, { name, maxPoints }, context) => {
      requireColumns(context, TrainingMetric, ['job_id', 'epoch', 'step', 'created_at', columnOf(name)])
      if (maxPoints < 4 || maxPoints > maximumPoints)
        throw new TributaryError(
          'BAD_INPUT',
          `maxPoints is ${maxPoints}; it goes from 4 to ${maximumPoints}.`,
        )
      const value = metricValue(storableText(name, 'name'))
      const series = await loadBatched(context, `metric series ${maxPoints} ${name}`, job.id, async (ids) => {
        const rows = await rowsOf<SampledRow>(
          context,
          TrainingJob.source,
          sampleStatement(ids, value, maxPoints),
        )
        return Map.groupBy(rows, (row) => row.job_id)
      })
      return {
        name,
        totalPoints: series?.[0]?.total ?? 0,
        points: (series ?? []).map((row) => ({
          epoch: row.epoch,
          step: row.step,
          value: Number.isFinite(row.value) ? row.value : null,
          createdAt: row.created_at && timestampToDateTime(row.created_at, { local: true }),
        })),
      }
    },
  }),
)
