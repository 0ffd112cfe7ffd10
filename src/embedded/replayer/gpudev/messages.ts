import type { Client } from 'pg'
import { inTransaction } from '../in-transaction.ts'
import { noted } from './history.ts'

/** What a message changes for the one who plays. */
export interface Taken {
  readonly id: string
  /** Hours that a new reservation was asked for. */
  readonly hours?: number
  /** Hours by which one was extended. */
  readonly more?: number
}

type Message = Readonly<Record<string, unknown>>

/** Seconds for which a message is hidden from others who read. */
const hiddenSeconds = 30
const mostAtOnce = 10

/** Takes what waits on both queues: each message with what it does to the rows is one transaction. */
export async function takeMessages(client: Client): Promise<Taken[]> {
  const taken: Taken[] = []
  for (const [queue, handle] of [
    ['gpu_reservations', onReservation],
    ['disk_operations', onDisk],
  ] as const) {
    const { rows } = await client.query<{ msg_id: string; message: Message }>(
      'SELECT msg_id, message FROM pgmq.read($1, $2, $3)',
      [queue, hiddenSeconds, mostAtOnce],
    )
    for (const { msg_id: id, message } of rows)
      await inTransaction(client, async () => {
        const effect = await handle(client, message)
        if (effect) taken.push(effect)
        await client.query('SELECT pgmq.archive($1, $2::bigint)', [queue, id])
      })
  }
  return taken
}

async function onReservation(client: Client, message: Message): Promise<Taken | undefined> {
  const id = String(message.reservation_id)
  const change = async (assignments: string, statuses: readonly string[], ...values: unknown[]) => {
    const { rowCount } = await client.query(
      `UPDATE reservations SET ${assignments}
       WHERE reservation_id = $1 AND user_id IN ($2::text, (SELECT user_id::text FROM api_users WHERE username = $2::text))
         AND status = ANY($3)`,
      [id, message.user_id, statuses, ...values],
    )
    return rowCount === 1
  }
  switch (message.action) {
    case 'create_reservation': {
      await create(client, message)
      return { id, hours: Number(message.duration_hours) }
    }
    case 'cancel': {
      const values = 'cancelled_at = clock_timestamp(), reservation_ended = clock_timestamp()'
      const ended = `status = 'cancelled', current_detailed_status = NULL, ${values}, ${noted("'cancelled'")}`
      await change(ended, ['active', 'queued', 'pending', 'preparing'])
      await client.query('UPDATE disks SET in_use = false, reservation_id = NULL WHERE reservation_id = $1', [
        id,
      ])
      return undefined
    }
    case 'extend': {
      // The original fails the reservation of a message that does not say its version.
      if (typeof message.version !== 'string') {
        const values = `failure_reason = 'Version mismatch', failed_at = clock_timestamp()`
        await change(`status = 'failed', ${values}, ${noted("'failed'")}`, ['active', 'preparing'])
        return undefined
      }
      const hours = Number(message.extension_hours)
      const isExtended = await change(
        `duration_hours = duration_hours + $4::float8,
         expires_at = expires_at + make_interval(secs => $4::float8 * 3600),
         warning = NULL, warnings_sent = '{}'`,
        ['active', 'preparing'],
        hours,
      )
      return isExtended ? { id, more: hours } : undefined
    }
    case 'enable_jupyter':
      await change('jupyter_enabled = true, jupyter_port = coalesce(jupyter_port, 8888)', ['active'])
      return undefined
    case 'disable_jupyter':
      await change('jupyter_enabled = false, jupyter_port = NULL, jupyter_url = NULL', ['active'])
      return undefined
    case 'add_user':
      await change(
        `secondary_users = coalesce(secondary_users, '[]') || to_jsonb($4::text)`,
        ['active'],
        message.github_username,
      )
      return undefined
    default:
      return undefined
  }
}

async function create(client: Client, message: Message): Promise<void> {
  const { rowCount } = await client.query(
    `INSERT INTO reservations (reservation_id, user_id, status, gpu_type, gpu_count, instance_type, duration_hours,
       created_at, name, github_user, jupyter_enabled, disk_name, cli_version, current_detailed_status)
     SELECT m.reservation_id, m.user_id, 'pending', m.gpu_type, m.gpu_count,
       coalesce(m.instance_type, (SELECT instance_type FROM gpu_types t WHERE t.gpu_type = m.gpu_type)),
       m.duration_hours, clock_timestamp(), m.name, nullif(m.github_user, ''), m.jupyter_enabled, m.disk_name,
       $1::jsonb->>'version', 'Reservation request received'
     FROM jsonb_populate_record(NULL::reservations, $1) m
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(message)],
  )
  // A message that was sent twice makes one row.
  if (rowCount === 0) return
  await client.query(`UPDATE reservations SET ${noted("'pending'")} WHERE reservation_id = $1`, [
    message.reservation_id,
  ])
}

async function onDisk(client: Client, message: Message): Promise<undefined> {
  const { user_id: user, disk_name: name, operation_id: operation } = message
  if (message.action === 'create_disk')
    await client.query(
      `INSERT INTO disks (user_id, disk_name, size_gb, operation_id, operation_status)
       VALUES ($1, $2, $3, $4, 'completed') ON CONFLICT DO NOTHING`,
      [user, name, message.size_gb ?? 100, operation],
    )
  if (message.action === 'delete_disk')
    await client.query(
      `UPDATE disks SET operation_id = $3,
         operation_status = CASE WHEN in_use THEN 'failed' ELSE 'completed' END,
         operation_error = CASE WHEN in_use THEN 'The disk is in use' END,
         is_deleted = NOT in_use, delete_date = CASE WHEN NOT in_use THEN $4::date END
       WHERE user_id = $1 AND disk_name = $2 AND is_deleted IS NOT TRUE`,
      [user, name, operation, message.delete_date],
    )
}
