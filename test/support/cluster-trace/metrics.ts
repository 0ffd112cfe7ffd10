import { readCsv } from '../../../src/embedded/cluster-trace/csv.ts'
import type { Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import { traceTimestamp } from './moment.ts'

const iterationsInEpoch = 300

/** The task that was still running when the recording stopped, of the most GPUs. */
export function longestRunning(tasks: readonly Task[]): Task {
  const left = tasks.filter(({ phase, ended }) => phase === 'Running' && ended === null)
  const [first] = left.toSorted((a, b) => b.gpus - a.gpus || a.number - b.number)
  if (!first) throw new Error('tasks.csv has no task that was still running at its end')
  return first
}

/**
 * Rows of `metrics`, all of one job: each measurement of a worker's mini-batch is a step of its own, in the order of
 * the file, with the time it took as the metric `batch_time`.
 */
export async function metricRows(folder: string, job: Task): Promise<object[]> {
  const records = await readCsv({
    folder,
    file: 'minibatch-times.csv',
    columns: ['worker', 'time', 'batch_time_norm'],
  })
  return records.map(({ worker, time, batch_time_norm }, index) => ({
    id: index + 1,
    job_id: job.number,
    epoch: Math.ceil(Number(time) / iterationsInEpoch),
    step: index + 1,
    extra_metrics: { batch_time: Number(batch_time_norm), worker: Number(worker), iteration: Number(time) },
    created_at: traceTimestamp((job.scheduled ?? job.created) + Number(time)),
  }))
}
