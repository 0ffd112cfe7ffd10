import { boolean, float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { Framework } from './framework.ts'
import { platform } from './source.ts'

const ExportFormat = enumeration('ExportFormat', 'A format that models are deployed in.', {
  ONNX: { stored: 'ONNX', description: 'Open Neural Network Exchange.' },
  TENSORRT: { stored: 'TENSORRT', description: 'NVIDIA TensorRT.' },
  COREML: { stored: 'COREML', description: 'Apple Core ML.' },
  TFLITE: { stored: 'TFLITE', description: 'TensorFlow Lite.' },
  TORCHSCRIPT: { stored: 'TORCHSCRIPT', description: 'PyTorch’s TorchScript.' },
  OPENVINO: { stored: 'OPENVINO', description: 'Intel OpenVINO.' },
})

const ExportJobStatus = enumeration('ExportJobStatus', 'How far an export has come.', {
  PENDING: { stored: 'PENDING', description: 'Waits to be started.' },
  RUNNING: { stored: 'RUNNING', description: 'The checkpoint is being converted.' },
  COMPLETED: { stored: 'COMPLETED', description: 'Ended well; it can be deployed.' },
  FAILED: { stored: 'FAILED', description: 'Ended with an error.' },
  CANCELLED: { stored: 'CANCELLED', description: 'Cancelled by a person.' },
})

export const ExportJob = declareEntity(platform.name, 'ExportJob', {
  table: 'export_jobs',
  description: 'A conversion of a checkpoint into a format that can be deployed.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    training_job_id: integer('Key of the training job that made the checkpoint.'),
    export_format: oneOf(ExportFormat, 'What it is converted into.', { enumType: 'exportformat' }),
    checkpoint_path: text('The checkpoint that is converted.'),
    export_path: text('Where the result lies in the object store.', { internal: true }),
    version: integer('Counts up with each export of the training job, from 1.'),
    is_default: boolean('Whether it is the one to take of the training job’s exports.'),
    framework: oneOf(Framework, 'The library that trained the model.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    model_name: text('The architecture of the model.'),
    export_config: json('Settings of the conversion.'),
    optimization_config: json('Settings that make the result smaller or faster.'),
    validation_config: json('How the result is compared with the checkpoint.'),
    status: oneOf(ExportJobStatus, 'How far it has come.', { enumType: 'exportjobstatus' }),
    error_message: text('Why it failed.'),
    process_id: integer('Process number of the exporter.', { internal: true }),
    export_results: json('What the exporter reports of the result.'),
    file_size_mb: float('Size of the result, in megabytes.'),
    validation_passed: boolean('Whether the result was found to agree with the checkpoint.'),
    created_at: timestamp('When it was asked for.'),
    started_at: timestamp('When it began.'),
    completed_at: timestamp('When it ended, well or not.'),
  },
  relations: {
    trainingJob: {
      to: 'TrainingJob',
      by: 'training_job_id',
      description: 'The training job that made the checkpoint.',
      inverse: { name: 'exportJobs', description: 'Exports of this job’s checkpoints.' },
    },
  },
  defaultOrder: [{ column: 'id', direction: 'DESC' }],
  live: { kind: 'state' },
})
