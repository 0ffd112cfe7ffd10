import { float, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { inference } from './source.ts'

const TrainingStatus = enumeration('TrainingStatus', 'How far a training of the PIC service has come.', {
  TRAINING: {
    stored: 'TRAINING',
    description: 'Goes on; also where the SLURM job failed, which is noted on the job alone.',
  },
  TRAINED: { stored: 'TRAINED', description: 'Ended well; its model is there.' },
  FAILED: { stored: 'FAILED', description: 'Ended with an error.' },
})

export const Training = declareEntity(inference.name, 'Training', {
  table: 'training',
  description: 'A training of one model by the PIC service, on SLURM.',
  key: 'id',
  columns: {
    id: text('Key in the inference database, a UUID.'),
    name: text('What people call it; the model gets this name.'),
    images_path: text('Folder of the images in the cluster.', { internal: true }),
    labels_path: text('Folder of the labels in the cluster.', { internal: true }),
    model_path: text('Folder of the model in the cluster.', { internal: true }),
    job_id: text('Key of the SLURM job that trains.'),
    status: oneOf(TrainingStatus, 'How far it has come.'),
    progress: float('How much is done, in percent; stays 0 where the service never updates it.'),
    start_time: timestamp('When it began.'),
    end_time: timestamp('When it ended, well or not.'),
  },
  relations: {
    job: {
      to: 'SlurmJob',
      by: 'job_id',
      description: 'The SLURM job that trains.',
      inverse: { name: 'trainings', description: 'Trainings that this job carries out.' },
    },
  },
  defaultOrder: [{ column: 'start_time', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'state' },
})
