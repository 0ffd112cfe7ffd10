import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import type { GraphContext } from '../../graph/context.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { GpuReservation } from '../../sources/gpudev/gpu-reservation.ts'
import { GpuType } from '../../sources/gpudev/gpu-type.ts'
import type { JobRow } from '../job-kind.ts'

/** How a reservation waits. */
export interface Wait {
  readonly reservation_id: string
  /** Its place among those that wait for the same kind of GPU, from 1. */
  readonly position: number
  readonly kind: string
  /** GPUs that it asks for, on all its nodes. */
  readonly wanted: number
  /** GPUs of the kind that nobody uses or is about to. */
  readonly free: number
}

/**
 * The queue of each kind of GPU goes by when reservations were made. Nodes that belong together wait as one.
 *
 * @returns undefined for one that does not wait, or for no known kind.
 */
export async function waitOfReservation(row: JobRow, context: GraphContext): Promise<Wait | undefined> {
  if (row.status !== 'pending' && row.status !== 'queued') return undefined
  requireColumns(context, GpuReservation, ['created_at', 'gpu_type', 'gpu_count', 'master_reservation_id'])
  requireColumns(context, GpuType, ['total_cluster_gpus'])
  return loadBatched(context, 'waits of reservations', row.reservation_id as string, async (ids) => {
    const rows = await rowsOf<Wait>(
      context,
      GpuReservation.source,
      sql`WITH waiting AS (
          SELECT coalesce(master_reservation_id, reservation_id) AS whole, gpu_type AS kind,
            min(created_at) AS since, sum(gpu_count)::integer AS wanted, array_agg(reservation_id) AS nodes
          FROM public.reservations WHERE status IN ('pending', 'queued') GROUP BY 1, 2
        ), placed AS (
          SELECT *, rank() OVER (PARTITION BY kind ORDER BY since, whole)::integer AS position FROM waiting
        )
        SELECT ids.id AS reservation_id, p.position, p.kind, coalesce(p.wanted, 0) AS wanted,
          (coalesce(g.total_cluster_gpus, 0) - coalesce((SELECT sum(gpu_count) FROM public.reservations r
            WHERE r.gpu_type = p.kind AND r.status IN ('active', 'preparing')), 0))::integer AS free
        FROM unnest(${ids}::text[]) AS ids(id) JOIN placed p ON ids.id = ANY(p.nodes)
        JOIN public.gpu_types g ON g.gpu_type = p.kind`,
    )
    return new Map(rows.map((wait) => [wait.reservation_id, wait]))
  })
}
