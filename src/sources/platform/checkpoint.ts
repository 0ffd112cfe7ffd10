import sql, { type Sql } from 'sql-template-tag'
import { requiredText } from '../../graph/checked-input.ts'
import { claim, type Lock } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import type { RowKey } from '../../graph/entity.ts'
import type { Run } from '../../graph/transaction.ts'
import { invalid } from '../../graph/write-failure.ts'
import { TrainingJob } from './training-job.ts'

/** A training job and one of its checkpoints, for which something is asked. */
export interface CheckpointRequest {
  readonly job: RowKey | null
  /** The best one by default. */
  readonly path: string | null | undefined
  readonly may: Sql
  readonly lock: Lock
}

export interface Checkpoint {
  readonly checkpoint_path: string
  /** The job's. */
  readonly status: string
  readonly framework: string
  readonly task_type: string
  readonly model_name: string
}

/**
 * Locks a training job, and finds the checkpoint. It has to be one that this job wrote: a worker reads whatever path
 * the row names, and other people's models lie beside it.
 *
 * @throws Refused NotFound, NotPermitted, InvalidInput.
 */
export async function claimCheckpoint(
  run: Run,
  context: GraphContext,
  { job: key, path, may, lock }: CheckpointRequest,
): Promise<Checkpoint> {
  const wanted = requiredText(path ?? undefined, 'checkpointPath', 500)
  const {
    best_checkpoint_path: best,
    last_checkpoint_path: last,
    ...job
  } = await claim(run, context, {
    entity: TrainingJob,
    key,
    may,
    lock,
    columns: [
      'status',
      'framework',
      'task_type',
      'model_name',
      'best_checkpoint_path',
      'last_checkpoint_path',
    ],
  })
  const chosen = wanted ?? best
  if (chosen == null) throw invalid('checkpointPath', 'The training job has no best checkpoint; name one.')
  if (chosen !== best && chosen !== last && !(await wrote(run, key, chosen)))
    throw invalid('checkpointPath', 'The training job has no such checkpoint.')
  return { ...job, checkpoint_path: chosen } as Checkpoint
}

async function wrote(run: Run, job: RowKey | null, path: unknown): Promise<boolean> {
  const rows = await run(
    sql`SELECT FROM public.metrics WHERE job_id = ${job} AND checkpoint_path = ${path}
      UNION ALL SELECT FROM public.validation_results WHERE job_id = ${job} AND checkpoint_path = ${path} LIMIT 1`,
  )
  return rows.length > 0
}
