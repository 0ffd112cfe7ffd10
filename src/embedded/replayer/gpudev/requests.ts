import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'

/** How the requests of people who are played are marked, each with its number in the plan. */
const mark = 'replay-'

/** The highest number that was asked for so far; what waits on the queue counts. */
export async function lastNumber(client: Client): Promise<number> {
  const { rows } = await client.query(
    `SELECT coalesce(max(substring(name FROM '^${mark}(\\d{1,9})$')::int), 0) AS number FROM (
       SELECT name FROM reservations UNION ALL SELECT message->>'name' FROM pgmq.q_gpu_reservations) asked`,
  )
  return rows[0]?.number ?? 0
}

/** The number of a reservation in the plan; none where a person asked for it. */
export async function numberOf(client: Client, id: string): Promise<number | undefined> {
  const { rows } = await client.query('SELECT name FROM reservations WHERE reservation_id = $1', [id])
  const found = new RegExp(`^${mark}(\\d{1,9})$`).exec(rows[0]?.name ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Asks for a reservation as one of the service's users. @returns false where there is none, or no kind of GPU. */
export async function ask(client: Client, number: number): Promise<boolean> {
  const random = new Random(`gpu request ${number}`)
  const { rows: users } = await client.query<{ username: string }>(
    'SELECT username FROM api_users WHERE is_active ORDER BY user_id LIMIT 50',
  )
  const { rows: kinds } = await client.query<{ kind: string; gpus: number; instance: string }>(
    'SELECT gpu_type AS kind, max_gpus AS gpus, instance_type AS instance FROM gpu_types WHERE is_active ORDER BY 1',
  )
  if (users.length === 0 || kinds.length === 0) return false
  const { username } = random.pick(users)
  const { kind, gpus, instance } = random.pick(kinds)
  const id = randomUUID()
  const now = new Date().toISOString()
  const message = {
    action: 'create_reservation',
    job_id: id,
    reservation_id: id,
    user_id: username,
    username,
    gpu_type: kind,
    gpu_count: gpus === 0 ? 0 : Math.min(gpus, random.pick([1, 2, 4, 8])),
    github_user: '',
    jupyter_enabled: random.chance(0.4),
    name: `${mark}${number}`,
    version: '0.4.0',
    dockerimage: null,
    instance_type: instance,
    duration_hours: 1,
    disk_name: random.chance(0.5) ? 'default' : null,
    disk_size_gb: null,
    env_vars: {},
    command: null,
    submitted_at: now,
    created_at: now,
    status: 'queued',
    _metadata: { retry_count: 0, created_at: now, max_retries: 3 },
  }
  await client.query('SELECT pgmq.send($1, $2::jsonb)', ['gpu_reservations', JSON.stringify(message)])
  return true
}
