import sql, { type Sql } from 'sql-template-tag'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { columnOf } from '../graph/statement.ts'
import { requireAnchor } from '../graph/visibility.ts'

/** A column of `t` that holds a moment, as one with its zone. */
export function momentSql(context: GraphContext, entity: Entity, column: string): Sql {
  requireAnchor(context, entity, column)
  const expression = columnOf('t', column)
  const isLocal = entity.columns.get(column)?.kind.cast === 'timestamp'
  return isLocal ? sql`(${expression} AT TIME ZONE ${context.source(entity.source).timeZone})` : expression
}
