import { Random } from './random.ts'
import { day, hour, instant, instantOrNull, minute, now, second } from './time.ts'

const regions = [
  ['us-east', 'US East', 'United States', 'Ashburn', ['aws', 'gcp', 'azure'], '1.0000', 'active'],
  ['us-west', 'US West', 'United States', 'Portland', ['aws', 'gcp'], '1.0250', 'active'],
  ['eu-central', 'EU Central', 'Germany', 'Frankfurt', ['aws', 'azure', 'oci'], '1.1225', 'active'],
  ['eu-north', 'EU North', 'Sweden', 'Stockholm', ['aws'], '0.9375', 'degraded'],
  ['ap-northeast', 'Asia Pacific Northeast', 'Japan', 'Tokyo', ['gcp', 'aws'], '1.3001', 'active'],
  ['ap-south', 'Asia Pacific South', 'India', 'Mumbai', ['azure'], '0.8999', 'maintenance'],
  ['sa-east', 'South America East', 'Brazil', 'São Paulo', ['oci'], '1.4500', 'offline'],
] as const

const models = [
  ['llama-3.1-8b', 'llama', '8B', 'chat', 131_072, 18, '0.080000', '0.160000', 'active'],
  ['llama-3.1-70b', 'llama', '70B', 'chat', 131_072, 160, '0.590001', '0.790000', 'active'],
  ['qwen-2.5-32b', 'qwen', '32B', 'chat', 32_768, 72, '0.300000', '0.450000', 'active'],
  ['mixtral-8x7b', 'mistral', '8x7B', 'completion', 32_768, 96, '0.240000', '0.240000', 'deprecated'],
  ['bge-m3', 'bge', '0.6B', 'embedding', 8_192, 4, '0.010000', '0.000000', 'active'],
  ['deepseek-v3', 'deepseek', '671B', 'chat', 65_536, 1_300, '0.270000', '1.099999', 'beta'],
] as const

const gpus = ['A100-80GB', 'H100', 'L40S', 'A10G']
const paths = ['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-32B-Instruct']

/** Regions, models, deployments and the nodes that belong to them, with SkyPilot's clusters under the same names. */
export function llmNodes() {
  const random = new Random('llm nodes')
  const long = now - 400 * day
  const regionRows = regions.map(([code, name, country, city, cloud_providers, cost_multiplier, status]) => ({
    id: random.uuid(),
    code,
    name,
    country: code === 'sa-east' ? null : country,
    city,
    cloud_providers,
    cost_multiplier,
    status,
    created_at: instant(long),
    updated_at: instant(long + random.integer(0, 300 * day)),
  }))
  const modelRows = models.map(([name, family, size, type, context_length, vram, input, output, status]) => ({
    id: random.uuid(),
    name,
    family,
    size: name === 'bge-m3' ? null : size,
    type,
    context_length,
    vram_required_gb: vram,
    price_input_per_million: input,
    price_output_per_million: output,
    tokens_per_second_capacity: random.chance(0.8) ? random.integer(20, 400) * 10 : null,
    status,
    metadata: random.chance(0.5) ? { license: random.pick(['llama3.1', 'apache-2.0']) } : {},
    created_at: instant(long),
    updated_at: instant(long + random.integer(0, 300 * day)),
  }))
  const deploymentRows = Array.from({ length: 9 }, (_, place) => {
    const made = now - random.integer(20 * day, 200 * day)
    const minimum = random.integer(1, 3)
    const status = place === 7 ? 'paused' : place === 8 ? 'deleted' : 'active'
    return {
      id: random.uuid(),
      name: `${modelRows[place % modelRows.length]?.name}-${['main', 'burst'][Math.floor(place / modelRows.length)]}`,
      model_name: place % 4 === 3 ? random.pick(paths) : modelRows[place % modelRows.length]?.name,
      min_replicas: minimum,
      max_replicas: minimum + random.integer(1, 6),
      current_replicas: status === 'deleted' ? 0 : minimum,
      strategy: random.weighted({ spread: 3, packed: 1 }),
      provider: random.chance(0.5) ? random.pick(['aws', 'gcp', 'azure']) : null,
      region: random.chance(0.7) ? random.pick(regions)[0] : null,
      gpu_type: random.chance(0.3) ? 'auto' : random.pick(gpus),
      status,
      created_at: instant(made),
      updated_at: instant(made + random.integer(0, 15 * day)),
    }
  })
  const nodeRows: (Record<string, unknown> & { id: string; region_id: string; model_id: string | null })[] =
    []
  const memberRows: Record<string, unknown>[] = []
  const clusterRows: Record<string, unknown>[] = []
  for (let place = 0; place < 48; place++) {
    const region = random.pick(regionRows)
    const model = random.pick(modelRows)
    const deployment = random.chance(0.85) ? random.pick(deploymentRows) : undefined
    const status =
      place < 26 ? 'active' : random.pick(['initializing', 'draining', 'unhealthy', 'dead', 'active'])
    const isSpot = random.chance(0.6)
    const provider = random.pick(['aws', 'gcp', 'azure', 'oci', 'on-prem'])
    const gpu = random.pick(gpus)
    const made =
      now - (status === 'initializing' ? random.integer(minute, 12 * minute) : random.integer(hour, 60 * day))
    const cluster = `cic-${provider}-${region.code}-${gpu.toLowerCase()}-${isSpot ? 'spot' : 'od'}-${random.hex(6)}`
    const isKnown = provider !== 'on-prem'
    const ended = status === 'dead' ? made + random.integer(30 * minute, hour) : null
    const node = {
      id: random.uuid(),
      node_id_external: random.chance(0.9) ? `i-${random.hex(17)}` : null,
      provider,
      region_id: region.id,
      instance_type: random.pick(['p4d.24xlarge', 'a2-highgpu-1g', 'Standard_NC24ads_A100_v4', 'BM.GPU4.8']),
      gpu_type: gpu,
      vram_total_gb: gpu === 'A10G' ? 24 : gpu === 'L40S' ? 48 : 80,
      vram_free_gb: random.integer(0, 20),
      model_id: status === 'initializing' ? null : model.id,
      endpoint_url: `http://10.${random.integer(0, 63)}.${random.integer(0, 255)}.${random.integer(1, 254)}:8000`,
      internal_ip: random.chance(0.8) ? `10.0.${random.integer(0, 255)}.${random.integer(1, 254)}` : null,
      spot_instance: isSpot,
      spot_price: isSpot ? random.between(0.4, 3).toFixed(4) : null,
      throughput_tokens_per_sec: random.integer(10, 300) * 10,
      status,
      health_score:
        status === 'unhealthy' ? random.between(5, 49).toFixed(2) : random.between(88, 100).toFixed(2),
      last_heartbeat_at:
        status === 'initializing' ? null : instant(ended ?? now - random.integer(0, 20 * second)),
      created_at: instant(made),
      updated_at: instant(ended ?? now - random.integer(0, minute)),
      terminated_at: instantOrNull(ended),
      cluster_name: isKnown ? cluster : null,
      model_name: random.chance(0.3) ? random.pick(paths) : model.name,
      deployment_id: deployment?.id ?? null,
      endpoint: random.chance(0.5) ? `http://${cluster}.internal:8000` : null,
    }
    nodeRows.push(node)
    if (deployment && status !== 'dead')
      memberRows.push({
        deployment_id: deployment.id,
        node_id: node.id,
        status: status === 'active' ? 'healthy' : status === 'draining' ? 'draining' : 'unhealthy',
        joined_at: instant(made + random.integer(0, 30 * minute)),
      })
    if (isKnown && status !== 'dead') clusterRows.push(clusterOf(cluster, made, status, random))
  }
  clusterRows.push(clusterOf('sky-dev-notebook', now - 3 * day, 'stopped', random))
  return { regionRows, modelRows, deploymentRows, nodeRows, memberRows, clusterRows }
}

function clusterOf(name: string, made: number, status: string, random: Random) {
  const seconds = (moment: number) => Math.floor(moment / second)
  return {
    name,
    launched_at: seconds(made),
    last_use: `sky launch -c ${name} serve.yaml`,
    status: status === 'initializing' ? 'INIT' : status === 'stopped' ? 'STOPPED' : 'UP',
    autostop: status === 'stopped' ? 60 : -1,
    to_down: 0,
    metadata: '{}',
    owner: random.chance(0.8) ? `["AROA${random.hex(8).toUpperCase()}"]` : null,
    cluster_hash: random.uuid(),
    cluster_ever_up: status === 'initializing' ? 0 : 1,
    status_updated_at: random.chance(0.95) ? seconds(now - random.integer(0, minute)) : null,
    config_hash: random.hex(40),
    user_hash: random.hex(8),
    workspace: random.chance(0.9) ? 'default' : null,
    last_creation_yaml: random.chance(0.9) ? `name: ${name}\nresources:\n  accelerators: A100:1\n` : null,
    last_creation_command: `sky launch -c ${name} serve.yaml`,
    is_managed: 0,
    provision_log_path: `/root/.sky/logs/provision-${random.hex(6)}.log`,
  }
}
