import sql, { raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from './context.ts'
import type { Entity } from './entity.ts'

/** A table of the schema that every source keeps its rows in, quoted. */
export const tableName = (table: string): Sql => raw(`"public"."${table}"`)

/** A column of an alias, quoted. */
export const columnOf = (alias: string, column: string): Sql => raw(`${alias}."${column}"`)

/** A list as one array parameter: `= ANY(…)` keeps the statement's text the same for any length. */
export const anyOf = (expression: Sql, values: readonly unknown[], cast: string): Sql =>
  sql`${expression} = ANY(${values}::${raw(cast)}[])`

/** An error as it is, but SQLSTATE class 22, a value that the column cannot hold, as BAD_INPUT. */
export function refusedValue(error: unknown): unknown {
  if (!(typeof error === 'object' && error !== null && 'code' in error && /^22/.test(String(error.code))))
    return error
  return new TributaryError('BAD_INPUT', `A value cannot be used: ${(error as unknown as Error).message}.`, {
    cause: error,
  })
}

/**
 * Runs one statement of our own in a source. Values travel as parameters.
 *
 * @throws TributaryError SOURCE_* when the source cannot answer; BAD_INPUT when it refuses a value.
 */
export async function rowsOf<T extends object>(
  context: Pick<GraphContext, 'source'>,
  source: string,
  statement: Sql,
): Promise<T[]> {
  const { pool } = context.source(source)
  try {
    const { rows } = await context
      .source(source)
      .guard(() => pool.query<T>({ text: statement.text, values: [...statement.values] }))
    return rows
  } catch (error) {
    throw refusedValue(error)
  }
}

/** The given columns, as far as the database has them: what a computed field selects. */
export const selectUsable = (
  context: GraphContext,
  entity: Entity,
  columns: readonly string[],
): Record<never, true> =>
  Object.fromEntries(
    columns
      .filter((name) => context.source(entity.source).usable(entity.table, name))
      .map((name) => [name, true]),
  )

/** @throws TributaryError SOURCE_MISMATCH when the database lacks one of the columns. */
export function requireColumns(context: GraphContext, entity: Entity, columns: readonly string[]): void {
  const source = context.source(entity.source)
  source.require(entity.table)
  for (const name of columns) source.require(entity.table, name)
}
