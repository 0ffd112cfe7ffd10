import { round } from './course.ts'
import { domains, taskMetrics } from './domains.ts'
import { type Job, outputOf } from './jobs.ts'
import { Random } from './random.ts'
import { overall, perClass } from './scores.ts'
import { day, hour, type Moment, minute, now, second, timestampOrNull } from './time.ts'

/** The jobs that left a checkpoint, with the score that they ended at. */
export function trained(jobs: readonly Job[]): { job: Job; score: number; ended: Moment }[] {
  return jobs.flatMap((job) => {
    const score = job.attempts.at(-1)?.points.at(-1)?.score
    if (job.status !== 'completed' || typeof score !== 'number' || job.completed === null) return []
    return [{ job, score, ended: job.completed }]
  })
}

/** The checkpoint that a training leaves as its best. */
export const checkpointOf = (job: Pick<Job, 'id'>) => `${outputOf(job)}/weights/best.pt`

/** When something was asked for after a training, began and ended; as far as its status has got. */
export function lifetime(
  status: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled',
  ended: Moment,
  random: Random,
) {
  const waiting = status === 'pending' || status === 'running'
  const created = waiting
    ? now - random.integer(5 * minute, 5 * hour)
    : Math.min(now - hour, ended + random.integer(minute, 20 * day))
  const started =
    status === 'pending' || status === 'cancelled' ? null : created + random.integer(second, 4 * minute)
  const completed = started === null || waiting ? null : started + random.integer(8 * second, 40 * minute)
  return { created, started, completed }
}

const statuses = { completed: 80, failed: 10, running: 5, pending: 5 }

/** Rows of test_runs: checkpoints evaluated on a split that they had not seen. */
export function testRunRows(jobs: readonly Job[]) {
  const random = new Random('test runs')
  return random.sample(trained(jobs), 320).map(({ job, score, ended }, index) => {
    const status = random.weighted(statuses)
    const { created, started, completed } = lifetime(status, ended, random)
    const tested = round(Math.max(0.05, score - random.between(0, 0.06)), 4)
    const done = status === 'completed'
    return {
      id: index + 1,
      training_job_id: job.id,
      checkpoint_path: checkpointOf(job),
      dataset_path: `/data/datasets/${domains[job.domain].dataset}/test`,
      dataset_split: random.chance(0.95) ? 'test' : null,
      status,
      error_message: status === 'failed' ? 'Split test is empty' : null,
      task_type: job.task,
      primary_metric_name: done ? taskMetrics[job.task].primary : null,
      primary_metric_value: done ? tested : null,
      overall_loss: done ? (index % 97 === 5 ? 'NaN' : round(random.between(0.1, 0.8), 6)) : null,
      metrics: done ? overall(job.task, tested, random) : null,
      ...(done
        ? perClass(job, tested, random)
        : { per_class_metrics: null, confusion_matrix: null, class_names: null }),
      total_images: done ? Math.round(domains[job.domain].images * 0.1) : 0,
      inference_time_ms: done ? round(random.between(3, 42), 3) : null,
      created_at: timestampOrNull(index % 150 === 3 ? null : created),
      started_at: timestampOrNull(started),
      completed_at: timestampOrNull(completed),
    }
  })
}

/** Rows of inference_jobs: checkpoints run over pictures without labels. */
export function inferenceJobRows(jobs: readonly Job[]) {
  const random = new Random('inference jobs')
  return random.sample(trained(jobs), 420).map(({ job, ended }, index) => {
    const status = random.weighted(statuses)
    const { created, started, completed } = lifetime(status, ended, random)
    const type = random.weighted({ single: 30, batch: 50, dataset: 20 })
    const images =
      type === 'single' ? 1 : type === 'batch' ? random.integer(4, 200) : domains[job.domain].images
    const each = random.between(3, 60)
    const done = status === 'completed'
    return {
      id: index + 1,
      training_job_id: job.id,
      checkpoint_path: checkpointOf(job),
      inference_type: type,
      input_data:
        type === 'dataset'
          ? { dataset_path: `/data/datasets/${domains[job.domain].dataset}`, confidence_threshold: 0.25 }
          : { image_paths: [`uploads/${random.hex(12)}.jpg`], confidence_threshold: 0.25 },
      status,
      error_message: status === 'failed' ? 'Cannot read image: truncated file' : null,
      task_type: job.task,
      total_images: status === 'pending' ? 0 : images,
      total_inference_time_ms: done ? round(images * each, 3) : null,
      avg_inference_time_ms: done ? round(each, 3) : null,
      created_at: timestampOrNull(index % 200 === 7 ? null : created),
      started_at: timestampOrNull(started),
      completed_at: timestampOrNull(completed),
    }
  })
}
