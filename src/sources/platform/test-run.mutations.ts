import { keyOfId, requiredText } from '../../graph/checked-input.ts'
import { creation } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { insertRow, utcNow } from '../../graph/write.ts'
import { claimCheckpoint } from './checkpoint.ts'
import { permissionsOf } from './permission.ts'
import { TestRun } from './test-run.ts'
import { TrainingJob } from './training-job.ts'

creation('createTestRun', {
  description:
    'Asks for an evaluation of a checkpoint on labelled images. For the project’s owner, its members but viewers and guests, administrators.',
  of: TestRun,
  commandsWorkers: true,
  input: (t) => ({
    trainingJob: t.id({ required: true, description: 'The `id` of the training job.' }),
    checkpointPath: t.string({ description: 'A checkpoint of that job; its best by default.' }),
    datasetPath: t.string({ required: true, description: 'Where the labelled images lie.' }),
    datasetSplit: t.string({
      required: true,
      defaultValue: 'test',
      description: 'Which part of the dataset to use; 20 characters at most.',
    }),
  }),
  prepare: async (input, { context, principal }) => {
    const job = keyOfId(TrainingJob, input.trainingJob, 'trainingJob')
    const values = {
      training_job_id: job,
      dataset_path: requiredText(input.datasetPath, 'datasetPath', 500),
      dataset_split: requiredText(input.datasetSplit, 'datasetSplit', 20),
      status: 'pending',
      total_images: 0,
      created_at: utcNow,
    }
    const { trainingJob: may } = await permissionsOf(context, principal)
    return (id) =>
      inTransaction(context, TestRun.source, async (run) => {
        const request = { job, path: input.checkpointPath, may, lock: 'KEY SHARE' } as const
        const { checkpoint_path, task_type } = await claimCheckpoint(run, context, request)
        await insertRow(run, TestRun, { id, ...values, checkpoint_path, task_type })
      })
  },
})
