import { round } from './course.ts'
import { domains, type TaskType, taskMetrics } from './domains.ts'
import type { Job } from './jobs.ts'
import type { Random } from './random.ts'

/** The metrics of a task at a score. */
export function overall(task: TaskType, score: number, random: Random): Record<string, number> {
  const { primary, others } = taskMetrics[task]
  const values = Object.entries(others).map(([name, share]) => [
    name,
    round(Math.min(0.999, score * share * (1 + 0.01 * random.normal())), 4),
  ])
  return { [primary]: score, ...Object.fromEntries(values) }
}

/** Values of each class, and how often it was taken for another. */
export function perClass(job: Pick<Job, 'domain' | 'task'>, score: number, random: Random) {
  const { classes } = domains[job.domain]
  const support = classes.map(() => random.integer(30, 400))
  const near = () => round(Math.max(0.02, Math.min(0.995, score + 0.08 * random.normal())), 4)
  const matrix = classes.map((_, actual) => {
    const total = support[actual] ?? 0
    const row = classes.map(() => 0)
    const right = Math.round(total * Math.min(0.98, score))
    row[actual] = right
    for (let left = total - right; left > 0 && classes.length > 1; left--) {
      const guess = (actual + random.integer(1, classes.length - 1)) % classes.length
      row[guess] = (row[guess] ?? 0) + 1
    }
    return row
  })
  return {
    per_class_metrics: Object.fromEntries(
      classes.map((name, index) => [
        name,
        { precision: near(), recall: near(), f1: near(), support: support[index] ?? 0 },
      ]),
    ),
    confusion_matrix: job.task === 'pose_estimation' ? null : matrix,
    class_names: [...classes],
  }
}
