import { TestRun } from '../../sources/platform/test-run.ts'
import { declareJob } from '../job.ts'
import { ownerOfTraining } from '../job-owner.ts'

declareJob({
  entity: TestRun,
  status: 'status',
  states: {
    QUEUED: ['pending'],
    RUNNING: ['running'],
    SUCCEEDED: ['completed'],
    FAILED: ['failed'],
  },
  queuedAt: 'created_at',
  startedAt: 'started_at',
  finishedAt: ['completed_at'],
  error: 'error_message',
  owner: ownerOfTraining('training_job_id'),
})
