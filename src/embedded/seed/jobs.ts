import { type Attempt, attempts, type Divergence } from './course.ts'
import { architectures, type DomainName, domains, type TaskType } from './domains.ts'
import type { Experiment } from './experiments.ts'
import type { Project } from './projects.ts'
import { Random } from './random.ts'
import { day, hour, type Moment, minute, now, second } from './time.ts'

export type JobStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'stopped'
export type FailureCause = 'diverged' | 'out of memory' | 'killed' | 'no snapshot'

/** One training, as its rows in several tables tell it. */
export interface Job {
  readonly id: number
  readonly project: Project | undefined
  readonly experiment: Experiment | undefined
  readonly domain: DomainName
  readonly task: TaskType
  readonly framework: string
  readonly model: string
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly status: JobStatus
  readonly cause: FailureCause | undefined
  readonly created: Moment
  readonly started: Moment | null
  readonly completed: Moment | null
  /** What ran: nothing, one attempt, or two when the job was started again after it had ended. */
  readonly attempts: readonly Attempt[]
}

/** Where a job's trainer writes. */
export const outputOf = (job: Pick<Job, 'id'>) => `/data/outputs/job_${job.id}`

const jobCount = 3_000
/** The jobs of the last hours, of which many have not ended. */
const recentCount = 60
/** The one with thousands of epochs. */
export const longJobId = 2_000
const longEpochs = 5_000

/** Which libraries train, as often as their weights say. */
const frameworks = {
  ultralytics: 40,
  timm: 20,
  huggingface: 12,
  mmdet: 9,
  mmseg: 7,
  mmpretrain: 4,
  mmyolo: 4,
  'vfm-v1': 4,
}
const epochChoices = { 3: 5, 5: 15, 10: 35, 15: 20, 20: 15, 30: 7, 50: 2.5, 100: 0.5 }
const oldStatuses = { completed: 740, failed: 125, cancelled: 60, stopped: 60, pending: 4, running: 3 }
const recentStatuses = { running: 34, completed: 16, failed: 5, cancelled: 3, stopped: 2 }
const newestStatuses = { pending: 60, running: 25, completed: 15 }
const causes = { diverged: 30, 'out of memory': 35, killed: 25, 'no snapshot': 10 }
/** What a loss becomes that is no longer finite. */
export const divergences = { NaN: 66, Infinity: 26, '-Infinity': 8 }

/** All trainings, in the order of their creation. */
export function jobs(projects: readonly Project[], experiments: readonly Experiment[]): Job[] {
  const random = new Random('jobs')
  const list: Job[] = []
  /** How many of the next jobs belong to the sweep at work: alike but for the learning rate, made at one moment. */
  let sweep = 0
  for (let id = 1; id <= jobCount; id++) {
    const previous = list.at(-1)
    const template = sweep > 0 && id !== longJobId ? previous : undefined
    sweep = id === longJobId ? 0 : sweep > 0 ? sweep - 1 : random.chance(0.02) ? 3 : 0
    const subject = template ?? newSubject({ id, projects, experiments, random })
    const created = template?.created ?? Math.max(createdAt(id, random), previous?.created ?? 0)
    list.push({ ...subject, ...newRun({ id, subject, created, random }), id, created })
  }
  return list
}

function createdAt(id: number, random: Random): Moment {
  const old = jobCount - recentCount
  const from = id <= old ? now - 270 * day : now - 30 * hour
  const to = id <= old ? now - 30 * hour : now - 2 * minute
  const place = id <= old ? (id - 1 + random.next()) / old : (id - old - 1 + random.next()) / recentCount
  return from + Math.floor(place * (to - from))
}

type Subject = Pick<
  Job,
  'project' | 'experiment' | 'domain' | 'task' | 'framework' | 'model' | 'epochs' | 'batchSize'
>

function newSubject(options: {
  readonly id: number
  readonly projects: readonly Project[]
  readonly experiments: readonly Experiment[]
  readonly random: Random
}): Subject {
  const { id, projects, experiments, random } = options
  // The first projects are the busiest; some jobs, started from a chat, have none.
  const busy = projects[Math.floor(random.next() ** 2 * projects.length)]
  const project = id === longJobId ? projects[0] : random.chance(0.12) ? undefined : busy
  const domain = project?.domain ?? random.pick(Object.keys(domains) as DomainName[])
  const task: TaskType = domains[domain].task
  const { framework, model } = architectureFor(task, random)
  const own = experiments.filter((experiment) => experiment.projectId === project?.id)
  return {
    project,
    experiment: own.length > 0 && random.chance(0.7) ? random.pick(own) : undefined,
    domain,
    task,
    framework,
    model,
    epochs: id === longJobId ? longEpochs : Number(random.weighted(epochChoices)),
    batchSize: random.pick([8, 16, 16, 32, 64]),
  }
}

/** A library and one of its architectures that can be trained for a task. */
export function architectureFor(task: TaskType, random: Random): Pick<Job, 'framework' | 'model'> {
  const able = Object.entries(frameworks).filter(
    ([framework]) => architectures[framework]?.[task] !== undefined,
  )
  const framework = random.weighted(Object.fromEntries(able))
  const [model] = random.pick(architectures[framework]?.[task] ?? [])
  return { framework, model }
}

type Run = Pick<Job, 'learningRate' | 'status' | 'cause' | 'started' | 'completed' | 'attempts'>

function newRun(options: {
  readonly id: number
  readonly subject: Subject
  readonly created: Moment
  readonly random: Random
}): Run {
  const { id, subject, created, random } = options
  const { epochs } = subject
  const learningRate = random.pick([0.0001, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01])
  const status = statusOf(id, random)
  const cause = status === 'failed' ? random.weighted(causes) : undefined
  if (status === 'pending' || cause === 'no snapshot' || (status === 'cancelled' && random.chance(0.4))) {
    return { learningRate, status, cause, started: null, completed: null, attempts: [] }
  }

  const queued = Math.min(random.integer(5 * second, 12 * minute), Math.floor((now - created) / 3))
  const again =
    id !== longJobId && status === 'completed' && id <= jobCount - recentCount && random.chance(0.02)
  const firstDone = again ? random.integer(1, Math.ceil(epochs * 0.8)) : 0
  const done =
    status === 'completed' ? epochs : random.integer(status === 'running' ? 0 : 1, Math.max(1, epochs - 1))
  const left = now - created - queued - minute
  const wanted = id === longJobId ? 30 * second : random.between(4, 24) ** 2 * second
  const epochTime =
    status === 'running' && id > jobCount - recentCount
      ? left / (done + 0.5)
      : Math.min(wanted, left / (firstDone + done + 1))

  const firstStarted = created + queued
  const started = Math.floor(firstStarted + (again ? (firstDone + 0.5) * epochTime : 0))
  const ended = Math.floor(started + (done + random.next() * 0.4) * epochTime)
  const divergence: Divergence | undefined =
    cause === 'diverged'
      ? { from: Math.max(1, done - random.integer(0, 3)), value: random.weighted(divergences) }
      : undefined
  return {
    learningRate,
    status,
    cause,
    started,
    completed: status === 'running' ? null : ended,
    attempts: attempts({
      random,
      subject: { ...subject, learningRate },
      epochTime,
      runs: again
        ? [
            { started: firstStarted, done: firstDone, divergence: undefined },
            { started, done, divergence },
          ]
        : [{ started, done, divergence }],
    }),
  }
}

function statusOf(id: number, random: Random): JobStatus {
  if (id === longJobId) return 'completed'
  if (id > jobCount - 14) return random.weighted(newestStatuses)
  return random.weighted(id > jobCount - recentCount ? recentStatuses : oldStatuses)
}
