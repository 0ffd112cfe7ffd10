import type { Client } from 'pg'

const endedKept = 200
const archivedKept = 500

/** What the service's own count of free GPUs says. */
export async function countAvailability(client: Client): Promise<void> {
  await client.query(
    `UPDATE gpu_types t SET available_gpus = c.free, max_reservable = least(c.free, 2 * t.max_gpus),
       full_nodes_available = CASE WHEN t.max_gpus = 0 THEN 0 ELSE c.free / t.max_gpus END,
       last_availability_update = clock_timestamp(), last_availability_updated_by = 'availability-updater'
     FROM (SELECT k.gpu_type, greatest(0, k.total_cluster_gpus - coalesce(sum(r.gpu_count), 0)::int) AS free
       FROM gpu_types k LEFT JOIN reservations r ON r.gpu_type = k.gpu_type AND r.status IN ('active', 'preparing')
       GROUP BY k.gpu_type) c
     WHERE c.gpu_type = t.gpu_type`,
  )
}

/** Deletes the oldest of what people who are played asked for, past the newest few hundred, and their messages. */
export async function clearAway(client: Client): Promise<void> {
  await client.query(
    `DELETE FROM reservations WHERE reservation_id IN (
       SELECT reservation_id FROM reservations
       WHERE name ~ '^replay-\\d{1,9}$' AND status IN ('expired', 'failed', 'cancelled')
       ORDER BY created_at DESC OFFSET $1)`,
    [endedKept],
  )
  for (const queue of ['gpu_reservations', 'disk_operations'])
    await client.query(
      `DELETE FROM pgmq.a_${queue} WHERE msg_id <= (SELECT max(msg_id) FROM pgmq.a_${queue}) - $1`,
      [archivedKept],
    )
}
