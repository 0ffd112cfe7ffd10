import { oneOf, text, timestamp, wholeNumeric } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { inference } from './source.ts'

const SlurmJobType = enumeration('SlurmJobType', 'What a SLURM job is for.', {
  TRAINING: { stored: 'TRAINING', description: 'Trains a model.' },
  INFERENCE: { stored: 'INFERENCE', description: 'Makes a prediction.' },
})

const SlurmJobStatus = enumeration(
  'SlurmJobStatus',
  'How far a SLURM job has come, as the PIC service saw it last; it looks every 30 seconds.',
  {
    PENDING: {
      stored: 'PENDING',
      description: 'Accepted by SLURM; also a job that ran from start to end between two looks.',
    },
    RUNNING: { stored: 'RUNNING', description: 'Runs on the cluster.' },
    COMPLETED: { stored: 'COMPLETED', description: 'Ended well, or left the queue.' },
    FAILED: {
      stored: 'FAILED',
      description: 'Failed, was cancelled or preempted, ran out of time or memory, or lost its node.',
    },
  },
)

export const SlurmJob = declareEntity(inference.name, 'SlurmJob', {
  table: 'jobs',
  description: 'A job given to SLURM, for a training or a prediction.',
  key: 'id',
  columns: {
    id: text('Key in the inference database, a UUID.'),
    sbatch_id: text('Number that SLURM gave it.'),
    fold_index: wholeNumeric('Which fold of the cross-validation it works on.'),
    job_type: oneOf(SlurmJobType, 'What it is for.'),
    status: oneOf(SlurmJobStatus, 'How far it has come.'),
    start_time: timestamp('When SLURM began it.'),
    end_time: timestamp('When SLURM ended it.'),
    error_message: text('Why it failed, from SLURM’s state.'),
    sbatch_content: text('The script that was given to SLURM.', { internal: true }),
  },
  defaultOrder: [{ column: 'start_time', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'state' },
})
