/*
 * What requests used, added up in the database: one statement for any number of records. Sums of tokens and money are
 * `numeric` there and text here, so that no digit is lost on the way.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import type { GraphContext } from '../../graph/context.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { filterCondition } from '../../graph/filter-condition.ts'
import { resolveEdges } from '../../graph/filter-edges.ts'
import { type FilterValue, filterInput } from '../../graph/filter-input.ts'
import { rowField } from '../../graph/row-field.ts'
import { columnOf, requireColumns, rowsOf, tableName } from '../../graph/statement.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ruleSql } from '../../graph/visibility-sql.ts'
import { LlmModel } from './llm-model.ts'
import { Tenant } from './tenant.ts'
import { TenantApiKey } from './tenant-api-key.ts'
import { TenantEnvironment } from './tenant-environment.ts'
import { UsageRecord } from './usage-record.ts'

const defaultGroups = 200
const maximumGroups = 5_000

const UsageDimension = builder.enumType('UsageDimension', {
  description: 'What usage is told apart by.',
  values: {
    TENANT: { description: 'The tenant.' },
    ENVIRONMENT: { description: 'The tenant’s environment.' },
    KEY: { description: 'The tenant’s key that requests came with.' },
    MODEL: { description: 'The model that requests went to.' },
    DAY: { description: 'The day, in UTC.' },
    HOUR: { description: 'The hour.' },
  } as const,
})

type Dimension = typeof UsageDimension.$inferType

const columns: Readonly<Record<Dimension, string>> = {
  TENANT: 'tenant_id',
  ENVIRONMENT: 'environment_id',
  KEY: 'api_key_id',
  MODEL: 'model_id',
  DAY: 'timestamp',
  HOUR: 'timestamp',
}

const summed = ['prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens', 'cost_microdollars']

interface Group {
  readonly tenant_id?: string | null
  readonly environment_id?: string | null
  readonly api_key_id?: string | null
  readonly model_id?: string | null
  readonly start?: string | null
  readonly requests: string
  readonly prompt_tokens: string
  readonly completion_tokens: string
  readonly total_tokens: string
  readonly cached_tokens: string
  readonly cost_microdollars: string
  readonly latency_p50: number | null
  readonly latency_p95: number | null
}

const UsageGroup = builder.objectRef<Group>('UsageGroup').implement({
  description: 'What the requests of one group used together.',
  fields: (t) => {
    const sum = (column: keyof Group, description: string) =>
      t.field({
        type: 'BigInt',
        nullable: false,
        description,
        resolve: (group) => group[column] as string,
      })
    return {
      tenant: t.field(rowField(Tenant, (group: Group) => group.tenant_id ?? null, 'The tenant, by TENANT.')),
      environment: t.field(
        rowField(
          TenantEnvironment,
          (group: Group) => group.environment_id ?? null,
          'The environment, by ENVIRONMENT.',
        ),
      ),
      apiKey: t.field(
        rowField(
          TenantApiKey,
          (group: Group) => group.api_key_id ?? null,
          'The tenant’s key, by KEY; null for requests of which none was noted.',
        ),
      ),
      model: t.field(
        rowField(
          LlmModel,
          (group: Group) => group.model_id ?? null,
          'The model, by MODEL; null for requests of which none was noted.',
        ),
      ),
      start: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'Begin of the day or hour, by DAY or HOUR.',
        resolve: ({ start }) => (start ? timestampToDateTime(start, { local: false }) : null),
      }),
      requests: sum('requests', 'How many requests.'),
      promptTokens: sum('prompt_tokens', 'Tokens taken in.'),
      completionTokens: sum('completion_tokens', 'Tokens given out.'),
      totalTokens: sum('total_tokens', 'Both together.'),
      cachedTokens: sum('cached_tokens', 'Of those taken in, what was still at hand.'),
      costMicrodollars: sum('cost_microdollars', 'What they cost, in millionths of a US dollar, exactly.'),
      latencyP50Ms: t.float({
        nullable: true,
        description: 'The time that half of them took at most, in milliseconds; null where none was noted.',
        resolve: ({ latency_p50 }) => latency_p50,
      }),
      latencyP95Ms: t.float({
        nullable: true,
        description: 'The time that 95 % of them took at most, in milliseconds.',
        resolve: ({ latency_p95 }) => latency_p95,
      }),
    }
  },
})

interface UsageArguments {
  readonly from: string
  readonly to: string
  readonly groupBy: readonly Dimension[]
  readonly filter?: FilterValue | null | undefined
  readonly limit: number
}

/** An expression for each dimension, by the name of its column in the answer. */
function dimensionsOf(groupBy: readonly Dimension[]): ReadonlyMap<string, Sql> {
  const dimensions = new Map<string, Sql>()
  const unit = groupBy.includes('HOUR') ? 'hour' : 'day'
  for (const dimension of groupBy)
    if (columns[dimension] === 'timestamp')
      dimensions.set('start', sql`date_trunc(${raw(`'${unit}'`)}, t."timestamp", 'UTC')`)
    else dimensions.set(columns[dimension], columnOf('t', columns[dimension]))
  return dimensions
}

function statementOf(args: UsageArguments, conditions: readonly Sql[]): Sql {
  const dimensions = dimensionsOf(args.groupBy)
  const names = [...dimensions.keys()].map((name) => raw(`"${name}"`))
  const outputs = [...dimensions].map(([name, expression]) => sql`${expression} AS ${raw(`"${name}"`)}`)
  const sums = summed.map((name) => sql`coalesce(sum(${columnOf('t', name)}), 0)::text AS ${raw(name)}`)
  const latency = (share: number) =>
    sql`percentile_cont(${raw(String(share))}) WITHIN GROUP (ORDER BY t.latency_ms)`
  const groups = sql`SELECT ${join([
    ...outputs,
    sql`count(*)::text AS requests`,
    ...sums,
    sql`${latency(0.5)} AS latency_p50`,
    sql`${latency(0.95)} AS latency_p95`,
  ])} FROM ${tableName(UsageRecord.table)} t WHERE ${join(conditions, ' AND ')}`
  if (names.length === 0) return groups
  const texts = [...dimensions.keys()].map((name) => raw(`g."${name}"::text AS "${name}"`))
  const figures = ['requests', ...summed, 'latency_p50', 'latency_p95'].map((name) => raw(`g.${name}`))
  const positions = join(names.map((_, index) => raw(String(index + 1))))
  const first = dimensions.has('start') ? [raw('g.start')] : []
  const order = join([...first, ...names.map((name) => sql`g.${name}`)])
  return sql`SELECT ${join([...texts, ...figures])} FROM (${groups} GROUP BY ${positions} LIMIT ${args.limit + 1}) g ORDER BY ${order}`
}

async function readUsage(context: GraphContext, args: UsageArguments): Promise<Group[]> {
  if (args.limit < 1 || args.limit > maximumGroups)
    throw new TributaryError('PAGE_SIZE', `limit is ${args.limit}; usage has 1 to ${maximumGroups} groups.`)
  if (args.from >= args.to) throw new TributaryError('BAD_INPUT', 'from has to be before to.')
  requireColumns(context, UsageRecord, [
    'timestamp',
    'latency_ms',
    'tenant_id',
    ...summed,
    ...args.groupBy.map((dimension) => columns[dimension]),
  ])
  const rule = rowRuleOf(context, UsageRecord)
  if (rule.kind === 'never') return []
  const conditions = [
    sql`t."timestamp" >= ${args.from}::timestamptz AND t."timestamp" < ${args.to}::timestamptz`,
    filterCondition(context, UsageRecord, args.filter, await resolveEdges(context, UsageRecord, args.filter)),
    ruleSql(context, UsageRecord, rule, 't'),
  ].filter((condition) => condition !== undefined)
  const groups = await rowsOf<Group>(context, UsageRecord.source, statementOf(args, conditions))
  if (groups.length > args.limit)
    throw new TributaryError(
      'FILTER_TOO_BROAD',
      `There are more than ${args.limit} groups. Narrow from and to, group by less, or raise limit.`,
    )
  return groups
}

builder.queryField('usage', (t) =>
  t.field({
    type: [UsageGroup],
    nullable: { list: true, items: false },
    description:
      'What requests to the inference service used, added up: by tenant, environment, key, model, day or hour. By nothing it is one group of all. To a tenant’s key it is that tenant’s.',
    args: {
      from: t.arg({ type: 'DateTime', required: true, description: 'Requests from this moment on.' }),
      to: t.arg({ type: 'DateTime', required: true, description: 'Requests before this moment.' }),
      groupBy: t.arg({
        type: [UsageDimension],
        required: true,
        defaultValue: [],
        description: 'What to tell apart by. By HOUR and DAY it is by hour.',
      }),
      filter: t.arg({ type: filterInput(UsageRecord), description: 'Which requests.' }),
      limit: t.arg.int({
        required: true,
        defaultValue: defaultGroups,
        description: `Groups at most, up to ${maximumGroups}; where there are more, the answer is an error and not cut.`,
      }),
    },
    resolve: (_root, args, context) => readUsage(context, args),
  }),
)
