import { taskMetrics } from './domains.ts'
import type { Job } from './jobs.ts'
import type { Project } from './projects.ts'
import { Random } from './random.ts'
import { day, hour, type Moment, now, timestamp } from './time.ts'

export interface Experiment {
  readonly id: number
  readonly projectId: number
  readonly name: string
  readonly created: Moment
}

const names = [
  'Baseline',
  'Augmentation sweep',
  'Larger backbone',
  'Learning rate search',
  'New labels, round 2',
  'Edge model',
  'Auflösung 1280',
  '夜間データ追加',
  'Distillation',
]
const tags = ['baseline', 'sweep', 'edge', 'paper', 'customer demo', 'nightly', '検証']

/** Three experiments for each project. */
export function experiments(projects: readonly Project[]): Experiment[] {
  const random = new Random('experiments')
  return projects.flatMap((project, place) =>
    random.sample(names, 3).map((name, index) => ({
      id: place * 3 + index + 1,
      projectId: project.id,
      name,
      created: Math.floor(project.created + random.between(hour, 10 * day)),
    })),
  )
}

/** Their rows, with the counts and the best values that the platform caches in them. */
export function experimentRows(list: readonly Experiment[], jobs: readonly Job[]) {
  const random = new Random('experiment rows')
  return list.map((experiment) => {
    const runs = jobs.filter((job) => job.experiment === experiment)
    const completed = runs.filter((job) => job.status === 'completed')
    const [first] = completed
    const scores = completed.flatMap((job) => job.attempts.at(-1)?.points.at(-1)?.score ?? [])
    const losses = completed
      .map((job) => job.attempts.at(-1)?.points.at(-1)?.loss)
      .filter((loss) => typeof loss === 'number')
    return {
      id: experiment.id,
      project_id: experiment.projectId,
      name: experiment.name,
      description: random.chance(0.4) ? `${experiment.name}: see the notes of each run.` : null,
      tags: random.chance(0.85) ? random.sample(tags, random.integer(0, 3)) : null,
      mlflow_experiment_id: random.chance(0.8) ? String(1000 + experiment.id) : null,
      mlflow_experiment_name: random.chance(0.8)
        ? `project-${experiment.projectId}/${experiment.name}`
        : null,
      num_runs: runs.length,
      num_completed_runs: completed.length,
      best_metrics:
        first === undefined || scores.length === 0
          ? null
          : { [taskMetrics[first.task].primary]: Math.max(...scores), loss: Math.min(...losses) },
      created_at: timestamp(experiment.created),
      updated_at: timestamp(
        Math.min(now, Math.max(experiment.created, ...runs.map((job) => job.completed ?? job.created))),
      ),
    }
  })
}
