import { type Divergence, type Learning, learning, type Point } from '../../seed/course.ts'
import { type DomainName, domains, type TaskType, taskMetrics } from '../../seed/domains.ts'
import { divergences } from '../../seed/jobs.ts'
import type { Measured } from '../../seed/metrics.ts'
import { Random } from '../../seed/random.ts'
import { type Pace, type Plan, paceOf } from '../plan.ts'

/** A row of training_jobs, as far as a trainer looks at it. */
export interface JobRow {
  readonly id: number
  readonly status: string
  readonly framework: string
  readonly model_name: string
  readonly task_type: string
  readonly epochs: number
  readonly batch_size: number
  readonly learning_rate: number
  readonly experiment_id: number | null
  readonly workflow_id: string | null
}

/** What a trainer knows of its job: the same whenever it is asked, for it follows from the row. */
export interface Training {
  readonly row: JobRow
  readonly subject: Measured
  readonly pace: Pace
  /** Whether it writes a line for every few batches. */
  readonly isChatty: boolean
  /** Whether it validates after every epoch. */
  readonly validates: boolean
  /** What an epoch comes to. */
  point(epoch: number): Omit<Point, 'moment'>
}

/** How the jobs that the replayer has asked for are marked; it clears away no others. */
export const workflowPrefix = 'replay-'

const isTask = (text: string): text is TaskType => text in taskMetrics

/** A task that people have a word of their own for is trained like the most usual. */
const taskOf = (text: string): TaskType => (isTask(text) ? text : 'object_detection')

function domainOf(task: TaskType, random: Random): DomainName {
  const names = Object.keys(domains) as DomainName[]
  return random.pick(names.filter((name) => domains[name].task === task))
}

export function trainingOf(row: JobRow, plan: Plan): Training {
  const random = new Random(`trainer ${row.id}`)
  const task = taskOf(row.task_type)
  const domain = domainOf(task, random)
  const learn = learning(
    {
      framework: row.framework,
      model: row.model_name,
      task,
      epochs: row.epochs,
      learningRate: row.learning_rate,
    },
    random,
  )
  const number = numberOf(row)
  const pace = number === undefined ? paceOf(row.epochs, random) : plan.training(number).pace
  const divergence =
    pace.failure?.cause === 'diverged'
      ? { from: Math.max(1, pace.failure.epoch - 2), value: random.weighted(divergences) }
      : undefined
  return {
    row,
    subject: { id: row.id, framework: row.framework, task, domain, batchSize: row.batch_size },
    pace,
    isChatty: random.chance(0.15),
    validates: random.chance(0.4),
    point: (epoch) => pointOf({ row, epoch, learn, divergence }),
  }
}

/** Which of the planned trainings a job is. */
export function numberOf({ workflow_id }: Pick<JobRow, 'workflow_id'>): number | undefined {
  return workflow_id?.startsWith(workflowPrefix)
    ? Number(workflow_id.slice(workflowPrefix.length))
    : undefined
}

function pointOf(options: {
  readonly row: JobRow
  readonly epoch: number
  readonly learn: Learning
  readonly divergence: Divergence | undefined
}): Omit<Point, 'moment'> {
  const { row, epoch, learn, divergence } = options
  const learnt = learn(epoch, new Random(`epoch ${row.id} ${epoch}`).normal())
  const isLost = divergence !== undefined && epoch >= divergence.from
  return { epoch, ...learnt, ...(isLost && { loss: divergence.value, score: null }) }
}
