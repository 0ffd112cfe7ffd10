/**
 * One source's part of the feed, in one statement.
 *
 * The feed's order is (when it was asked for, else when it began; newest first, those without either before all others),
 * then the source's name, the key, the type's name. Each source scans only its own rows, so of a cursor's place only as
 * much counts as it shares with the cursor: a place in another source is one before or after all rows of the same
 * moment here. Keys of one source compare with each other (numbers as numbers, texts byte by byte); keys of two never
 * meet.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import {
  branchesAfter,
  type KeysetPosition,
  type OrderTerm,
  pageStatement,
  reversed,
} from '../graph/keyset.ts'
import { columnOf, tableName } from '../graph/statement.ts'
import { requireAnchor, rowRuleOf } from '../graph/visibility.ts'
import { ruleSql } from '../graph/visibility-sql.ts'
import { filterConditions, type JobFilter } from './feed-filter.ts'
import type { JobKind } from './job-kind.ts'
import { momentSql } from './moment-sql.ts'

/** Microseconds since 1970, the source's name, the key, the type's name: each as text. */
export type FeedPosition = KeysetPosition

export interface FeedPage {
  readonly filter: JobFilter
  readonly after: FeedPosition | undefined
  readonly before: FeedPosition | undefined
  readonly limit: number
  readonly backward: boolean
}

/** A job of a source's page. */
export interface FeedRow {
  readonly k0: string | null
  readonly k1: string
  readonly k2: string
  readonly k3: string
  /** The columns that were selected, as texts. */
  readonly row: Readonly<Record<string, string | null>> | null
}

/** The terms of the feed's order, by which cursors are signed. */
export const feedOrder = [
  { column: 'at', direction: 'DESC', nulls: 'FIRST', nullable: true, cast: 'numeric' },
  { column: 'source', direction: 'ASC', nulls: 'LAST', nullable: false, cast: 'text' },
  { column: 'key', direction: 'ASC', nulls: 'LAST', nullable: false, cast: 'text' },
  { column: 'type', direction: 'ASC', nulls: 'LAST', nullable: false, cast: 'text' },
].map((term) => ({ ...term, expression: raw(term.column) })) as readonly (OrderTerm & { column: string })[]

/** Whether an entity's keys are numbers. */
export const isNumbered = ({ columns, key }: Entity) => columns.get(key)?.kind.graphType === 'Int'

function orderOf(context: GraphContext, { entity, queuedAt, startedAt }: JobKind): OrderTerm[] {
  const moments = [queuedAt, startedAt].filter((column) => column !== undefined)
  const at = join(moments.map((column) => momentSql(context, entity, column)))
  requireAnchor(context, entity, entity.key)
  const key = columnOf('t', entity.key)
  const expressions = [
    sql`trunc(extract(epoch FROM coalesce(${at})) * 1000000)`,
    sql`${entity.source}::text`,
    isNumbered(entity) ? key : sql`${key} COLLATE "C"`,
    sql`${entity.name}::text`,
  ]
  return feedOrder.map((term, index) => ({
    ...term,
    expression: expressions[index] as Sql,
    cast: index === 2 && isNumbered(entity) ? 'integer' : term.cast,
  }))
}

/** The part of a place in the feed that a source's rows can be compared with. */
const comparable = (source: string, place: FeedPosition) => (place[1] === source ? 4 : 2)

function beyond(order: readonly OrderTerm[], source: string, place: FeedPosition): Sql {
  const length = comparable(source, place)
  const branches = branchesAfter(order.slice(0, length), place.slice(0, length))
  return branches.length === 0 ? sql`FALSE` : sql`(${join(branches, ' OR ')})`
}

/** What every listed row of a kind meets. */
export function listed(context: GraphContext, kind: JobKind, filter: JobFilter): Sql[] {
  const { entity } = kind
  return [
    ruleSql(context, entity, rowRuleOf(context, entity), 't'),
    kind.listed?.(),
    ...filterConditions(context, kind, filter),
  ].filter((condition) => condition !== undefined)
}

/**
 * The jobs of one source that a page may hold, in the order of the scan.
 *
 * @param columns the columns that are wanted of each kind.
 */
export function feedStatement(
  context: GraphContext,
  kinds: readonly JobKind[],
  { filter, after, before, limit, backward }: FeedPage,
  columns: (kind: JobKind) => readonly string[],
): Sql {
  const pages = kinds.map((kind) => {
    const { entity } = kind
    const order = orderOf(context, kind)
    const where = [
      ...listed(context, kind, filter),
      ...(after ? [beyond(order, entity.source, after)] : []),
      ...(before ? [beyond(reversed(order), entity.source, before)] : []),
    ]
    return sql`(${pageStatement({ table: entity.table, order, where, limit, backward })})`
  })
  const numbered = kinds.every(({ entity }) => isNumbered(entity))
  const direction = (forward: string, back: string) => raw(backward ? back : forward)
  const key = numbered ? sql`p.k2::integer` : sql`p.k2 COLLATE "C"`
  const merged = sql`SELECT * FROM (${join(pages, ' UNION ALL ')}) p ORDER BY p.k0::numeric ${direction('DESC NULLS FIRST', 'ASC NULLS LAST')}, ${key} ${direction('ASC', 'DESC')}, p.k3 ${direction('ASC', 'DESC')} LIMIT ${limit}`
  const rows = kinds.map((kind) => sql`WHEN ${kind.entity.name} THEN (${rowSql(kind.entity, columns(kind))})`)
  return sql`SELECT m.*, CASE m.k3 ${join(rows, ' ')} END AS "row" FROM (${merged}) m`
}

function rowSql({ table, key, columns }: Entity, wanted: readonly string[]): Sql {
  const outputs = [...new Set([key, ...wanted])].map((name) => sql`r.${raw(`"${name}"::text AS "${name}"`)}`)
  const cast = columns.get(key)?.kind.cast ?? 'text'
  return sql`SELECT to_jsonb(x) FROM (SELECT ${join(outputs)} FROM ${tableName(table)} r WHERE r.${raw(`"${key}"`)} = m.k2::${raw(cast)}) x`
}

/** How many jobs there are of each kind and status, in one statement a source. */
export function countStatement(context: GraphContext, kinds: readonly JobKind[], filter: JobFilter): Sql {
  return join(
    kinds.map((kind) => {
      const { entity, status } = kind
      requireAnchor(context, entity, status)
      const conditions = listed(context, kind, filter)
      const where = conditions.length > 0 ? sql`WHERE ${join(conditions, ' AND ')}` : raw('')
      return sql`SELECT ${entity.name}::text AS type, ${columnOf('t', status)}::text AS status, count(*)::text AS count FROM ${tableName(entity.table)} t ${where} GROUP BY 2`
    }),
    ' UNION ALL ',
  )
}
