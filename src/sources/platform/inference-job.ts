import { float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const InferenceType = enumeration('InferenceType', 'How many images an inference job takes.', {
  SINGLE: { stored: 'single', description: 'One image.' },
  BATCH: { stored: 'batch', description: 'Several images.' },
  DATASET: { stored: 'dataset', description: 'All images of a dataset.' },
})

const InferenceJobStatus = enumeration('InferenceJobStatus', 'How far an inference job has come.', {
  PENDING: { stored: 'pending', description: 'Waits to be started.' },
  RUNNING: { stored: 'running', description: 'The images are being predicted.' },
  COMPLETED: { stored: 'completed', description: 'Ended well.' },
  FAILED: { stored: 'failed', description: 'Ended with an error.' },
})

export const InferenceJob = declareEntity(platform.name, 'InferenceJob', {
  table: 'inference_jobs',
  description: 'A run of a checkpoint over images without labels.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    training_job_id: integer('Key of the training job that made the checkpoint.'),
    checkpoint_path: text('The checkpoint that predicts.'),
    inference_type: oneOf(InferenceType, 'How many images it takes.'),
    input_data: json('The images and the settings.'),
    status: oneOf(InferenceJobStatus, 'How far it has come.'),
    error_message: text('Why it failed.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    total_images: integer('Images to predict; 0 until they are counted.'),
    total_inference_time_ms: float('Time over all images, in milliseconds.'),
    avg_inference_time_ms: float('Mean time of an image, in milliseconds.'),
    created_at: timestamp('When it was asked for; empty in rows written by hand.'),
    started_at: timestamp('When it began.'),
    completed_at: timestamp('When it ended, well or not.'),
  },
  relations: {
    trainingJob: {
      to: 'TrainingJob',
      by: 'training_job_id',
      description: 'The training job that made the checkpoint.',
      inverse: { name: 'inferenceJobs', description: 'Runs of this job’s checkpoints over new images.' },
    },
  },
  defaultOrder: [{ column: 'id', direction: 'DESC' }],
  live: { kind: 'state' },
})
