import { jsonObject, keyOfId, storedLabel } from '../../graph/checked-input.ts'
import { enumerationOf } from '../../graph/entity-enumeration.ts'
import { creation } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { insertRow, utcNow } from '../../graph/write.ts'
import { claimCheckpoint } from './checkpoint.ts'
import { InferenceJob } from './inference-job.ts'
import { permissionsOf } from './permission.ts'
import { TrainingJob } from './training-job.ts'

const InferenceType = enumerationOf(InferenceJob, 'inference_type')

creation('createInferenceJob', {
  description:
    'Asks for a run of a checkpoint over images without labels. For the project’s owner, its members but viewers and guests, administrators.',
  of: InferenceJob,
  commandsWorkers: true,
  input: (t) => ({
    trainingJob: t.id({ required: true, description: 'The `id` of the training job.' }),
    checkpointPath: t.string({ description: 'A checkpoint of that job; its best by default.' }),
    inferenceType: t.field({
      type: InferenceType.ref,
      required: true,
      description: 'How many images it takes.',
    }),
    inputData: t.field({
      type: 'JSON',
      required: true,
      description: 'The images and the settings: an object.',
    }),
  }),
  prepare: async (input, { context, principal }) => {
    const job = keyOfId(TrainingJob, input.trainingJob, 'trainingJob')
    const values = {
      training_job_id: job,
      inference_type: storedLabel(InferenceType, input.inferenceType, 'inferenceType'),
      input_data: jsonObject(input.inputData, 'inputData'),
      status: 'pending',
      total_images: 0,
      created_at: utcNow,
    }
    const { trainingJob: may } = await permissionsOf(context, principal)
    return (id) =>
      inTransaction(context, InferenceJob.source, async (run) => {
        const request = { job, path: input.checkpointPath, may, lock: 'KEY SHARE' } as const
        const { checkpoint_path, task_type } = await claimCheckpoint(run, context, request)
        await insertRow(run, InferenceJob, { id, ...values, checkpoint_path, task_type })
      })
  },
})
