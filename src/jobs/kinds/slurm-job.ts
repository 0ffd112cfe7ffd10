import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { rowsOf } from '../../graph/statement.ts'
import { SlurmJob } from '../../sources/inference/slurm-job.ts'
import { declareJob } from '../job.ts'

declareJob({
  entity: SlurmJob,
  status: 'status',
  states: { QUEUED: ['PENDING'], RUNNING: ['RUNNING'], SUCCEEDED: ['COMPLETED'], FAILED: ['FAILED'] },
  startedAt: 'start_time',
  finishedAt: ['end_time'],
  error: 'error_message',
  progress: {
    columns: ['id', 'status'],
    resolve: async (row, context) => {
      if (row.status === 'COMPLETED') return 1
      const percent = await loadBatched(context, 'progress of SLURM', row.id as string, async (ids) => {
        const rows = await rowsOf<{ job_id: string; percent: number }>(
          context,
          SlurmJob.source,
          sql`SELECT job_id, avg(progress) AS percent FROM public.training WHERE job_id = ANY(${ids}::text[])
            AND progress BETWEEN 0 AND 100 GROUP BY job_id`,
        )
        return new Map(rows.map((one) => [one.job_id, one.percent]))
      })
      // A service that never refreshes it leaves it at 0, which says nothing.
      return percent ? percent / 100 : null
    },
  },
  queuePosition: {
    columns: ['sbatch_id', 'status'],
    resolve: async (row, context) => {
      if (row.status !== 'PENDING') return null
      // SLURM counts its jobs up, and begins them in that order where nothing else decides.
      const before = await loadBatched(context, 'SLURM queue', row.sbatch_id as string, async (numbers) => {
        const rows = await rowsOf<{ sbatch_id: string; before: number }>(
          context,
          SlurmJob.source,
          sql`SELECT mine.sbatch_id, count(other.id)::integer AS before
            FROM unnest(${numbers}::text[]) AS mine(sbatch_id) LEFT JOIN public.jobs other ON other.status = 'PENDING'
              AND CASE WHEN other.sbatch_id ~ '^\\d{1,18}$' AND mine.sbatch_id ~ '^\\d{1,18}$'
                THEN other.sbatch_id::bigint < mine.sbatch_id::bigint END
            WHERE mine.sbatch_id ~ '^\\d{1,18}$' GROUP BY 1`,
        )
        return new Map(rows.map((one) => [one.sbatch_id, one.before]))
      })
      return before === undefined ? null : before + 1
    },
  },
})
