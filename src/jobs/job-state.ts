import { enumeration } from '../graph/enumeration.ts'

/** How far a job has come, in words that hold for every system. */
export const JobState = enumeration(
  'JobState',
  'How far a job has come, in words that hold for every system.',
  {
    QUEUED: { stored: 'QUEUED', description: 'Waits for its turn.' },
    PREPARING: { stored: 'PREPARING', description: 'What it needs is being made ready.' },
    RUNNING: { stored: 'RUNNING', description: 'Runs.' },
    SUCCEEDED: { stored: 'SUCCEEDED', description: 'Ended well; of a reservation: its time is over.' },
    FAILED: { stored: 'FAILED', description: 'Ended with an error.' },
    CANCELLED: { stored: 'CANCELLED', description: 'Ended by a person.' },
  },
)

export type State = 'QUEUED' | 'PREPARING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

/** The states in which a job may still move. */
export const liveStates: ReadonlySet<string> = new Set<State>(['QUEUED', 'PREPARING', 'RUNNING'])
