import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import { storableText } from '../../graph/column.ts'
import { kinds, operandSql } from '../../graph/column-kind.ts'
import type { GraphContext } from '../../graph/context.ts'
import { defaultPoints, maximumPoints, requirePoints, sampledSeries } from '../../graph/sampling.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ruleSql } from '../../graph/visibility-sql.ts'
import { MonitoringMetric, MonitoringMetricType } from './monitoring-metric.ts'

/** Names of one request at most. */
const maximumNames = 50

interface SampledRow {
  readonly metric_type: string | null
  readonly metric_name: string
  readonly timestamp: string
  readonly value: number
  readonly total: number
}

interface Point {
  readonly timestamp: string | null
  readonly value: number | null
}

interface Series {
  readonly type: string | null
  readonly name: string
  readonly totalPoints: number
  readonly points: readonly Point[]
}

const MonitoringPoint = builder.objectRef<Point>('MonitoringPoint').implement({
  description: 'One measured value.',
  fields: (t) => ({
    timestamp: t.expose('timestamp', {
      type: 'DateTime',
      nullable: true,
      description: 'What moment it is about.',
    }),
    value: t.exposeFloat('value', { nullable: true, description: 'The value; null where it is not finite.' }),
  }),
})

const MonitoringSeries = builder.objectRef<Series>('MonitoringSeries').implement({
  description: 'A number that was watched over time, sampled for a chart.',
  fields: (t) => ({
    type: t.field({
      type: MonitoringMetricType.ref,
      nullable: true,
      description: 'What is watched by it.',
      resolve: ({ type }) => (type === null ? null : MonitoringMetricType.label(type)),
    }),
    typeRaw: t.exposeString('type', {
      nullable: true,
      description: 'The text of `type` as the database has it.',
    }),
    name: t.exposeString('name', { nullable: false, description: 'Its name.' }),
    totalPoints: t.exposeInt('totalPoints', { nullable: false, description: 'Points before sampling.' }),
    points: t.field({
      type: [MonitoringPoint],
      nullable: false,
      description: 'The points in order of time.',
      resolve: ({ points }) => [...points],
    }),
  }),
})

interface SeriesArguments {
  readonly names: readonly string[]
  readonly type?: string | null | undefined
  readonly from?: string | null | undefined
  readonly to?: string | null | undefined
  readonly maxPoints: number
}

function conditionsOf(
  context: GraphContext,
  { names, type, from, to }: SeriesArguments,
): (Sql | undefined)[] {
  const zone = context.source(MonitoringMetric.source).timeZone
  return [
    sql`m.timestamp IS NOT NULL`,
    sql`m.metric_name = ANY(${names.map((name) => storableText(name, 'names'))}::text[])`,
    type == null ? undefined : sql`m.metric_type = ANY(${[...MonitoringMetricType.stored(type)]}::text[])`,
    from == null ? undefined : sql`m.timestamp >= ${operandSql(kinds.timestamp, from, zone)}`,
    to == null ? undefined : sql`m.timestamp < ${operandSql(kinds.timestamp, to, zone)}`,
  ]
}

/** All series in one statement. */
async function readSeries(context: GraphContext, args: SeriesArguments): Promise<Series[]> {
  requirePoints(args.maxPoints)
  if (args.names.length > maximumNames)
    throw new TributaryError(
      'PAGE_SIZE',
      `monitoringSeries takes ${maximumNames} names at most; ${args.names.length} were given.`,
    )
  requireColumns(context, MonitoringMetric, ['timestamp', 'metric_type', 'metric_name', 'metric_value'])
  const rule = rowRuleOf(context, MonitoringMetric)
  if (rule.kind === 'never') return []
  const conditions = [...conditionsOf(context, args), ruleSql(context, MonitoringMetric, rule, 'm')]
  const statement = sampledSeries({
    points: sql`SELECT m.id, m.timestamp, m.metric_type, m.metric_name, m.metric_value AS value
      FROM public.monitoring_metrics m
      WHERE ${join(
        conditions.filter((condition) => condition !== undefined),
        ' AND ',
      )}`,
    series: raw('metric_name, metric_type'),
    order: raw('timestamp, id'),
    output: raw('metric_type, metric_name, timestamp::text AS timestamp, value'),
    maxPoints: args.maxPoints,
  })
  const rows = await rowsOf<SampledRow>(context, MonitoringMetric.source, statement)
  const zone = context.source(MonitoringMetric.source).timeZone
  const bySeries = Map.groupBy(rows, (row) => JSON.stringify([row.metric_name, row.metric_type]))
  return [...bySeries.values()].flatMap(([first, ...others]) => {
    if (!first) return []
    return {
      type: first.metric_type,
      name: first.metric_name,
      totalPoints: first.total,
      points: [first, ...others].map(({ timestamp, value }) => ({
        timestamp: kinds.timestamp.decode(timestamp, zone) as string | null,
        value: Number.isFinite(value) ? value : null,
      })),
    }
  })
}

builder.queryField('monitoringSeries', (t) =>
  t.field({
    type: [MonitoringSeries],
    nullable: { list: true, items: false },
    description:
      'Numbers that were watched of the model in service, over time, sampled in the database: one series for each name and kind.',
    args: {
      names: t.arg.stringList({
        required: true,
        description: `Which numbers, by \`name\`; ${maximumNames} at most.`,
      }),
      type: t.arg({ type: MonitoringMetricType.ref, description: 'Only those of a kind.' }),
      from: t.arg({ type: 'DateTime', description: 'From this moment on.' }),
      to: t.arg({ type: 'DateTime', description: 'Before this moment.' }),
      maxPoints: t.arg.int({
        required: true,
        defaultValue: defaultPoints,
        description: `Points of a series at most, from 4 to ${maximumPoints}: the least and the greatest value of each stretch, the first and the last.`,
      }),
    },
    resolve: (_root, args, context) => readSeries(context, args),
  }),
)
