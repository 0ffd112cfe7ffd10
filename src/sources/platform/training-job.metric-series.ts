import sql, { raw, type Sql } from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { builder } from '../../graph/builder.ts'
import { storableText } from '../../graph/column.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { defaultPoints, maximumPoints, requirePoints, sampledSeries } from '../../graph/sampling.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { TrainingJob } from './training-job.ts'
import { TrainingMetric } from './training-metric.ts'

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
 * The series of several jobs. A job that was started again has rows for one epoch twice: the later row holds.
 */
const sampleStatement = (jobs: readonly number[], value: Sql, maxPoints: number): Sql =>
  sampledSeries({
    points: sql`
      SELECT DISTINCT ON (m.job_id, m.epoch, m.step) m.job_id, m.epoch, m.step, m.id, m.created_at, ${value} AS value
      FROM public.metrics m WHERE m.job_id = ANY(${jobs}::integer[])
      ORDER BY m.job_id, m.epoch, m.step, m.id DESC`,
    series: raw('job_id'),
    order: raw('epoch, step NULLS FIRST, id'),
    output: raw('job_id, epoch, step, value, created_at::text AS created_at'),
    maxPoints,
  })

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
      requirePoints(maxPoints)
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
