import type { Client } from 'pg'

/**
 * A row by its columns' names. Numbers that JSON lacks are written as the text that Postgres reads: 'NaN',
 * 'Infinity'.
 */
export type Row = Readonly<Record<string, unknown>>

const rowsPerStatement = 5_000

/** Inserts rows that all have the columns of the first. */
export async function insert(client: Client, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ')
  const statement = `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1)`
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await client.query(statement, [JSON.stringify(rows.slice(start, start + rowsPerStatement))])
  }
}

/** Lets the sequence of each table's first column, where it has one, go on after the numbers that were inserted. */
export async function continueSequences(client: Client, tables: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `SELECT t.name AS table, a.attname AS column, pg_get_serial_sequence(t.name, a.attname) AS sequence
     FROM unnest($1::text[]) t(name) JOIN pg_attribute a ON a.attrelid = t.name::regclass AND a.attnum = 1
     WHERE pg_get_serial_sequence(t.name, a.attname) IS NOT NULL`,
    [tables],
  )
  for (const { table, column, sequence } of rows)
    await client.query(
      `SELECT setval($1, greatest(max(${column}), 1), max(${column}) IS NOT NULL) FROM ${table}`,
      [sequence],
    )
}
