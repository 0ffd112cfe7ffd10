import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { rowsOf } from '../../graph/statement.ts'
import { GpuReservation } from '../../sources/gpudev/gpu-reservation.ts'
import { GpuUser } from '../../sources/gpudev/gpu-user.ts'
import { namesUser } from '../../sources/gpudev/user-text.ts'
import { declareJob } from '../job.ts'
import { ownerRow } from '../job-owner.ts'
import { deadlineOfReservation } from './gpu-reservation.movement.ts'
import { waitOfReservation } from './gpu-reservation.queue.ts'

declareJob({
  entity: GpuReservation,
  status: 'status',
  states: {
    QUEUED: ['pending', 'queued'],
    PREPARING: ['preparing', 'creating_server'],
    RUNNING: ['active', 'running'],
    SUCCEEDED: ['expired'],
    FAILED: ['failed'],
    CANCELLED: ['cancelled'],
  },
  queuedAt: 'created_at',
  startedAt: 'launched_at',
  finishedAt: ['reservation_ended', 'cancelled_at', 'failed_at'],
  error: 'failure_reason',
  owner: {
    columns: ['user_id'],
    resolve: async (row, context, info) => {
      const key = await loadBatched(
        context,
        'user of a reservation',
        row.user_id as string,
        async (texts) => {
          const rows = await rowsOf<{ text: string; user_id: number }>(
            context,
            GpuUser.source,
            sql`SELECT named.user_id AS text, u.user_id FROM unnest(${texts}::text[]) AS named(user_id)
            JOIN public.api_users u ON ${namesUser('named', 'u')}`,
          )
          return new Map(rows.map(({ text, user_id }) => [text, user_id]))
        },
      )
      return ownerRow(GpuUser, key, context, info)
    },
  },
  queuePosition: {
    columns: ['reservation_id', 'status'],
    resolve: async (row, context) => (await waitOfReservation(row, context))?.position ?? null,
  },
  pendingReason: {
    columns: ['reservation_id', 'status', 'current_detailed_status'],
    resolve: async (row, context) => {
      const wait = await waitOfReservation(row, context)
      if (!wait) return null
      if (row.current_detailed_status) return row.current_detailed_status as string
      return `asks for ${wait.wanted} × ${wait.kind}, of which ${Math.max(0, wait.free)} are free`
    },
  },
  movement: deadlineOfReservation,
  // Of several nodes that belong together one stands for all: the one they name, else the first.
  listed:
    () => sql`(t.master_reservation_id IS NULL OR t.master_reservation_id = t.reservation_id OR NOT EXISTS (
    SELECT 1 FROM public.reservations o WHERE o.reservation_id <> t.reservation_id
      AND (o.reservation_id = t.master_reservation_id OR o.master_reservation_id = t.master_reservation_id
        AND (coalesce(o.node_index, 0), o.reservation_id) < (coalesce(t.node_index, 0), t.reservation_id))))`,
})
