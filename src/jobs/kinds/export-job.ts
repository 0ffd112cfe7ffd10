import { ExportJob } from '../../sources/platform/export-job.ts'
import { declareJob } from '../job.ts'
import { ownerOfTraining } from '../job-owner.ts'

declareJob({
  entity: ExportJob,
  status: 'status',
  states: {
    QUEUED: ['PENDING'],
    RUNNING: ['RUNNING'],
    SUCCEEDED: ['COMPLETED'],
    FAILED: ['FAILED'],
    CANCELLED: ['CANCELLED'],
  },
  queuedAt: 'created_at',
  startedAt: 'started_at',
  finishedAt: ['completed_at'],
  error: 'error_message',
  owner: ownerOfTraining('training_job_id'),
})
