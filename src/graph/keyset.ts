/**
 * Keyset pages in SQL: the rows strictly after a cursor, in a total order, by index and with LIMIT.
 *
 * Why not OFFSET: rows inserted or deleted before the page shift it, and rows are then skipped or repeated. Why not one
 * row comparison for everything: `(a, b) > (1, 2)` wants one direction for all terms and is never true for NULLs.
 *
 * The rows after a cursor are the disjoint union, for every prefix of the order, of the rows that equal the cursor in
 * the prefix and lie beyond it in the next term. Each part is a branch of its own (UNION ALL), so that an index can
 * serve each with its own LIMIT; where the tail of the order goes in one direction and no NULL can follow, the parts
 * of that tail collapse into one row comparison. The last term is the key, so the order is total.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Direction, Nulls } from './entity.ts'

/** One term of a total order. */
export interface OrderTerm {
  /** The expression that is compared, a column of the alias `t`. */
  readonly expression: Sql
  /** SQL type that the cursor's text is cast to. */
  readonly cast: string
  readonly direction: Direction
  readonly nulls: Nulls
  readonly nullable: boolean
}

/** The order's values in one row, as the database's text. */
export type KeysetPosition = readonly (string | null)[]

export interface PageQuery {
  readonly table: string
  readonly order: readonly OrderTerm[]
  /** Conditions on `t` that every row meets. */
  readonly where: readonly Sql[]
  readonly after?: KeysetPosition | undefined
  readonly before?: KeysetPosition | undefined
  /** Rows at most, in scan order. */
  readonly limit: number
  /** Scan from the end: the rows come last first. */
  readonly backward: boolean
}

const value = (text: string, term: OrderTerm) => sql`${text}::${raw(term.cast)}`

const equal = (term: OrderTerm, text: string | null) =>
  text === null ? sql`${term.expression} IS NULL` : sql`${term.expression} = ${value(text, term)}`

/** The same order from the other end. */
export const reversed = (order: readonly OrderTerm[]): OrderTerm[] =>
  order.map((term) => ({
    ...term,
    direction: term.direction === 'ASC' ? 'DESC' : 'ASC',
    nulls: term.nulls === 'FIRST' ? 'LAST' : 'FIRST',
  }))

/** Where one row comparison says it all: a value, no NULL after it, and the direction of the tail. */
const comparable = (term: OrderTerm, text: string | null | undefined, direction: Direction | undefined) =>
  typeof text === 'string' && term.direction === direction && !(term.nullable && term.nulls === 'LAST')

/** Conditions, disjoint and in scan order, whose union is the rows strictly after a position. */
export function branchesAfter(order: readonly OrderTerm[], position: KeysetPosition): Sql[] {
  const direction = order.at(-1)?.direction
  let tail = order.length
  while (tail > 0 && comparable(order[tail - 1] as OrderTerm, position[tail - 1], direction)) tail--
  const prefix = (length: number) =>
    order.slice(0, length).map((term, index) => equal(term, position[index] ?? null))
  const and = (parts: readonly Sql[]) => join(parts, ' AND ')

  const branches: Sql[] = []
  if (tail < order.length) {
    const terms = order.slice(tail)
    const left = join(terms.map((term) => term.expression))
    const right = join(terms.map((term, index) => value(position[tail + index] as string, term)))
    branches.push(and([...prefix(tail), sql`(${left}) ${raw(direction === 'ASC' ? '>' : '<')} (${right})`]))
  }
  for (let index = tail - 1; index >= 0; index--) {
    const term = order[index] as OrderTerm
    const text = position[index] ?? null
    const same = prefix(index)
    if (text === null) {
      if (term.nulls === 'FIRST') branches.push(and([...same, sql`${term.expression} IS NOT NULL`]))
      continue
    }
    branches.push(
      and([
        ...same,
        sql`${term.expression} ${raw(term.direction === 'ASC' ? '>' : '<')} ${value(text, term)}`,
      ]),
    )
    if (term.nullable && term.nulls === 'LAST') branches.push(and([...same, sql`${term.expression} IS NULL`]))
  }
  return branches
}

const orderClause = (order: readonly OrderTerm[], expression: (term: OrderTerm, index: number) => Sql) =>
  join(
    order.map(
      (term, index) =>
        sql`${expression(term, index)} ${raw(term.direction)}${raw(term.nullable ? ` NULLS ${term.nulls}` : '')}`,
    ),
  )

const output = (index: number) => raw(`k${index}`)
const or = (parts: readonly Sql[]) => (parts.length === 0 ? sql`FALSE` : sql`(${join(parts, ' OR ')})`)

/** A statement whose rows are the page's keysets in scan order: columns k0, k1, … as text. */
export function pageStatement({ table, order, where, after, before, limit, backward }: PageQuery): Sql {
  const scan = backward ? reversed(order) : order
  const [start, end] = backward ? [before, after] : [after, before]
  const bounds = end ? [...where, or(branchesAfter(reversed(scan), end))] : where
  const outputs = join(scan.map((term, index) => sql`${term.expression} AS ${output(index)}`))
  const branch = (conditions: readonly Sql[]) =>
    sql`SELECT ${outputs} FROM ${raw(`"${table}"`)} t${
      conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : raw('')
    } ORDER BY ${orderClause(scan, (term) => term.expression)} LIMIT ${limit}`

  const branches = start ? branchesAfter(scan, start) : []
  const inner = !start
    ? branch(bounds)
    : branches.length === 0
      ? branch([sql`FALSE`])
      : branches.length === 1
        ? branch([...bounds, ...branches])
        : join(
            branches.map((condition) => sql`(${branch([...bounds, condition])})`),
            ' UNION ALL ',
          )
  const texts = join(scan.map((_, index) => sql`p.${output(index)}::text AS ${output(index)}`))
  return sql`SELECT ${texts} FROM (${inner}) p ORDER BY ${orderClause(scan, (_, index) => sql`p.${output(index)}`)} LIMIT ${limit}`
}
