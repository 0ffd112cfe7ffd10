import type { ServiceRequest } from '../../../src/embedded/cluster-trace/requests.ts'
import type { Phase, Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import { timestamp, traceTimestamp } from './moment.ts'
import { uuidOf } from './uuid.ts'

const jobStatuses: Readonly<Record<Phase, string>> = {
  Succeeded: 'COMPLETED',
  Running: 'RUNNING',
  Failed: 'FAILED',
  Pending: 'PENDING',
}

const trainingStatuses: Readonly<Record<Phase, string>> = {
  Succeeded: 'TRAINED',
  Running: 'TRAINING',
  Failed: 'FAILED',
  Pending: 'TRAINING',
}

const predictionStatuses = new Map([
  ['SUCCEED', 'COMPLETED'],
  ['FAILED', 'FAILED'],
  ['PENDING', 'PENDING'],
  ['PROCESSING', 'PROCESSING'],
])

/** A request that took longer, in seconds, was a job of its own; the others shared a server's. */
const ownJobSeconds = 60
/** Name of the model that served the requests that name no version. */
const defaultModel = 'default'

const textOrNull = (seconds: number | null) => (seconds === null ? null : traceTimestamp(seconds))

const script = ({ qos, milliCpus, mebibytes, gpus }: Task) =>
  [
    '#!/bin/bash',
    `#SBATCH --qos=${qos} --cpus-per-task=${Math.ceil(milliCpus / 1000)} --mem=${mebibytes}M --gres=gpu:${gpus}`,
    'srun python train.py',
    '',
  ].join('\n')

const trainingJob = (task: Task) => ({
  id: uuidOf('job', task.name),
  sbatch_id: String(1_000_000 + task.number),
  fold_index: 0,
  job_type: 'TRAINING',
  status: jobStatuses[task.phase],
  start_time: textOrNull(task.scheduled),
  end_time: textOrNull(task.ended),
  error_message: task.phase === 'Failed' ? 'FAILED' : null,
  sbatch_content: script(task),
})

const training = (task: Task) => ({
  id: uuidOf('training', task.name),
  name: task.name,
  job_id: uuidOf('job', task.name),
  model_path: task.phase === 'Succeeded' ? `/models/${task.name}` : null,
  status: trainingStatuses[task.phase],
  progress: task.phase === 'Succeeded' ? 100 : 0,
  start_time: textOrNull(task.scheduled),
  end_time: textOrNull(task.ended),
})

/** A model for each training that ended well; the first to end are the versions that requests name. */
function models(tasks: readonly Task[], requests: readonly ServiceRequest[]) {
  const trained = tasks
    .filter(({ phase }) => phase === 'Succeeded')
    .toSorted((a, b) => (a.ended ?? 0) - (b.ended ?? 0) || a.number - b.number)
  const versions = [...new Set(requests.map(({ modelVersion }) => modelVersion ?? defaultModel))].toSorted()
  if (versions.length > trained.length) throw new Error('more models are asked for than tasks succeeded')
  return trained.map((task, index) => ({
    id: uuidOf('model', versions[index] ?? task.name),
    training_id: uuidOf('training', task.name),
    model_name: versions[index] ?? task.name,
    created_at: textOrNull(task.ended),
  }))
}

function prediction(request: ServiceRequest) {
  const { number, created, seconds, group, kind } = request
  const status = predictionStatuses.get(request.status)
  if (!status) throw new Error(`inference-requests.csv: the status ${request.status} is not known`)
  const begun = status !== 'PENDING'
  const over = status === 'COMPLETED' || status === 'FAILED'
  const end = timestamp(created + seconds * 1000)
  return {
    predict_id: uuidOf('prediction', String(number)),
    model_id: uuidOf('model', request.modelVersion ?? defaultModel),
    job_id: hasOwnJob(request) ? uuidOf('prediction job', String(number)) : null,
    input_data: {
      kind,
      group,
      promptLength: request.promptLength,
      negativePromptLength: request.negativePromptLength,
      images: request.images,
      steps: request.steps,
      loras: request.loras,
    },
    output_dir: `/predictions/${number}`,
    prediction: status === 'COMPLETED' ? { images: request.images } : null,
    status,
    start_time: begun ? timestamp(created) : null,
    end_time: over ? end : null,
    error_message: status === 'FAILED' ? 'The request failed.' : null,
    created_at: timestamp(created),
    updated_at: over ? end : timestamp(created),
  }
}

const hasOwnJob = ({ seconds, status }: ServiceRequest) =>
  seconds >= ownJobSeconds && (status === 'SUCCEED' || status === 'FAILED')

const predictionJob = (request: ServiceRequest) => ({
  id: uuidOf('prediction job', String(request.number)),
  sbatch_id: String(2_000_000 + request.number),
  fold_index: 0,
  job_type: 'INFERENCE',
  status: predictionStatuses.get(request.status),
  start_time: timestamp(request.created),
  end_time: timestamp(request.created + request.seconds * 1000),
  error_message: request.status === 'FAILED' ? 'FAILED' : null,
  sbatch_content: null,
})

/** Rows of the inference database by table, in an order in which their keys hold. */
export const slurmRows = (tasks: readonly Task[], requests: readonly ServiceRequest[]) => ({
  jobs: [...tasks.map(trainingJob), ...requests.filter(hasOwnJob).map(predictionJob)],
  training: tasks.map(training),
  model: models(tasks, requests),
  inference: requests.map(prediction),
})
