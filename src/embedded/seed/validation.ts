import { round } from './course.ts'
import { domains, taskMetrics } from './domains.ts'
import { type Job, outputOf } from './jobs.ts'
import { inOrderOfTime } from './metrics.ts'
import { Random } from './random.ts'
import { overall, perClass } from './scores.ts'

/** Rows of validation_results: for one job in three, four of its epochs and always the last. */
export function validationRows(jobs: readonly Job[]) {
  const random = new Random('validation results')
  const rows = jobs.flatMap((job) => {
    const points = job.id % 3 === 1 ? (job.attempts.at(-1)?.points ?? []) : []
    const every = Math.ceil(points.length / 4)
    const chosen = points.filter(
      ({ epoch, score }) => score !== null && (epoch % every === 0 || epoch === points.length),
    )
    return chosen.map(({ epoch, moment, score, loss }) => {
      const { primary } = taskMetrics[job.task]
      const value = score ?? 0
      return {
        moment: moment + 900_000,
        job_id: job.id,
        epoch,
        task_type: job.task,
        primary_metric_value: value,
        primary_metric_name: primary,
        overall_loss: typeof loss === 'number' ? round(loss * random.between(1.02, 1.25), 6) : loss,
        metrics: overall(job.task, value, random),
        ...perClass(job, value, random),
        pr_curves: null,
        visualization_data: null,
        ...samples(job, epoch, random),
        checkpoint_path: `${outputOf(job)}/weights/epoch${epoch}.pt`,
      }
    })
  })
  return inOrderOfTime(rows, random)
}

function samples(job: Job, epoch: number, random: Random) {
  const { classes, dataset } = domains[job.domain]
  if (job.task !== 'image_classification' || epoch !== job.epochs) {
    return { sample_correct_images: null, sample_incorrect_images: null }
  }
  const image = () => `${dataset}/val/${random.integer(1, 9_999)}.jpg`
  const wrong = () => ({ image: image(), true: random.pick(classes), predicted: random.pick(classes) })
  return { sample_correct_images: [image(), image()], sample_incorrect_images: [wrong(), wrong()] }
}
