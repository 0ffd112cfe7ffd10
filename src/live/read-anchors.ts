import sql, { join, raw } from 'sql-template-tag'
import type { ColumnValues } from '../changes/change.ts'
import type { GraphContext } from '../graph/context.ts'
import { anyOf, columnOf, rowsOf, tableName } from '../graph/statement.ts'
import type { ReadAnchors } from './anchors.ts'

/**
 * Reads the rows that decide about others, whoever looks.
 *
 * @param run runs work as part of no request.
 */
export const anchorReader =
  (context: Pick<GraphContext, 'source'>, run: <T>(work: () => Promise<T>) => Promise<T>): ReadAnchors =>
  (entity, which, columns) => {
    const source = context.source(entity.source)
    for (const name of columns) source.require(entity.table, name)
    const texts = columns.map((name) => sql`${columnOf('t', name)}::text AS ${raw(`"${name}"`)}`)
    const some =
      'limit' in which
        ? sql`LIMIT ${which.limit}`
        : sql`WHERE ${anyOf(columnOf('t', which.column), which.values, entity.columns.get(which.column)?.kind.cast ?? 'text')}`
    const statement = sql`SELECT ${join(texts)} FROM ${tableName(entity.table)} t ${some}`
    return run(() => rowsOf<ColumnValues>(context, entity.source, statement))
  }
