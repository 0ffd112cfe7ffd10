import type { TaskType } from '../seed/domains.ts'
import { domains } from '../seed/domains.ts'
import { architectureFor, type FailureCause } from '../seed/jobs.ts'
import { Random } from '../seed/random.ts'

/** How fast a training goes and how it ends. */
export interface Pace {
  /** Played seconds from being asked for to its start. */
  readonly waitSeconds: number
  readonly epochSeconds: number
  /** In which epoch it fails, and of what; it succeeds without. */
  readonly failure?: { readonly epoch: number; readonly cause: Exclude<FailureCause, 'no snapshot'> }
}

/** A training to ask for. */
export interface PlannedTraining {
  readonly task: TaskType
  readonly framework: string
  readonly model: string
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly pace: Pace
}

/** How long a SLURM job waits and runs, in played seconds, and whether it fails. */
export interface PlannedRun {
  readonly waitSeconds: number
  readonly runSeconds: number
  readonly fails: boolean
}

/** What is asked for, one after another, and what becomes of it: the same on every run. Numbers begin at 1. */
export interface Plan {
  training(number: number): PlannedTraining
  submission(number: number): PlannedRun
  prediction(number: number): PlannedRun
}

const tasks = [...new Set(Object.values(domains).map(({ task }) => task))]
const epochChoices = { 5: 20, 10: 35, 20: 25, 40: 15, 100: 5 }
const causes = { diverged: 35, 'out of memory': 40, killed: 25 }

/** The pace of a training that is in no plan: one that a person has asked for, or that was there before. */
export function paceOf(epochs: number, random: Random): Pace {
  return {
    waitSeconds: random.between(1, 6),
    epochSeconds: random.between(1.5, 8),
    ...(random.chance(0.12) && {
      failure: { epoch: random.integer(1, epochs), cause: random.weighted(causes) },
    }),
  }
}

/** A plan drawn from a seed. */
export const seededPlan: Plan = {
  training(number) {
    const random = new Random(`training ${number}`)
    const task = random.pick(tasks)
    const epochs = Number(random.weighted(epochChoices))
    return {
      task,
      ...architectureFor(task, random),
      epochs,
      batchSize: random.pick([8, 16, 16, 32, 64]),
      learningRate: random.pick([0.0001, 0.0005, 0.001, 0.002, 0.01]),
      pace: paceOf(epochs, random),
    }
  },
  submission: (number) => runOf(new Random(`submission ${number}`), [20, 240]),
  prediction: (number) => runOf(new Random(`prediction ${number}`), [4, 40]),
}

const runOf = (random: Random, [shortest, longest]: readonly [number, number]): PlannedRun => ({
  waitSeconds: random.between(1, 25),
  runSeconds: random.between(shortest, longest),
  fails: random.chance(0.12),
})
