import sql from 'sql-template-tag'
import { Inference } from '../../sources/inference/inference.ts'
import { declareJob } from '../job.ts'

declareJob({
  entity: Inference,
  status: 'status',
  states: { QUEUED: ['PENDING'], RUNNING: ['PROCESSING'], SUCCEEDED: ['COMPLETED'], FAILED: ['FAILED'] },
  queuedAt: 'created_at',
  startedAt: 'start_time',
  finishedAt: ['end_time'],
  error: 'error_message',
  // One that SLURM carries out is listed as the SLURM job.
  listed: () => sql`t.job_id IS NULL`,
})
