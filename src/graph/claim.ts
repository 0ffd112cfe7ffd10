import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { GraphContext } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { columnOf, tableName } from './statement.ts'
import type { Run } from './transaction.ts'
import { rowRuleOf } from './visibility.ts'
import { ruleSql } from './visibility-sql.ts'
import { NotFound, notPermitted, Refused } from './write-failure.ts'

/**
 * How fast a row is held: KEY SHARE keeps it from being deleted, NO KEY UPDATE from being changed, UPDATE also from
 * being named by new rows.
 */
export type Lock = 'KEY SHARE' | 'NO KEY UPDATE' | 'UPDATE'

export interface Claim<Column extends string> {
  readonly entity: Entity
  /** Null where no row can have it. */
  readonly key: RowKey | null
  readonly lock: Lock
  /** Who may, as a condition on the row `t`; whoever sees it by default. */
  readonly may?: Sql
  /** What is wanted of the row. */
  readonly columns?: readonly Column[]
}

/**
 * Locks a row until the transaction ends, and tells of it what is true from then on.
 *
 * @throws Refused NotFound when the viewer sees no such row, NotPermitted when it is seen and may not be changed.
 */
export async function claim<Column extends string = never>(
  run: Run,
  context: GraphContext,
  { entity, key, lock, may = sql`TRUE`, columns = [] }: Claim<Column>,
): Promise<Record<Column, unknown>> {
  const seen = ruleSql(context, entity, rowRuleOf(context, entity), 't') ?? sql`TRUE`
  const wanted = columns.map((column) => sql`, ${columnOf('t', column)}`)
  const rows =
    key === null
      ? []
      : await run<Record<Column, unknown> & { mayChange: boolean }>(
          sql`SELECT (${may}) IS TRUE AS "mayChange"${wanted.length > 0 ? join(wanted, '') : sql``}
            FROM ${tableName(entity.table)} t WHERE ${columnOf('t', entity.key)} = ${key} AND ${seen}
            FOR ${raw(lock)} OF t`,
        )
  if (!rows[0]) throw new Refused(NotFound, `There is no such ${entity.name}.`)
  const { mayChange, ...row } = rows[0]
  if (!mayChange) throw notPermitted(`This ${entity.name} is not yours to change.`)
  return row as unknown as Record<Column, unknown>
}
