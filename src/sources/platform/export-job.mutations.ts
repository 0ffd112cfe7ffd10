import sql from 'sql-template-tag'
import { jsonObject, keyOfId, storedLabel } from '../../graph/checked-input.ts'
import type { RowKey } from '../../graph/entity.ts'
import { enumerationOf } from '../../graph/entity-enumeration.ts'
import { failureKind } from '../../graph/failure.ts'
import { creation } from '../../graph/row-mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { insertRow, utcNow } from '../../graph/write.ts'
import { Refused } from '../../graph/write-failure.ts'
import { claimCheckpoint } from './checkpoint.ts'
import { ExportJob } from './export-job.ts'
import { permissionsOf } from './permission.ts'
import { TrainingJob } from './training-job.ts'

const ExportFormat = enumerationOf(ExportJob, 'export_format')

const TrainingNotCompleted = failureKind('TrainingNotCompleted', {
  code: 'TRAINING_NOT_COMPLETED',
  description: 'Only what a training that is completed has learnt can be exported.',
})

/** The version that a job's next export has: one more than the highest. */
async function nextVersion(run: Run, job: RowKey | null): Promise<number> {
  const [row] = await run<{ next: number }>(
    sql`SELECT coalesce(max(version), 0) + 1 AS next FROM public.export_jobs WHERE training_job_id = ${job}`,
  )
  return row?.next ?? 1
}

creation('createExportJob', {
  description:
    'Asks for a conversion of a completed training job’s checkpoint. For the project’s owner, its members but viewers and guests, administrators.',
  of: ExportJob,
  commandsWorkers: true,
  input: (t) => ({
    trainingJob: t.id({ required: true, description: 'The `id` of the training job.' }),
    exportFormat: t.field({
      type: ExportFormat.ref,
      required: true,
      description: 'What to convert it into.',
    }),
    checkpointPath: t.string({ description: 'A checkpoint of that job; its best by default.' }),
    isDefault: t.boolean({
      required: true,
      defaultValue: false,
      description: 'Whether it is the one to take of the job’s exports; the first one is in any case.',
    }),
    exportConfig: t.field({ type: 'JSON', description: 'Settings of the conversion: an object.' }),
    optimizationConfig: t.field({
      type: 'JSON',
      description: 'Settings that make the result smaller or faster: an object.',
    }),
    validationConfig: t.field({
      type: 'JSON',
      description: 'How to compare the result with the checkpoint: an object.',
    }),
  }),
  failures: [TrainingNotCompleted],
  prepare: async (input, { context, principal }) => {
    const job = keyOfId(TrainingJob, input.trainingJob, 'trainingJob')
    const values = {
      training_job_id: job,
      export_format: storedLabel(ExportFormat, input.exportFormat, 'exportFormat'),
      export_config: jsonObject(input.exportConfig, 'exportConfig'),
      optimization_config: jsonObject(input.optimizationConfig, 'optimizationConfig'),
      validation_config: jsonObject(input.validationConfig, 'validationConfig'),
      status: 'PENDING',
      created_at: utcNow,
    }
    const { trainingJob: may } = await permissionsOf(context, principal)
    return (id) =>
      inTransaction(context, ExportJob.source, async (run) => {
        // Held from being changed, so that exports asked for at the same time count up.
        const request = { job, path: input.checkpointPath, may, lock: 'NO KEY UPDATE' } as const
        const { status, ...checkpoint } = await claimCheckpoint(run, context, request)
        if (status !== 'completed')
          throw new Refused(
            TrainingNotCompleted,
            `The training job is not completed; its status is ${status}.`,
          )
        const version = await nextVersion(run, job)
        const is_default = input.isDefault || version === 1
        const isMade = await insertRow(run, ExportJob, { id, ...values, ...checkpoint, version, is_default })
        if (isMade && is_default)
          await run(
            sql`UPDATE public.export_jobs SET is_default = false
              WHERE training_job_id = ${job} AND is_default AND id <> ${id}`,
          )
      })
  },
})
