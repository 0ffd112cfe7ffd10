import { float, integer, json, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { platform } from './source.ts'

export const ValidationResult = declareEntity(platform.name, 'ValidationResult', {
  table: 'validation_results',
  description: 'How well a training job did on its validation images after one epoch.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    job_id: integer('Key of the training job that was validated.'),
    epoch: integer('The epoch after which it was validated.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    primary_metric_value: float('Value of the metric that decides which checkpoint is best.'),
    primary_metric_name: text('Name of the metric that decides which checkpoint is best.'),
    overall_loss: float('Loss over all validation images; empty where it is NaN or infinite.'),
    metrics: json('Metrics over all classes, from name to number.'),
    per_class_metrics: json('Metrics of each class.'),
    confusion_matrix: json('How often each class was taken for each other.'),
    pr_curves: json('Precision over recall, for charts.'),
    class_names: json('The classes, in the order of the confusion matrix.'),
    visualization_data: json('What further charts are drawn from.'),
    sample_correct_images: json('Some images that were predicted right.'),
    sample_incorrect_images: json('Some images that were predicted wrong.'),
    checkpoint_path: text('The checkpoint that was validated.'),
    created_at: timestamp('When it was reported; empty in rows written by hand.'),
  },
  relations: {
    job: {
      to: 'TrainingJob',
      by: 'job_id',
      description: 'The training job that was validated.',
      inverse: { name: 'validationResults', description: 'Validations of this job, by epoch.' },
    },
  },
  defaultOrder: [
    { column: 'job_id', direction: 'ASC' },
    { column: 'epoch', direction: 'ASC' },
  ],
})
