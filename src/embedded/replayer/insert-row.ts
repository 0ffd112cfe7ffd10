import type { Client } from 'pg'

/**
 * Inserts a row by its columns' names, objects and lists as JSON; the columns of `moments` get the time of the clock.
 *
 * @returns its key, where that is a number of the database's own.
 */
export async function insertRow(
  client: Client,
  table: string,
  values: Readonly<Record<string, unknown>>,
  moments: readonly string[] = [],
): Promise<number> {
  const columns = Object.keys(values)
  const parameters = columns.map((_, index) => `$${index + 1}`)
  const statement = `INSERT INTO ${table} (${[...columns, ...moments].join(', ')})
    VALUES (${[...parameters, ...moments.map(() => "clock_timestamp() AT TIME ZONE 'UTC'")].join(', ')}) RETURNING *`
  const { rows } = await client.query(statement, Object.values(values).map(asParameter))
  return rows[0]?.id
}

const asParameter = (value: unknown) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value
