import { float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const TestRunStatus = enumeration('TestRunStatus', 'How far a test run has come.', {
  PENDING: { stored: 'pending', description: 'Waits to be started.' },
  RUNNING: { stored: 'running', description: 'The checkpoint is being evaluated.' },
  COMPLETED: { stored: 'completed', description: 'Ended well; the results are there.' },
  FAILED: { stored: 'failed', description: 'Ended with an error.' },
})

export const TestRun = declareEntity(platform.name, 'TestRun', {
  table: 'test_runs',
  description: 'An evaluation of a checkpoint on labelled images that it was not trained on.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    training_job_id: integer('Key of the training job that made the checkpoint.'),
    checkpoint_path: text('The checkpoint that is evaluated.'),
    dataset_path: text('Where the labelled images lie.'),
    dataset_split: text('Which part of the dataset is used; usually test.'),
    status: oneOf(TestRunStatus, 'How far it has come.'),
    error_message: text('Why it failed.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    primary_metric_name: text('Name of the metric that counts most.'),
    primary_metric_value: float('Value of the metric that counts most.'),
    overall_loss: float('Loss over all images; empty where it is NaN or infinite.'),
    metrics: json('Metrics over all classes, from name to number.'),
    per_class_metrics: json('Metrics of each class.'),
    confusion_matrix: json('How often each class was taken for each other.'),
    class_names: json('The classes, in the order of the confusion matrix.'),
    total_images: integer('Images evaluated; 0 until it has begun.'),
    inference_time_ms: float('Time that predicting took, in milliseconds, as the trainer reports it.'),
    created_at: timestamp('When it was asked for; empty in rows written by hand.'),
    started_at: timestamp('When it began.'),
    completed_at: timestamp('When it ended, well or not.'),
  },
  relations: {
    trainingJob: {
      to: 'TrainingJob',
      by: 'training_job_id',
      description: 'The training job that made the checkpoint.',
      inverse: { name: 'testRuns', description: 'Evaluations of this job’s checkpoints.' },
    },
  },
  defaultOrder: [{ column: 'id', direction: 'DESC' }],
  live: { kind: 'state' },
})
