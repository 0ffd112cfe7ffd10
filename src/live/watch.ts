import type { Sql } from 'sql-template-tag'
import { rowsRule } from '../auth/policy.ts'
import type { ColumnValues } from '../changes/change.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { storableText } from '../graph/column.ts'
import type { GraphContext } from '../graph/context.ts'
import { type Entity, entityNamed, findEntity, type RowKey } from '../graph/entity.ts'
import type { FilterValue } from '../graph/filter-input.ts'
import { decodeId } from '../graph/global-id.ts'

/**
 * Rows of one entity that a subscription watches: one, those of a parent, or those that a filter holds for. A null key
 * is one that no row can have.
 */
export type Watch = {
  readonly entity: Entity
  /** Rows at most that the snapshot tells of. */
  readonly limit: number
} & (
  | { readonly by: 'key'; readonly key: RowKey | null }
  | { readonly by: 'parent'; readonly column: string; readonly parent: Entity; readonly key: RowKey | null }
  | {
      readonly by: 'filter'
      readonly filter: FilterValue | undefined
      /** A further condition, of those whose filter is not the entity's own. */
      readonly condition?: WatchCondition
    }
)

/** A condition on an entity's rows. */
export interface WatchCondition {
  /** As SQL on `t`. */
  readonly sql: (context: GraphContext) => Sql | undefined
  /** On a row's texts; undefined where they do not tell. */
  readonly holds: (values: ColumnValues) => boolean | undefined
}

/** Rows that a snapshot tells of at most. */
export const maximumSnapshot = 1_000
/** Rows that a snapshot tells of where the caller names no number. */
export const defaultSnapshot = 100

/** @throws TributaryError PAGE_SIZE for a number of rows that no snapshot has. */
export function snapshotSize(name: string, size: number | null | undefined): number {
  const rows = size ?? defaultSnapshot
  if (rows < 0 || rows > maximumSnapshot)
    throw new TributaryError('PAGE_SIZE', `${name} is ${rows}; a snapshot has 0 to ${maximumSnapshot} rows.`)
  return rows
}

/**
 * The key that an argument names, by the row's id in the graph or by its key in the database.
 *
 * @throws TributaryError BAD_ID for what is neither.
 */
export function keyNamed(entity: Entity, argument: string): RowKey | null {
  const name = /^(\w+):/.exec(Buffer.from(argument, 'base64').toString())?.[1]
  if (name !== undefined && findEntity(name)) {
    const { entity: found, key } = decodeId(argument)
    if (found !== entity)
      throw new TributaryError('BAD_ID', `This is the id of a ${found.name}, not of a ${entity.name}.`)
    return key
  }
  const key = entity.columns.get(entity.key)?.kind.key(storableText(argument, 'id'))
  if (key === undefined)
    throw new TributaryError(
      'BAD_ID',
      `"${argument.slice(0, 60)}" is neither an id nor a key of a ${entity.name}.`,
    )
  return key
}

/** Where an entity's rows are watched below another's: who sees that one sees them, and nobody else. */
export function watchedBelow(entity: Entity, relation: string): { column: string; parent: Entity } {
  const declared = entity.relations.get(relation)
  const rule = rowsRule(entity.name)
  if (!declared || declared.references || rule.kind !== 'through' || rule.relation !== relation)
    throw new Error(`${entity.name} is watched below ${relation}, by which its rows are not seen.`)
  return { column: declared.by, parent: entityNamed(declared.to) }
}
