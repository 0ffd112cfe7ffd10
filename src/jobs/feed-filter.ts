import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import { builder } from '../graph/builder.ts'
import type { GraphContext } from '../graph/context.ts'
import { upperCase } from '../graph/entity.ts'
import { enumeration, UNKNOWN } from '../graph/enumeration.ts'
import { enumerationFilter, type FilterValue, scalarFilter } from '../graph/filter-input.ts'
import { columnOf } from '../graph/statement.ts'
import { requireAnchor } from '../graph/visibility.ts'
import './kinds.ts'
import { type JobKind, jobKinds } from './job-kind.ts'
import { JobState } from './job-state.ts'
import { momentSql } from './moment-sql.ts'

const JobType = enumeration(
  'JobType',
  'The types of jobs there are.',
  Object.fromEntries(
    jobKinds().map(({ entity }) => [
      upperCase(entity.name),
      { stored: entity.name, description: entity.description },
    ]),
  ),
)

/** Which jobs of the feed. */
export type JobFilter = Readonly<
  Partial<
    Record<
      'state' | 'type' | 'source' | 'queuedAt' | 'startedAt' | 'finishedAt',
      FilterValue | null | undefined
    >
  >
>

export const JobFilterInput = builder.inputRef<JobFilter>('JobFilter').implement({
  description: 'Which jobs; all conditions that are given must hold.',
  fields: (t) => ({
    state: t.field({ type: enumerationFilter(JobState), description: 'How far they have come.' }),
    type: t.field({ type: enumerationFilter(JobType), description: 'What they are.' }),
    source: t.field({ type: scalarFilter('String'), description: 'The database that they lie in.' }),
    queuedAt: t.field({ type: scalarFilter('DateTime'), description: 'When they were asked for.' }),
    startedAt: t.field({ type: scalarFilter('DateTime'), description: 'When they began.' }),
    finishedAt: t.field({ type: scalarFilter('DateTime'), description: 'When they ended.' }),
  }),
})

/** Whether a text, or the lack of one, meets all operators of a filter. */
function meets(filter: FilterValue | null | undefined, value: string | null): boolean {
  return Object.entries(filter ?? {}).every(([operator, operand]) => {
    if (operand == null) return true
    const list = [operand].flat() as unknown[]
    const plain = (text: unknown) => (filter?.ignoreCase ? String(text).toLowerCase() : String(text))
    const text = plain(value ?? '')
    switch (operator) {
      case 'eq':
      case 'in':
        return value !== null && list.includes(value)
      case 'ne':
      case 'notIn':
        return value === null || !list.includes(value)
      case 'isNull':
        return (value === null) === operand
      case 'startsWith':
        return text.startsWith(plain(operand))
      case 'endsWith':
        return text.endsWith(plain(operand))
      case 'contains':
        return text.includes(plain(operand))
      case 'ignoreCase':
        return true
      default:
        throw new TributaryError('BAD_INPUT', `source cannot be compared by ${operator}.`)
    }
  })
}

/** Whether a filter leaves anything of a kind. */
export const mayHold = ({ entity }: JobKind, { type, source }: JobFilter): boolean =>
  meets(type, upperCase(entity.name)) && meets(source, entity.source)

/** Whether a job of a kind that may hold, with its status at hand, is of a state that the filter asks for. */
export const stateHolds = (state: string | null, filter: JobFilter): boolean => meets(filter.state, state)

/** What is left of a filter to be asked of a kind's rows: conditions on `t`. */
export function filterConditions(context: GraphContext, kind: JobKind, filter: JobFilter): Sql[] {
  const { entity, queuedAt, startedAt, finishedAt } = kind
  const moments = { queuedAt, startedAt, finishedAt }
  return [
    ...(filter.state ? [stateCondition(context, kind, filter)] : []),
    ...Object.entries(moments).flatMap(([name, columns]) => {
      const operators = filter[name as keyof typeof moments]
      if (!operators) return []
      const expressions = [columns ?? []].flat().map((column) => momentSql(context, entity, column))
      const expression =
        expressions.length === 0 ? sql`NULL::timestamptz` : sql`coalesce(${join(expressions)})`
      return momentConditions(expression, operators, name)
    }),
  ]
}

function stateCondition(context: GraphContext, { entity, status, states }: JobKind, filter: JobFilter): Sql {
  requireAnchor(context, entity, status)
  const text = sql`${columnOf('t', status)}::text`
  const wanted = Object.entries(states).flatMap(([state, texts]) =>
    stateHolds(state, filter) ? [...texts] : [],
  )
  const parts = [sql`${text} = ANY(${wanted}::text[])`]
  if (stateHolds(UNKNOWN, filter)) parts.push(sql`${text} <> ALL(${Object.values(states).flat()}::text[])`)
  if (stateHolds(null, filter)) parts.push(sql`${text} IS NULL`)
  return sql`(${join(parts, ' OR ')})`
}

const comparisons = { eq: '=', ne: 'IS DISTINCT FROM', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

function momentConditions(expression: Sql, operators: FilterValue, name: string): Sql[] {
  return Object.entries(operators).flatMap(([operator, operand]) => {
    if (operand === undefined) return []
    if (operand === null)
      throw new TributaryError('BAD_INPUT', `${name}.${operator} is null; say isNull: true, or leave it out.`)
    if (operator === 'isNull') return sql`${expression} IS ${raw(operand ? 'NULL' : 'NOT NULL')}`
    const among = sql`${expression} = ANY(${[operand].flat()}::timestamptz[])`
    if (operator === 'in') return among
    if (operator === 'notIn') return sql`(${among}) IS NOT TRUE`
    return sql`${expression} ${raw(comparisons[operator as keyof typeof comparisons])} ${operand}::timestamptz`
  })
}
