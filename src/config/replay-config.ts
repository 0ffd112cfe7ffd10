import { z } from 'zod'
import { oneOf, type ValueOf, type Variable } from './variable.ts'

/** What plays the writers of the embedded databases. */
export interface ReplayConfig {
  readonly isOn: boolean
  /** How many seconds are played in one. */
  readonly speed: number
  /** Folder of a cluster's trace that is played; undefined for a plan drawn from a seed. */
  readonly traceFolder: string | undefined
}

const speed = z
  .string()
  .regex(/^\d{1,4}(\.\d{1,3})?$/, { error: 'must be a number from 0.01 to 1000', abort: true })
  .transform(Number)
  .pipe(z.number().min(0.01, 'must be 0.01 at least').max(1000, 'must be 1000 at most'))

/** Settings of the replayer, which moves the rows of the embedded databases. */
export const replayVariables = {
  REPLAY: {
    schema: oneOf(['on', 'off']),
    fallback: 'on',
    description:
      'off leaves the rows of the embedded databases alone; else jobs run as their writers would move them',
  },
  REPLAY_SPEED: {
    schema: speed,
    fallback: '1',
    description: 'how many seconds are played in one',
  },
  REPLAY_TRACE: {
    schema: z.string(),
    description: "folder of a GPU cluster's trace (tasks.csv, inference-requests.csv) to play instead",
  },
} as const satisfies Record<string, Variable>

type ReplayValues = { [Name in keyof typeof replayVariables]: ValueOf<(typeof replayVariables)[Name]> }

/** The settings by what they mean. */
export const replayConfig = (values: ReplayValues): ReplayConfig => ({
  isOn: values.REPLAY === 'on',
  speed: values.REPLAY_SPEED,
  traceFolder: values.REPLAY_TRACE,
})
