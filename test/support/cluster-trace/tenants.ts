import { createHash } from 'node:crypto'
import type { ServiceRequest } from '../../../src/embedded/cluster-trace/requests.ts'
import type { Machine } from './machines.ts'
import { timestamp, traceTimestamp } from './moment.ts'
import { uuidOf } from './uuid.ts'

const region = uuidOf('region', 'cluster')
/** Name of the model of requests that name no version. */
const defaultModel = 'default'
/** What a second of a GPU costs. */
const microdollarsPerSecond = 1_250

const instant = (text: string) => `${text}Z`
const made = { created_at: instant(traceTimestamp(0)), updated_at: instant(traceTimestamp(0)) }
const active = { status: 'active' }

/**
 * Rows of the iaas database: each group of callers is a tenant with one environment and one key, each machine with GPUs
 * a node, each request that was served a record of use, whose tokens are the prompt's and whose cost is by the second.
 */
export function tenantRows(requests: readonly ServiceRequest[], machines: readonly Machine[]) {
  const groups = [...new Set(requests.map(({ group }) => group))].toSorted()
  const versions = [...new Set(requests.map(({ modelVersion }) => modelVersion ?? defaultModel))].toSorted()
  return {
    tenants: groups.map((group) => ({
      id: uuidOf('tenant', group),
      name: group,
      email: `${group.toLowerCase()}@tenants.example`,
      billing_plan: 'serverless',
      ...active,
      ...made,
    })),
    regions: [
      { id: region, code: 'cluster', name: 'The cluster', cost_multiplier: '1.0000', ...active, ...made },
    ],
    models: versions.map((name) => ({
      id: uuidOf('llm model', name),
      name,
      family: 'diffusion',
      type: 'completion',
      context_length: 77,
      vram_required_gb: 16,
      price_input_per_million: '0.000000',
      price_output_per_million: '0.000000',
      ...active,
      ...made,
    })),
    environments: groups.map((group) => ({
      id: uuidOf('environment', group),
      tenant_id: uuidOf('tenant', group),
      name: 'prod',
      region: 'cluster',
      ...active,
      ...made,
    })),
    api_keys: groups.map((group) => ({
      id: uuidOf('api key', group),
      key_hash: createHash('sha256').update(`clsk_prod_${group}`).digest('hex'),
      key_prefix: `clsk_prod_${group}`.slice(0, 12),
      tenant_id: uuidOf('tenant', group),
      environment_id: uuidOf('environment', group),
      name: group,
      role: 'developer',
      ...active,
      created_at: made.created_at,
    })),
    nodes: machines
      .filter(({ gpus }) => gpus > 0)
      .map(({ name, milliCpus, gpuModel }) => ({
        id: uuidOf('node', name),
        node_id_external: name,
        provider: 'on-prem',
        region_id: region,
        instance_type: `${milliCpus / 1000} cores`,
        gpu_type: gpuModel,
        endpoint_url: `http://${name}:8000`,
        health_score: '100.00',
        ...active,
        ...made,
      })),
    usage_records: requests.filter(({ status }) => status === 'SUCCEED').map(usage),
  }
}

function usage({
  number,
  created,
  group,
  modelVersion,
  promptLength,
  negativePromptLength,
  ...rest
}: ServiceRequest) {
  const [prompt, completion] = [(promptLength ?? 0) + (negativePromptLength ?? 0), rest.images ?? 0]
  return {
    id: uuidOf('usage', String(number)),
    request_id: `request ${number}`,
    timestamp: instant(timestamp(created)),
    tenant_id: uuidOf('tenant', group),
    environment_id: uuidOf('environment', group),
    api_key_id: uuidOf('api key', group),
    region_id: region,
    model_id: uuidOf('llm model', modelVersion ?? defaultModel),
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    latency_ms: Math.round(rest.seconds * 1000),
    cost_microdollars: Math.round(rest.seconds * microdollarsPerSecond),
  }
}
