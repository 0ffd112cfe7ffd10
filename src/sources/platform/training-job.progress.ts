import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { builder } from '../../graph/builder.ts'
import { requireColumns, rowsOf, selectUsable } from '../../graph/statement.ts'
import { TrainingJob } from './training-job.ts'
import { TrainingMetric } from './training-metric.ts'

builder.prismaObjectField('TrainingJob', 'progress', (t) =>
  t.float({
    description:
      'How much is done, from 0 to 1: the highest epoch that has metrics over `epochs`. Null when the number of epochs is unknown.',
    select: (_args, context) => selectUsable(context, TrainingJob, ['id', 'epochs']),
    resolve: async (job, _args, context) => {
      requireColumns(context, TrainingJob, ['epochs'])
      requireColumns(context, TrainingMetric, ['job_id', 'epoch'])
      if (job.epochs <= 0) return null
      const highest = await loadBatched(context, 'highest epoch', job.id, async (ids) => {
        const rows = await rowsOf<{ job_id: number; epoch: number }>(
          context,
          TrainingJob.source,
          sql`SELECT job_id, max(epoch) AS epoch FROM public.metrics WHERE job_id = ANY(${ids}::integer[]) GROUP BY job_id`,
        )
        return new Map(rows.map((row) => [row.job_id, row.epoch]))
      })
      return Math.min(1, Math.max(0, (highest ?? 0) / job.epochs))
    },
  }),
)
