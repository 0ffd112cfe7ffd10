import { float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { Framework } from './framework.ts'
import { platform } from './source.ts'

const TrainingJobStatus = enumeration('TrainingJobStatus', 'How far a training job has come.', {
  PENDING: { stored: 'pending', description: 'Waits to be started.' },
  RUNNING: { stored: 'running', description: 'A trainer works on it.' },
  COMPLETED: { stored: 'completed', description: 'Ended well.' },
  FAILED: { stored: 'failed', description: 'Ended with an error.' },
  CANCELLED: { stored: 'cancelled', description: 'Cancelled by a person.' },
  STOPPED: { stored: 'stopped', description: 'Stopped by a person or the assistant.' },
})

const MetricMode = enumeration('MetricMode', 'Which way a metric is better.', {
  MIN: { stored: 'min', description: 'Smaller is better.' },
  MAX: { stored: 'max', description: 'Larger is better.' },
})

export const TrainingJob = declareEntity(platform.name, 'TrainingJob', {
  table: 'training_jobs',
  description: 'One training run, with its configuration, status and outcome.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    session_id: integer(
      'Key of the chat session it was started from; none when it was started without chat.',
    ),
    project_id: integer('Key of its project.'),
    experiment_id: integer('Key of its experiment.'),
    created_by: integer('Key of the user who created it; seldom filled in.'),
    experiment_name: text('Name of the experiment as it was when the job was made.'),
    tags: json('Free labels.'),
    notes: text('What people wrote about it.'),
    observability_backends: text('Where metrics go, separated by commas.'),
    observability_experiment_ids: json('Ids of the run by backend; `mlflow` holds the MLflow run.'),
    framework: oneOf(Framework, 'The library that trains.'),
    model_name: text('The architecture that is trained.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    num_classes: integer('Classes to tell apart.'),
    custom_docker_image: text('The image that trains, where it is not the framework’s own.'),
    dataset_id: text('Key of the dataset in the Labeler.'),
    dataset_snapshot_id: text('Key of the frozen dataset that it trains on.'),
    dataset_version: integer('Version of the dataset.'),
    dataset_path: text('Where the dataset lies.'),
    dataset_format: text('Layout of the dataset, such as imagefolder, coco or yolo.'),
    output_dir: text('Folder of its output in the cluster.', { internal: true }),
    split_strategy: json('How the dataset is split for training, validation and test.'),
    epochs: integer('Epochs to train.'),
    batch_size: integer('Images a step.'),
    learning_rate: float('Learning rate at the start.'),
    advanced_config: json('Optimizer, scheduler, augmentation.'),
    status: oneOf(TrainingJobStatus, 'How far it has come.'),
    error_message: text('Why it failed.'),
    process_id: integer('Process number of the trainer.', { internal: true }),
    workflow_id: text('Id of its Temporal workflow.'),
    clearml_task_id: text('Id of its ClearML task.'),
    final_accuracy: float('Accuracy at the end.'),
    best_checkpoint_path: text('The checkpoint with the best primary metric.'),
    last_checkpoint_path: text('The latest checkpoint.'),
    primary_metric: text('Name of the metric that decides which checkpoint is best.'),
    primary_metric_mode: oneOf(MetricMode, 'Which way the primary metric is better.'),
    created_at: timestamp('When it was made; empty in rows written by hand.'),
    started_at: timestamp('When training began.'),
    completed_at: timestamp('When it ended, well or not.'),
  },
  relations: {
    session: {
      to: 'ChatSession',
      by: 'session_id',
      description: 'The chat session it was started from.',
      inverse: { name: 'trainingJobs', description: 'Training jobs started from this session.' },
    },
    project: {
      to: 'Project',
      by: 'project_id',
      description: 'The project it belongs to.',
      inverse: { name: 'trainingJobs', description: 'Training jobs of this project.' },
    },
    experiment: {
      to: 'Experiment',
      by: 'experiment_id',
      description: 'The experiment it is a run of.',
      inverse: { name: 'trainingJobs', description: 'Runs of this experiment.' },
    },
    datasetSnapshot: {
      to: 'DatasetSnapshot',
      by: 'dataset_snapshot_id',
      description: 'The frozen dataset that it trains on.',
      inverse: { name: 'trainingJobs', description: 'Training jobs on this snapshot.' },
    },
  },
  defaultOrder: [{ column: 'id', direction: 'DESC' }],
  live: { kind: 'state' },
})
