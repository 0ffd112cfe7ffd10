import { domains, taskMetrics } from './domains.ts'
import { type Job, longJobId } from './jobs.ts'
import { inOrderOfTime } from './metrics.ts'
import { Random } from './random.ts'
import { type Moment, second } from './time.ts'

interface Line {
  readonly moment: Moment
  readonly job_id: number
  readonly log_type: string
  readonly content: string
}

/** The platform's rotation keeps the oldest of a job's lines. */
export const linesKept = 1_900

/** Lines that trainers write now and then: type and text. */
export const asides = [
  ['DEBUG', '[DEBUG] dataloader: 8 workers, pinned memory'],
  ['WARNING', '[WARNING] 3 images have no labels and are used as background'],
  ['stdout', 'Transferred 355/361 items from pretrained weights'],
  ['stderr', 'UserWarning: lr_scheduler.step() was called before optimizer.step()'],
  ['INFO', '[INFO] AMP: checks passed'],
  // A spelling that no version of the platform documents.
  ['heartbeat', 'alive'],
] as const

/** A line as Python leaves one behind. */
export const traceback = (message: string) =>
  [
    'Traceback (most recent call last):',
    '  File "/app/trainer/train.py", line 412, in main',
    '    trainer.fit(model, loaders)',
    '  File "/app/trainer/engine.py", line 188, in fit',
    '    loss = self.step(batch)',
    message,
  ].join('\n')

/** Rows of logs: how each job began, some of its epochs, and how it ended; the long job line by line. */
export function logRows(jobs: readonly Job[]) {
  const random = new Random('logs')
  return inOrderOfTime(
    jobs.flatMap((job) => linesOf(job, random)),
    random,
  )
}

function linesOf(job: Job, random: Random): Line[] {
  const lines: Line[] = []
  const write = (moment: Moment, log_type: string, content: string) =>
    lines.push({ moment, job_id: job.id, log_type, content })
  const every = job.id === longJobId ? 1 : Math.ceil(job.epochs / 2)
  const { primary } = taskMetrics[job.task]
  for (const { started, points } of job.attempts) {
    const { dataset, images } = domains[job.domain]
    write(started + second, 'trainer', `[INFO] ${job.framework} ${job.model} on ${dataset}: ${images} images`)
    const [type, content] = random.pick(asides)
    if (random.chance(0.7)) write(started + 2 * second, type, content)
    for (const { epoch, moment, loss, score, learningRate } of points) {
      if (epoch % every !== 0) continue
      write(moment, 'training', `[INFO] Epoch ${epoch}/${job.epochs} loss ${loss} lr ${learningRate}`)
      if (score !== null && random.chance(0.7))
        write(moment + 40_000, 'validation', `[INFO] ${primary} ${score}`)
    }
    const last = points.at(-1)
    if (last !== undefined && last.score !== null) {
      write(last.moment + second, 'checkpoint', `[INFO] Saved best.pt (epoch ${last.epoch})`)
    }
  }
  const end = job.completed ?? 0
  if (job.status === 'completed')
    write(end, random.pick(['INFO', 'trainer']), '[INFO] Training finished, exit code 0')
  if (job.cause === 'diverged') write(end, 'ERROR', '[ERROR] Loss is not finite, stopping')
  if (job.cause === 'out of memory') {
    write(
      end - 1_000,
      'stderr',
      traceback('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.20 GiB'),
    )
    write(end, 'error', '[ERROR] Training failed with exit code 1')
  }
  if (job.cause === 'killed') write(end, 'error', '[ERROR] Trainer was killed (signal 9)')
  if (job.cause === 'no snapshot') write(job.created + second, 'ERROR', '[ERROR] Snapshot could not be made')
  return lines.slice(0, linesKept)
}
