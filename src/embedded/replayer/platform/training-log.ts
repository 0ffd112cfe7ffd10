import type { Client } from 'pg'
import { domains, taskMetrics } from '../../seed/domains.ts'
import type { FailureCause } from '../../seed/jobs.ts'
import { asides, linesKept, traceback } from '../../seed/logs.ts'
import { Random } from '../../seed/random.ts'
import { insertRow } from '../insert-row.ts'
import type { Training } from './training.ts'

/** Type and text of a log line. */
export type Line = readonly [type: string, content: string]

/** Lines that a trainer gathers before it sends them. */
const bufferLength = 10
/** Rows of a job at which the platform's rotation sets in. */
const rotationAt = 2_000
/** Lines of an epoch in which every few batches are told of. */
const chattyLines = 24

export function beginningLines({ row, subject }: Training): Line[] {
  const { dataset, images } = domains[subject.domain]
  return [
    ['trainer', `[INFO] ${row.framework} ${row.model_name} on ${dataset}: ${images} images`],
    new Random(`aside ${row.id}`).pick(asides),
  ]
}

export function epochLines({ row, subject, isChatty, point }: Training, epoch: number): Line[] {
  const { loss, score, learningRate } = point(epoch)
  const steps = Array.from(
    { length: isChatty ? chattyLines : 0 },
    (_, index): Line => ['stdout', `Epoch ${epoch}: ${Math.round((100 * (index + 1)) / chattyLines)} %`],
  )
  return [
    ...steps,
    ['training', `[INFO] Epoch ${epoch}/${row.epochs} loss ${loss} lr ${learningRate}`],
    ...(score === null
      ? []
      : [['validation', `[INFO] ${taskMetrics[subject.task].primary} ${score}`] as const]),
    ...(epoch % 10 === 0 ? [['checkpoint', `[INFO] Saved epoch${epoch}.pt`] as const] : []),
  ]
}

export function endingLines(cause: FailureCause | undefined): Line[] {
  switch (cause) {
    case undefined:
      return [['trainer', '[INFO] Training finished, exit code 0']]
    case 'diverged':
      return [['ERROR', '[ERROR] Loss is not finite, stopping']]
    case 'out of memory':
      return [
        ['stderr', traceback('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.20 GiB')],
        ['error', '[ERROR] Training failed with exit code 1'],
      ]
    default:
      return [['error', '[ERROR] Trainer was killed (signal 9)']]
  }
}

/**
 * Lines of a job on their way into the table. Sent one by one, and rotated as the platform does it: past 2,000 rows it
 * deletes all but the oldest 1,900, so that the newest go first.
 */
export class LogBuffer {
  readonly #client: Client
  readonly #job: number
  readonly #lines: Line[] = []
  #rows: number

  private constructor(client: Client, job: number, rows: number) {
    this.#client = client
    this.#job = job
    this.#rows = rows
  }

  static async of(client: Client, job: number): Promise<LogBuffer> {
    const { rows } = await client.query('SELECT count(*)::int AS count FROM logs WHERE job_id = $1', [job])
    return new LogBuffer(client, job, rows[0]?.count ?? 0)
  }

  get isFull(): boolean {
    return this.#lines.length >= bufferLength
  }

  add(...lines: readonly Line[]): void {
    this.#lines.push(...lines)
  }

  async flush(): Promise<void> {
    for (const [log_type, content] of this.#lines.splice(0)) {
      await insertRow(this.#client, 'logs', { job_id: this.#job, log_type, content }, ['created_at'])
      this.#rows++
    }
    if (this.#rows <= rotationAt) return
    await this.#client.query(
      'DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE job_id = $1 ORDER BY id OFFSET $2)',
      [this.#job, linesKept],
    )
    this.#rows = linesKept
  }
}
