import { round } from './course.ts'
import { checkpointOf, lifetime, trained } from './evaluations.ts'
import type { Job } from './jobs.ts'
import { Random } from './random.ts'
import { hour, type Moment, minute, now, timestamp, timestampOrNull } from './time.ts'

/** What exports are asked for, as often as its weight says. */
export const formats = { ONNX: 45, TENSORRT: 20, COREML: 8, TFLITE: 9, TORCHSCRIPT: 10, OPENVINO: 8 }
/** How the file of a format ends. */
export const extensions = {
  ONNX: 'onnx',
  TENSORRT: 'engine',
  COREML: 'mlpackage',
  TFLITE: 'tflite',
  TORCHSCRIPT: 'torchscript',
  OPENVINO: 'xml',
}
const statuses = { completed: 70, failed: 12, running: 6, pending: 6, cancelled: 6 }

/** Rows of export_jobs: one to three versions of a checkpoint. */
export function exportJobRows(jobs: readonly Job[]) {
  const random = new Random('export jobs')
  const plans = random
    .sample(trained(jobs), 220)
    .flatMap((source) =>
      Array.from({ length: random.integer(1, 3) }, (_, index) => ({ ...source, version: index + 1 })),
    )
  return plans.map(({ job, ended, version }, index) => {
    const status = random.weighted(statuses)
    const format = random.weighted(formats)
    const { created, started, completed } = lifetime(status, ended, random)
    const done = status === 'completed'
    return {
      id: index + 1,
      training_job_id: job.id,
      export_format: format,
      checkpoint_path: checkpointOf(job),
      export_path: done ? `s3://models/exports/${job.id}/v${version}/model.${extensions[format]}` : null,
      version,
      is_default: version === 1,
      framework: job.framework,
      task_type: job.task,
      model_name: job.model,
      export_config: { image_size: 640, opset: format === 'ONNX' ? 17 : null, dynamic: random.chance(0.3) },
      optimization_config: random.chance(0.4) ? { precision: random.pick(['fp16', 'int8']) } : null,
      validation_config: random.chance(0.5) ? { tolerance: 0.01 } : null,
      status: status.toUpperCase(),
      error_message: status === 'failed' ? `Operator GridSample is not supported by ${format}` : null,
      process_id: started === null ? null : random.integer(2_000, 60_000),
      export_results: done ? { max_difference: round(random.between(0.00001, 0.008), 6) } : null,
      file_size_mb: done ? round(random.between(5, 380), 2) : null,
      validation_passed: done ? random.chance(0.93) : null,
      created_at: timestamp(created),
      started_at: timestampOrNull(started),
      completed_at: timestampOrNull(completed),
      moment: completed ?? created,
    }
  })
}

const offers = { PENDING: 8, DEPLOYING: 6, ACTIVE: 56, DEACTIVATED: 18, FAILED: 12 }
const kinds = { PLATFORM_ENDPOINT: 45, CONTAINER: 22, EDGE_PACKAGE: 18, DOWNLOAD: 15 }

interface Exported {
  readonly id: number
  readonly training_job_id: number
  readonly model_name: string
  readonly status: string
  readonly moment: Moment
}

/** Rows of deployments: where completed exports are offered. */
export function deploymentRows(exports: readonly Exported[]) {
  const random = new Random('deployments')
  const completed = exports.filter(({ status }) => status === 'COMPLETED')
  return random.sample(completed, 140).map((source, index) => {
    const kind = random.weighted(kinds)
    const status = random.weighted(offers)
    const created = Math.min(now - hour, source.moment + random.integer(minute, 400 * hour))
    const served = status === 'ACTIVE' || status === 'DEACTIVATED'
    const requests = served && kind === 'PLATFORM_ENDPOINT' ? random.integer(0, 250_000) : 0
    const latency = random.between(6, 90)
    const deployed = served ? created + random.integer(minute, 30 * minute) : null
    const name = `${source.model_name.split('/').at(-1)}-${source.training_job_id}`
    return {
      id: index + 1,
      export_job_id: source.id,
      training_job_id: source.training_job_id,
      deployment_type: kind,
      deployment_name: name,
      deployment_config: random.chance(0.7)
        ? { replicas: random.integer(1, 4), auto_scale: random.chance(0.5) }
        : null,
      endpoint_url:
        kind === 'PLATFORM_ENDPOINT' ? `https://inference.example/v1/deployments/${index + 1}` : null,
      api_key: kind === 'PLATFORM_ENDPOINT' ? random.hex(48) : null,
      container_image: kind === 'CONTAINER' ? `serving/${name.toLowerCase()}:latest` : null,
      container_registry: kind === 'CONTAINER' ? 'registry.example' : null,
      package_path: kind === 'EDGE_PACKAGE' ? `s3://models/packages/${source.id}.zip` : null,
      runtime_wrapper_language:
        kind === 'EDGE_PACKAGE' ? random.pick(['python', 'cpp', 'swift', 'kotlin']) : null,
      status,
      error_message: status === 'FAILED' ? 'Image could not be pulled' : null,
      request_count: requests,
      total_inference_time_ms: round(requests * latency, 3),
      avg_latency_ms: requests > 0 ? round(latency, 3) : null,
      last_request_at: timestampOrNull(requests > 0 ? now - random.integer(0, 20 * hour) : null),
      cpu_limit: random.chance(0.5) ? `${random.integer(1, 8)}` : null,
      memory_limit: random.chance(0.5) ? `${random.integer(1, 16)}Gi` : null,
      gpu_enabled: random.chance(0.4),
      created_at: timestamp(created),
      deployed_at: timestampOrNull(deployed),
      deactivated_at: timestampOrNull(
        status === 'DEACTIVATED' && deployed !== null ? deployed + (now - deployed) / 2 : null,
      ),
    }
  })
}
