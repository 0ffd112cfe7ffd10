import type { PlannedRun } from '../plan.ts'

/** What `sacct` says of a job, as far as its poller tells states apart. */
export type SlurmState = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED'

/** A SLURM job: it waits, runs and ends by itself, whether or not anybody looks. */
export interface Queued {
  readonly id: string
  readonly type: 'TRAINING' | 'INFERENCE'
  readonly run: PlannedRun
  /** On the played clock. */
  readonly submitted: number
}

/** Its state at a time of the played clock. */
export function stateAt({ submitted, run }: Queued, clock: number): SlurmState {
  const started = submitted + run.waitSeconds
  if (clock < started) return 'PENDING'
  if (clock < started + run.runSeconds) return 'RUNNING'
  return run.fails ? 'FAILED' : 'COMPLETED'
}

/** How far it has got, 0 to 1. */
export const shareAt = ({ submitted, run }: Queued, clock: number): number =>
  Math.min(1, Math.max(0, (clock - submitted - run.waitSeconds) / run.runSeconds))
