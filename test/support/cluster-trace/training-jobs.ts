import type { Phase, Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import { traceTimestamp } from './moment.ts'
import type { Projects } from './projects.ts'

/*
 * A task that was Running or Pending when it was deleted keeps that state beside its end. The platform has such rows
 * too: its callbacks carry no guard, and a late one overwrites the state that a job ended in.
 */
const statuses: Readonly<Record<Phase, string>> = {
  Succeeded: 'completed',
  Running: 'running',
  Failed: 'failed',
  Pending: 'pending',
}

/** By number of GPUs; a task without is classical. */
const frameworks = new Map([
  [0, 'timm'],
  [1, 'ultralytics'],
  [2, 'mmdet'],
  [4, 'mmseg'],
  [8, 'huggingface'],
])

/** Epochs that every job is to train. */
export const epochs = 20

const textOrNull = (seconds: number | null) => (seconds === null ? null : traceTimestamp(seconds))

/** Rows of `training_jobs`; a job's key is its task's number. Jobs of the quality BE have no creator. */
export const trainingJobRows = (tasks: readonly Task[], { projectOf, peopleOf }: Projects): object[] =>
  tasks.map((task) => {
    const project = projectOf(task)
    const people = peopleOf(project)
    return {
      id: task.number,
      project_id: project,
      created_by: task.qos === 'BE' ? null : people[task.number % people.length],
      tags: [task.qos],
      notes: task.name,
      observability_backends: 'database',
      framework: frameworks.get(task.gpus) ?? 'timm',
      model_name: task.gpus === 0 ? 'resnet18' : 'yolo11n',
      task_type: task.gpus === 0 ? 'image_classification' : 'object_detection',
      dataset_format: 'imagefolder',
      output_dir: `/outputs/${task.name}`,
      epochs,
      batch_size: 32 * Math.max(1, task.gpus),
      learning_rate: 0.001,
      advanced_config: {
        cpuMilli: task.milliCpus,
        memoryMib: task.mebibytes,
        gpus: task.gpus,
        gpuMilli: task.milliGpus,
      },
      status: statuses[task.phase],
      error_message: task.phase === 'Failed' ? 'The task failed on its node.' : null,
      primary_metric: 'loss',
      primary_metric_mode: 'min',
      created_at: traceTimestamp(task.created),
      started_at: textOrNull(task.scheduled),
      completed_at: textOrNull(task.ended),
    }
  })
