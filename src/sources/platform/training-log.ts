import { integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const LogType = enumeration('LogType', 'Where a log line comes from, or how grave it is.', {
  TRAINER: { stored: 'trainer', description: 'From the trainer’s own program.' },
  TRAINING: { stored: 'training', description: 'About an epoch of training.' },
  VALIDATION: { stored: 'validation', description: 'About a validation.' },
  CHECKPOINT: { stored: 'checkpoint', description: 'About a checkpoint.' },
  STDOUT: { stored: 'stdout', description: 'Standard output of the trainer’s process.' },
  STDERR: { stored: 'stderr', description: 'Standard error of the trainer’s process.' },
  DEBUG: { stored: 'DEBUG', description: 'Detail for whoever looks for a fault.' },
  INFO: { stored: 'INFO', description: 'What happens in the normal course.' },
  WARNING: { stored: 'WARNING', description: 'Something to look at; the job goes on.' },
  ERROR: { stored: ['ERROR', 'error'], description: 'Something failed.' },
})

export const TrainingLog = declareEntity(platform.name, 'TrainingLog', {
  table: 'logs',
  originalName: 'training_logs',
  description: 'A log line of a training job. The platform keeps about 1,900 lines a job, the oldest ones.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database; rises with time.'),
    job_id: integer('Key of the training job that wrote it.'),
    log_type: oneOf(LogType, 'Where it comes from, or how grave it is.'),
    content: text('The line itself; some have several lines, as tracebacks do.'),
    created_at: timestamp('When it was reported; empty in rows written by hand.'),
  },
  relations: {
    job: {
      to: 'TrainingJob',
      by: 'job_id',
      description: 'The training job that wrote it.',
      inverse: { name: 'logs', description: 'Log lines of this job, oldest first.' },
    },
  },
  defaultOrder: [
    { column: 'job_id', direction: 'ASC' },
    { column: 'id', direction: 'ASC' },
  ],
  live: { kind: 'append', field: 'logsAppended', below: 'job' },
})
