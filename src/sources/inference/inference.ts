import { json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { inference } from './source.ts'

const InferenceStatus = enumeration('InferenceStatus', 'How far a prediction of the PIC service has come.', {
  PENDING: { stored: 'PENDING', description: 'Waits or runs; the service seldom tells these apart.' },
  PROCESSING: { stored: 'PROCESSING', description: 'Runs.' },
  COMPLETED: { stored: 'COMPLETED', description: 'Ended well.' },
  FAILED: { stored: 'FAILED', description: 'Ended with an error.' },
})

export const Inference = declareEntity(inference.name, 'Inference', {
  table: 'inference',
  description: 'A prediction asked of a model of the PIC service, and what came of it.',
  key: 'predict_id',
  columns: {
    predict_id: text('Key in the inference database, a UUID.'),
    model_id: text('Key of the model that predicts.'),
    job_id: text('Key of the SLURM job that predicts.'),
    input_data: json('What to predict: an object, or a text with the path of the input.'),
    output_dir: text('Folder of its output in the cluster.', { internal: true }),
    prediction: json('What was predicted, where the service writes it.'),
    status: oneOf(InferenceStatus, 'How far it has come.'),
    start_time: timestamp('When it began.'),
    end_time: timestamp('When it ended, well or not.'),
    error_message: text('Why it failed.'),
    created_at: timestamp('When it was asked for.'),
    updated_at: timestamp('When it was asked for, too: the service does not refresh it.'),
  },
  relations: {
    job: {
      to: 'SlurmJob',
      by: 'job_id',
      description: 'The SLURM job that predicts.',
      inverse: { name: 'inferences', description: 'Predictions that this job makes.' },
    },
    model: {
      to: 'Model',
      by: 'model_id',
      description: 'The model that predicts.',
      inverse: { name: 'inferences', description: 'Predictions asked of this model.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
