import { TrainingJob } from '../../sources/platform/training-job.ts'
import { declareJob } from '../job.ts'
import { ownerOfTraining } from '../job-owner.ts'
import { lastSignOfTraining } from './training-job.movement.ts'

declareJob({
  entity: TrainingJob,
  status: 'status',
  states: {
    QUEUED: ['pending'],
    RUNNING: ['running'],
    SUCCEEDED: ['completed'],
    FAILED: ['failed'],
    CANCELLED: ['cancelled', 'stopped'],
  },
  queuedAt: 'created_at',
  startedAt: 'started_at',
  finishedAt: ['completed_at'],
  error: 'error_message',
  progress: 'the entity’s own',
  owner: ownerOfTraining('id'),
  movement: lastSignOfTraining,
})
