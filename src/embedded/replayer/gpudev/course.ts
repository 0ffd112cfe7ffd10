import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import { inTransaction } from '../in-transaction.ts'
import type { PlannedRun } from '../plan.ts'
import { noted } from './history.ts'

/** A reservation on its way. Times are on the played clock. */
export interface Course {
  readonly id: string
  run: PlannedRun
  /** Whether a person who is played asked for it. */
  readonly isPlayed: boolean
  /** When to look at it again. */
  next: number
  /** When its time is over, from its launch on. */
  until: number
}

interface Row {
  readonly status: string
  readonly kind: string | null
  readonly gpus: number
  readonly user: string
  readonly disk: string | null
  readonly jupyter: boolean | null
}

const againSeconds = 3
/** What is left of its time when a reservation's user is warned. */
const warningShare = 0.25

/** The times of a reservation that lasts so many seconds from now. */
export const untilOver = (clock: number, seconds: number) => ({
  next: clock + seconds * (1 - warningShare),
  until: clock + seconds,
})

/** Lets a reservation last longer, also one that is not launched yet. */
export function extend(course: Course, seconds: number): void {
  if (Number.isFinite(course.until)) course.until += seconds
  else course.run = { ...course.run, runSeconds: course.run.runSeconds + seconds }
}

/** Does what has become due of a reservation. @returns whether it has ended. */
export async function advance(client: Client, course: Course, clock: number): Promise<boolean> {
  const { rows } = await client.query<Row>(
    `SELECT status, gpu_type AS kind, coalesce(gpu_count, 0) AS gpus, user_id AS user, disk_name AS disk,
       jupyter_enabled AS jupyter
     FROM reservations WHERE reservation_id = $1`,
    [course.id],
  )
  const [row] = rows
  const { run } = course
  switch (row?.status) {
    case 'pending':
    case 'queued': {
      const isPlaced = await place(client, course.id, row)
      course.next = clock + (isPlaced ? run.waitSeconds : againSeconds)
      return false
    }
    case 'preparing':
    case 'creating_server':
      if (run.fails) {
        await end(client, course.id, 'failed')
        return true
      }
      await launch(client, course, row)
      Object.assign(course, untilOver(clock, run.runSeconds))
      return false
    case 'active':
      if (clock >= course.until) {
        await end(client, course.id, 'expired')
        return true
      }
      await warn(client, course, clock)
      return false
    default:
      return true
  }
}

/** Prepares a reservation where enough GPUs are free, else queues it. Whoever asks at once is let in one by one. */
const place = (client: Client, id: string, { kind, gpus, status }: Row): Promise<boolean> =>
  inTransaction(client, async () => {
    await client.query('SELECT FROM gpu_types WHERE gpu_type = $1 FOR NO KEY UPDATE', [kind])
    const { rows } = await client.query<{ free: number | null }>(
      `SELECT t.total_cluster_gpus - coalesce(sum(r.gpu_count), 0)::int AS free FROM gpu_types t
       LEFT JOIN reservations r ON r.gpu_type = t.gpu_type AND r.status IN ('active', 'preparing')
       WHERE t.gpu_type = $1 GROUP BY t.total_cluster_gpus`,
      [kind],
    )
    const isFree = gpus === 0 || (rows[0]?.free ?? 0) >= gpus
    const next = isFree ? 'preparing' : 'queued'
    if (next === status) return false
    await client.query(
      `UPDATE reservations SET status = $2::varchar, current_detailed_status = $3, ${noted('$2::varchar')}
       WHERE reservation_id = $1 AND status IN ('pending', 'queued')`,
      [id, next, isFree ? 'Pulling the container image' : 'In queue: not enough GPUs'],
    )
    return isFree
  })

async function launch(client: Client, { id, run }: Course, row: Row): Promise<void> {
  const random = new Random(`gpu launch ${id}`)
  const address = `10.0.${random.integer(1, 30)}.${random.integer(2, 250)}`
  const port = random.integer(30_000, 32_766)
  await inTransaction(client, async () => {
    const { rowCount } = await client.query(
      `UPDATE reservations SET status = 'active', current_detailed_status = 'Ready', launched_at = clock_timestamp(),
         expires_at = clock_timestamp() + make_interval(secs => $2), pod_name = $3, namespace = 'gpu-dev',
         node_ip = $4, node_port = $5, ssh_command = $6, jupyter_port = $7, ${noted("'active'")}
       WHERE reservation_id = $1 AND status IN ('preparing', 'creating_server')`,
      [
        id,
        run.runSeconds,
        `gpu-dev-${id.slice(0, 8)}`,
        address,
        port,
        `ssh -p ${port} dev@${address}`,
        row.jupyter ? port + 1 : null,
      ],
    )
    if (rowCount === 0 || row.disk === null) return
    await client.query(
      `INSERT INTO disks (user_id, disk_name, size_gb, in_use, reservation_id, last_used)
       VALUES ($1, $2, 100, true, $3, clock_timestamp())
       ON CONFLICT (user_id, disk_name) DO UPDATE
         SET in_use = true, reservation_id = excluded.reservation_id, last_used = excluded.last_used
         WHERE disks.is_deleted IS NOT TRUE AND disks.in_use IS NOT TRUE`,
      [row.user, row.disk, id],
    )
  })
}

async function warn(client: Client, course: Course, clock: number): Promise<void> {
  const minutes = Math.max(1, Math.round((course.until - clock) / 60))
  await client.query(
    `UPDATE reservations SET warning = $2, warnings_sent = '{"30min_warning_sent": true}',
       last_warning_time = extract(epoch FROM clock_timestamp())::bigint
     WHERE reservation_id = $1 AND status = 'active' AND warning IS NULL`,
    [course.id, `Expires in ${minutes} minute${minutes === 1 ? '' : 's'}`],
  )
  // Somebody may extend it in the meantime.
  course.next = Math.min(course.until, clock + 30)
}

const end = (client: Client, id: string, status: 'expired' | 'failed'): Promise<void> =>
  inTransaction(client, async () => {
    await client.query(
      `UPDATE reservations SET status = $2::varchar, current_detailed_status = NULL, warning = NULL, node_ip = NULL,
         node_port = NULL, ssh_command = NULL, jupyter_url = NULL, reservation_ended = clock_timestamp(),
         failed_at = CASE WHEN $2 = 'failed' THEN clock_timestamp() END,
         failure_reason = CASE WHEN $2 = 'failed' THEN 'Image build failed: exit status 1' END, ${noted('$2::varchar')}
       WHERE reservation_id = $1 AND status IN ('preparing', 'creating_server', 'active')`,
      [id, status],
    )
    await client.query('UPDATE disks SET in_use = false, reservation_id = NULL WHERE reservation_id = $1', [
      id,
    ])
  })
