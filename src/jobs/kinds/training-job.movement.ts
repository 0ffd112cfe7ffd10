import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { secondsBetween } from '../../graph/seconds-between.ts'
import { rowsOf } from '../../graph/statement.ts'
import { platform } from '../../sources/platform/source.ts'
import type { JobKind } from '../job-kind.ts'

interface Sign {
  readonly job_id: number
  readonly moved_at: string | null
  /** Seconds that an epoch took, in the mean. */
  readonly epoch_seconds: number | null
}

/** Seconds without a metric or a log line that no training is stale before. */
const patience = 600
/** Epochs' time without a sign after which one is. */
const missedEpochs = 3

/**
 * A trainer writes a row of metrics after each epoch and logs in between: the last of either is its last sign of life,
 * and one that has been silent for three of its own epochs is stale.
 */
export const lastSignOfTraining: NonNullable<JobKind['movement']> = {
  columns: ['id', 'status', 'started_at'],
  resolve: async (row, context) => {
    if (row.status !== 'running') return null
    const sign = await loadBatched(context, 'last sign of training', row.id as number, async (ids) => {
      const rows = await rowsOf<Sign>(
        context,
        platform.name,
        sql`SELECT ids.id AS job_id, greatest(m.last, l.last)::text AS moved_at,
            ${secondsBetween(sql`m.first`, sql`m.last`)} / nullif(m.epochs - 1, 0) AS epoch_seconds
          FROM unnest(${ids}::integer[]) AS ids(id)
          LEFT JOIN LATERAL (SELECT min(created_at) AS first, max(created_at) AS last, count(DISTINCT epoch) AS epochs
            FROM public.metrics WHERE job_id = ids.id) m ON true
          LEFT JOIN LATERAL (SELECT created_at AS last FROM public.logs WHERE job_id = ids.id
            ORDER BY id DESC LIMIT 1) l ON true`,
      )
      return new Map(rows.map((one) => [one.job_id, one]))
    })
    const moved = sign?.moved_at ?? (row.started_at as string | null)
    const at = moved && timestampToDateTime(moved, { local: true })
    return at ? { at, staleAfter: Math.max(patience, missedEpochs * (sign?.epoch_seconds ?? 0)) } : null
  },
}
