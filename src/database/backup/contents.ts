import { escapeIdentifier } from 'pg'
import type { OperatorClient } from '../operator-client.ts'

/** Schemas that Tributary makes tables in. */
const schemas = ['public', 'tributary']

/** The tables of a database that Tributary may have made, as `schema.table`. */
export async function tablesOf(client: OperatorClient): Promise<{ schema: string; table: string }[]> {
  const rows = await client.query<{ schema: string; table: string }>(
    `SELECT schemaname AS schema, tablename AS table FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1, 2`,
    [schemas],
  )
  return [...rows]
}

/** Rows by table, as text: they may be more than a number holds. */
export async function countRows(client: OperatorClient): Promise<Record<string, string>> {
  const counts: Record<string, string> = {}
  for (const { schema, table } of await tablesOf(client)) {
    const name = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`
    const [row] = await client.query<{ count: string }>(`SELECT count(*)::text AS count FROM ${name}`)
    counts[`${schema}.${table}`] = row?.count ?? '0'
  }
  return counts
}

/** Whether Tributary made what is in a database: it bears the table in which migrations are noted. */
export async function isOurs(client: OperatorClient): Promise<boolean> {
  const [row] = await client.query<{ ours: boolean }>(
    `SELECT coalesce(to_regclass('public.tributary_migrations'), to_regclass('tributary.tributary_migrations'))
       IS NOT NULL AS ours`,
  )
  return row?.ours ?? false
}
