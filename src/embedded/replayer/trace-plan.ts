/*
 * The trace runs over five months, and its longest task over all of them. Played for somebody who watches, its order
 * and its outcomes are kept and its times are not: an hour of it passes in some seconds, and nothing is shorter or
 * longer than one would care to see. What still ran or waited when the recording ended takes its longest here.
 */
import { TributaryError } from '../../errors/tributary-error.ts'
import { readRequests, type ServiceRequest } from '../cluster-trace/requests.ts'
import { readTasks, type Task } from '../cluster-trace/tasks.ts'
import { architectureFor } from '../seed/jobs.ts'
import { Random } from '../seed/random.ts'
import type { Plan, PlannedRun } from './plan.ts'

/** Seconds of the trace that pass in a played one. */
const haste = 400
const epochs = 20
const longestSeconds = 300
const longestWaitSeconds = 60

const within = (seconds: number, least: number, most: number) => Math.min(most, Math.max(least, seconds))

/**
 * The plan of a real cluster's tasks and requests, from the folder of its CSV files; after the last, the first again.
 *
 * @throws TributaryError CONFIG_INVALID where the folder does not hold them.
 */
export async function tracePlan(folder: string): Promise<Plan> {
  const [tasks, requests] = await Promise.all([readTasks(folder), readRequests(folder)]).catch((error) => {
    const message = `REPLAY_TRACE=${JSON.stringify(folder)} cannot be played: ${error.message}`
    throw new TributaryError('CONFIG_INVALID', message, { cause: error })
  })
  return {
    training(number) {
      const task = nth(tasks, number)
      const { waitSeconds, runSeconds, fails } = runOfTask(task)
      const kind = task.gpus === 0 ? 'image_classification' : 'object_detection'
      return {
        task: kind,
        ...architectureFor(kind, new Random(task.name)),
        epochs,
        batchSize: 32 * Math.max(1, task.gpus),
        learningRate: 0.001,
        pace: {
          waitSeconds,
          epochSeconds: runSeconds / epochs,
          ...(fails && { failure: { epoch: 1 + (task.number % epochs), cause: 'killed' } }),
        },
      }
    },
    submission: (number) => runOfTask(nth(tasks, number)),
    prediction: (number) => runOfRequest(nth(requests, number)),
  }
}

function nth<T>(list: readonly T[], number: number): T {
  const item = list[(number - 1) % list.length]
  if (item === undefined) throw new RangeError('the trace is empty')
  return item
}

function runOfTask({ created, scheduled, ended, phase }: Task): PlannedRun {
  const wait = scheduled === null ? Number.POSITIVE_INFINITY : scheduled - created
  const run = scheduled === null || ended === null ? Number.POSITIVE_INFINITY : ended - scheduled
  return {
    waitSeconds: within(wait / haste, 1, longestWaitSeconds),
    runSeconds: within(run / haste, 10, longestSeconds),
    fails: phase === 'Failed',
  }
}

const runOfRequest = ({ seconds, status }: ServiceRequest): PlannedRun => ({
  waitSeconds: 1,
  runSeconds: within(seconds / 4, 2, longestSeconds),
  fails: status === 'FAILED',
})
