import { float, integer, json, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { platform } from './source.ts'

export const TrainingMetric = declareEntity(platform.name, 'TrainingMetric', {
  table: 'metrics',
  originalName: 'training_metrics',
  description:
    'What a training job measured in one epoch. A job that was started again may have an epoch twice; the highest key holds.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database; rises with time.'),
    job_id: integer('Key of the training job that was measured.'),
    epoch: integer('The epoch it was measured in; not unique in a job.'),
    step: integer('The step it was measured at; few trainers tell it.'),
    loss: float('Value of the loss function; empty where training diverged to NaN or infinity.'),
    accuracy: float('Share of right predictions, from 0 to 1, for tasks that have it.'),
    learning_rate: float('Learning rate in this epoch.'),
    extra_metrics: json('All other metrics, from name to number.'),
    checkpoint_path: text('The checkpoint that was written with it.'),
    created_at: timestamp('When it was reported; empty in rows written by hand.'),
  },
  relations: {
    job: {
      to: 'TrainingJob',
      by: 'job_id',
      description: 'The training job that was measured.',
      inverse: { name: 'metrics', description: 'What this job measured, by epoch.' },
    },
  },
  defaultOrder: [
    { column: 'job_id', direction: 'ASC' },
    { column: 'epoch', direction: 'ASC' },
    { column: 'step', direction: 'ASC', nulls: 'FIRST' },
  ],
  live: { kind: 'append', field: 'metricsAppended', below: 'job' },
})
