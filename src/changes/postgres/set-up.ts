import { type Client, escapeLiteral } from 'pg'
import type { CaptureNames } from './capture-state.ts'
import { invalidationPrefix } from './transaction-reader.ts'

/**
 * Runs the statements that make a publication right. In the same transaction the tables that join it are declared
 * unknown, in the write-ahead log itself: what happened to them before is missing there, and whoever reads the log
 * learns so at the very place.
 */
export async function publish(
  client: Client,
  statements: readonly string[],
  tables: readonly string[],
): Promise<void> {
  await client.query('BEGIN')
  try {
    for (const statement of statements) await client.query(statement)
    await invalidate(client, tables, 'its changes were not published for a while')
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** Declares what is known of tables doubtful, at this place of the write-ahead log. */
export async function invalidate(client: Client, tables: readonly string[], reason: string): Promise<void> {
  for (const table of tables) {
    const content = escapeLiteral(JSON.stringify({ table, reason }))
    await client.query(
      `SELECT pg_logical_emit_message(true, ${escapeLiteral(invalidationPrefix)}, ${content})`,
    )
  }
}

/** Drops the slot; whoever reads it keeps it. */
export async function dropSlot(client: Client, slot: string): Promise<void> {
  await client.query(`SELECT pg_drop_replication_slot(${escapeLiteral(slot)})`)
}

/** Where the slot stands, and who reads it. */
export async function slotPosition(
  client: Client,
  { slot }: CaptureNames,
): Promise<SlotPosition | undefined> {
  const { rows } = await client.query<SlotPosition>(
    `SELECT confirmed_flush_lsn AS confirmed, active_pid AS pid FROM pg_replication_slots
     WHERE slot_name = ${escapeLiteral(slot)}`,
  )
  return rows[0]
}

export interface SlotPosition {
  readonly confirmed: string
  readonly pid: number | null
}
