/**
 * Conditions over edges into other databases.
 *
 * No statement reaches over two databases, so such a condition is asked in the far one first, for the keys that meet it
 * under the viewer's own sight there; in the near one it is then a list of keys. The list is bounded: a filter that half
 * of the far rows meet is refused, never cut, since a page of a cut list would look like the truth. Conditions on the
 * way back, and further ones, are asked from the inside out; those beside each other at the same time.
 */
import sql, { join, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from './context.ts'
import { type Entity, entityNamed, type RowKey } from './entity.ts'
import { filterCondition } from './filter-condition.ts'
import type { FilterValue } from './filter-input.ts'
import { type FilterLink, linkNamed } from './filter-links.ts'
import { columnOf, rowsOf, tableName } from './statement.ts'
import { requireAnchor, rowRuleOf } from './visibility.ts'
import { ruleSql } from './visibility-sql.ts'

/** Keys at most that a condition over an edge may come to. */
export const maximumEdgeKeys = 10_000
/** Conditions over edges at most in one filter: each is a statement. */
const maximumEdges = 10

/** What the conditions over edges came to. One condition, as a variable, may stand below several edges. */
export type EdgeKeys = ReadonlyMap<FilterLink, ReadonlyMap<FilterValue, readonly RowKey[]>>

/**
 * Asks the far databases for the keys that the filter's conditions over edges come to.
 *
 * @throws TributaryError FILTER_TOO_BROAD; BAD_INPUT; SOURCE_* when a far database cannot answer.
 */
export async function resolveEdges(
  context: GraphContext,
  entity: Entity,
  filter: FilterValue | null | undefined,
): Promise<EdgeKeys> {
  const resolver = new EdgeResolver(context)
  if (filter) await resolver.resolve(entity, filter)
  return resolver.keys
}

class EdgeResolver {
  readonly keys = new Map<FilterLink, Map<FilterValue, readonly RowKey[]>>()
  readonly #context: GraphContext
  #edges = 0

  constructor(context: GraphContext) {
    this.#context = context
  }

  async resolve(entity: Entity, filter: FilterValue): Promise<void> {
    await Promise.all(
      Object.entries(filter).map(async ([name, value]) => {
        if (value == null) return
        if (name === 'and' || name === 'or')
          await Promise.all(
            (value as readonly (FilterValue | null)[]).map((part) => part && this.resolve(entity, part)),
          )
        else if (name === 'not') await this.resolve(entity, value as FilterValue)
        else {
          const link = linkNamed(entity, name)
          if (link) await this.#follow(entity, name, link, value as FilterValue)
        }
      }),
    )
  }

  async #follow(entity: Entity, name: string, link: FilterLink, value: FilterValue): Promise<void> {
    const conditions = link.many ? [value.some, value.none] : [value]
    for (const condition of conditions as readonly (FilterValue | null | undefined)[]) {
      if (condition == null) continue
      await this.resolve(link.far, condition)
      if (!link.crosses) continue
      const keys = await this.#ask(`${entity.name}.${name}`, link, condition)
      this.keys.set(link, (this.keys.get(link) ?? new Map()).set(condition, keys))
    }
  }

  async #ask(where: string, link: FilterLink, condition: FilterValue): Promise<readonly RowKey[]> {
    if (++this.#edges > maximumEdges)
      throw new TributaryError(
        'BAD_INPUT',
        `The filter has more than ${maximumEdges} conditions over other databases.`,
      )
    const { far } = link
    const rule = rowRuleOf(this.#context, far)
    if (rule.kind === 'never') return []
    requireAnchor(this.#context, far, link.farColumn)
    const key = columnOf('t', link.farColumn)
    const conditions = [
      sql`${key} IS NOT NULL`,
      ruleSql(this.#context, far, rule, 't'),
      filterCondition(this.#context, far, condition, this.keys),
    ].filter((part): part is Sql => part !== undefined)
    const rows = await rowsOf<{ key: RowKey }>(
      this.#context,
      far.source,
      sql`SELECT DISTINCT ${key} AS key FROM ${tableName(far.table)} t WHERE ${join(conditions, ' AND ')} LIMIT ${maximumEdgeKeys + 1}`,
    )
    if (rows.length > maximumEdgeKeys)
      throw new TributaryError(
        'FILTER_TOO_BROAD',
        `More than ${maximumEdgeKeys} rows of ${entityNamed(far.name).plural} in ${far.source} meet the condition on ${where}. Narrow it.`,
      )
    return rows.map((row) => row.key)
  }
}
