import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { columnOf, rowsOf, tableName } from './statement.ts'
import type { Run } from './transaction.ts'
import { invalid } from './write-failure.ts'

/** Values by column; those that are undefined are left out. */
export type Values = Readonly<Record<string, unknown>>

/** This moment, as the platform's programs write it: UTC without zone. */
export const utcNow = sql`now() AT TIME ZONE 'UTC'`

const given = (values: Values) => Object.entries(values).filter(([, value]) => value !== undefined)
const quoted = (column: string) => raw(`"${column}"`)

/**
 * A key that no row has had, drawn before its row is made.
 *
 * @throws TributaryError SOURCE_MISMATCH where a row has it: whoever copied the rows left the sequence behind.
 */
export async function nextKey(context: GraphContext, entity: Entity): Promise<number> {
  const { source, table, key } = entity
  const [row] = await rowsOf<{ drawn: number | null; isTaken: boolean }>(
    context,
    source,
    sql`WITH next AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence(${`public.${table}`}, ${key}))::integer AS drawn)
      SELECT drawn, EXISTS (SELECT FROM ${tableName(table)} t WHERE ${columnOf('t', key)} = drawn) AS "isTaken"
      FROM next`,
  )
  if (row?.drawn != null && !row.isTaken) return row.drawn
  const message = `${source}: no sequence gives ${table}.${key} a new value; set it to what comes after the highest.`
  throw new TributaryError('SOURCE_MISMATCH', message, { extensions: { source } })
}

/** @returns whether the row is made; not where one has its key, or another value that is unique. */
export async function insertRow(run: Run, entity: Entity, values: Values): Promise<boolean> {
  const columns = given(values)
  const rows = await run(
    sql`INSERT INTO ${tableName(entity.table)} (${join(columns.map(([column]) => quoted(column)))})
      VALUES (${join(columns.map(([, value]) => value))}) ON CONFLICT DO NOTHING RETURNING ${quoted(entity.key)}`,
  )
  return rows.length === 1
}

/** @param where a further condition on the row `t`. @returns whether it held. */
export async function updateRow(
  run: Run,
  entity: Entity,
  { key, values, where = sql`TRUE` }: { key: RowKey | null; values: Values; where?: Sql },
): Promise<boolean> {
  const assignments = given(values).map(([column, value]) => sql`${quoted(column)} = ${value}`)
  const rows = await run(
    sql`UPDATE ${tableName(entity.table)} t SET ${join(assignments)}
      WHERE ${columnOf('t', entity.key)} = ${key} AND ${where} RETURNING ${columnOf('t', entity.key)}`,
  )
  return rows.length === 1
}

export async function hasRow(run: Run, entity: Entity, key: RowKey): Promise<boolean> {
  const rows = await run(
    sql`SELECT FROM ${tableName(entity.table)} t WHERE ${columnOf('t', entity.key)} = ${key}`,
  )
  return rows.length === 1
}

/** Refuses an input that asks for nothing. */
export function requireChange(values: Values): void {
  if (given(values).length === 0) throw invalid('input', 'Nothing is said to be changed.')
}
