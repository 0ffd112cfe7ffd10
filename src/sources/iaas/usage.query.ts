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
import { requestedFields } from '../../graph/requested-fields.ts'
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

const sumOf = (column: string) => ({
  column,
  expression: sql`coalesce(sum(${columnOf('t', column)}), 0)::text`,
})

const latencyOf = (share: number) => ({
  column: 'latency_ms',
  expression: sql`percentile_cont(${raw(String(share))}) WITHIN GROUP (ORDER BY t.latency_ms)`,
})

/** What is told of a group by one column of its records. Only what is asked for, and is there, is read. */
const figures = {
  promptTokens: sumOf('prompt_tokens'),
  completionTokens: sumOf('completion_tokens'),
  totalTokens: sumOf('total_tokens'),
  cachedTokens: sumOf('cached_tokens'),
  costMicrodollars: sumOf('cost_microdollars'),
  latencyP50Ms: latencyOf(0.5),
  latencyP95Ms: latencyOf(0.95),
}

type Figure = keyof typeof figures

interface Group extends Readonly<Partial<Record<Figure, string | number | null>>> {
  readonly tenant_id?: string | null
  readonly environment_id?: string | null
  readonly api_key_id?: string | null
  readonly model_id?: string | null
  readonly start?: string | null
  readonly requests: string
}

const UsageGroup = builder.objectRef<Group>('UsageGroup').implement({
  description: 'What the requests of one group used together.',
  fields: (t) => {
    const figure = (name: Figure, group: Group, context: GraphContext) => {
      requireColumns(context, UsageRecord, [figures[name].column])
      return group[name]
    }
    const sum = (name: Figure, description: string) =>
      t.field({
        type: 'BigInt',
        nullable: false,
        description,
        resolve: (group, _args, context) => figure(name, group, context) as string,
      })
    const latency = (name: Figure, description: string) =>
      t.float({
        nullable: true,
        description,
        resolve: (group, _args, context) => figure(name, group, context) as number | null,
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
      requests: t.field({
        type: 'BigInt',
        nullable: false,
        description: 'How many requests.',
        resolve: ({ requests }) => requests,
      }),
      promptTokens: sum('promptTokens', 'Tokens taken in.'),
      completionTokens: sum('completionTokens', 'Tokens given out.'),
      totalTokens: sum('totalTokens', 'Both together.'),
      cachedTokens: sum('cachedTokens', 'Of those taken in, what was still at hand.'),
      costMicrodollars: sum('costMicrodollars', 'What they cost, in millionths of a US dollar, exactly.'),
      latencyP50Ms: latency(
        'latencyP50Ms',
        'The time that half of them took at most, in milliseconds; null where none was noted.',
      ),
      latencyP95Ms: latency('latencyP95Ms', 'The time that 95 % of them took at most, in milliseconds.'),
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

interface UsageQuery extends UsageArguments {
  readonly figures: readonly Figure[]
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

function statementOf(query: UsageQuery, conditions: readonly Sql[]): Sql {
  const dimensions = dimensionsOf(query.groupBy)
  const names = [...dimensions.keys()].map((name) => raw(`"${name}"`))
  const outputs = [...dimensions].map(([name, expression]) => sql`${expression} AS ${raw(`"${name}"`)}`)
  const groups = sql`SELECT ${join([
    ...outputs,
    sql`count(*)::text AS requests`,
    ...query.figures.map((name) => sql`${figures[name].expression} AS ${raw(`"${name}"`)}`),
  ])} FROM ${tableName(UsageRecord.table)} t WHERE ${join(conditions, ' AND ')}`
  if (names.length === 0) return groups
  const texts = [...dimensions.keys()].map((name) => raw(`g."${name}"::text AS "${name}"`))
  const told = ['requests', ...query.figures].map((name) => raw(`g."${name}"`))
  const positions = join(names.map((_, index) => raw(String(index + 1))))
  const first = dimensions.has('start') ? [raw('g.start')] : []
  const order = join([...first, ...names.map((name) => sql`g.${name}`)])
  return sql`SELECT ${join([...texts, ...told])} FROM (${groups} GROUP BY ${positions} LIMIT ${query.limit + 1}) g ORDER BY ${order}`
}

async function readUsage(context: GraphContext, args: UsageQuery): Promise<Group[]> {
  if (args.limit < 1 || args.limit > maximumGroups)
    throw new TributaryError('PAGE_SIZE', `limit is ${args.limit}; usage has 1 to ${maximumGroups} groups.`)
  if (args.from >= args.to) throw new TributaryError('BAD_INPUT', 'from has to be before to.')
  requireColumns(context, UsageRecord, [
    'timestamp',
    'tenant_id',
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
    resolve: (_root, args, context, info) => {
      const requested = requestedFields(info)
      const wanted = (Object.keys(figures) as Figure[]).filter(
        (name) =>
          requested.has(name) &&
          context.source(UsageRecord.source).usable(UsageRecord.table, figures[name].column),
      )
      return readUsage(context, { ...args, figures: wanted })
    },
  }),
)
