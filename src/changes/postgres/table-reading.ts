import { escapeIdentifier } from 'pg'
import type { ReadTable, TableReading } from '../remembering-writer.ts'
import type { Ask } from './capture-state.ts'
import { parseLsn } from './lsn.ts'

/**
 * Reads rows by their texts, the newest of a table. One statement sees one snapshot, and the place in the write-ahead
 * log that is told with it is past whatever that sees; of a standby nothing is read, which may be behind the log.
 *
 * @param keys the columns of the table's key, of which there may be but one.
 */
export const tableReader =
  (ask: Ask, keys: readonly string[]): ReadTable =>
  async ({ table, columns, limit }): Promise<TableReading> => {
    const [column, ...others] = keys
    if (column === undefined || others.length > 0) throw new Error('its key is not of one column')
    const key = escapeIdentifier(column)
    const texts = columns.map((name) => `${escapeIdentifier(name)}::text`)
    const rows = await ask<{ place: string | null; key: string | null; texts: (string | null)[] }>(
      `SELECT p.place, r.key, r.texts
       FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END AS place) p
       LEFT JOIN (SELECT ${key}::text AS key, ARRAY[${texts.join()}]::text[] AS texts
         FROM public.${escapeIdentifier(table)} ORDER BY ${key} DESC LIMIT ${limit}) r ON true`,
    )
    const place = rows[0]?.place
    if (place == null) throw new Error('the database is a standby')
    return {
      table,
      horizon: parseLsn(place),
      rows: rows.flatMap(({ key, texts }) => (key === null ? [] : [[key, texts] as const])).reverse(),
    }
  }
