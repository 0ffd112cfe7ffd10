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

/** Lets each table's sequence go on after the ids that were inserted. */
export async function continueSequences(client: Client, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence($1, 'id'), greatest(max(id), 1), max(id) IS NOT NULL) FROM ${table}`,
      [table],
    )
  }
}
