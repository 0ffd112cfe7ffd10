import type { GpuRun } from './gpu-runs.ts'
import type { Row } from './insert.ts'
import { day, instant, minute, now } from './time.ts'

/** Instance type, GPUs of an instance, CPUs, memory in GB, GPUs of the cluster; by the name of the kind. */
const kinds = {
  a10g: ['g5.12xlarge', 4, 48, 192, 16],
  a100: ['p4d.24xlarge', 8, 96, 1152, 32],
  b200: ['p6-b200.48xlarge', 8, 192, 2048, 16],
  'cpu-arm': ['c7g.4xlarge', 0, 16, 32, 0],
  'cpu-x86': ['c7i.4xlarge', 0, 16, 32, 0],
  h100: ['p5.48xlarge', 8, 192, 2048, 32],
  h200: ['p5e.48xlarge', 8, 192, 2048, 24],
  l4: ['g6.12xlarge', 4, 48, 192, 16],
  t4: ['g4dn.12xlarge', 4, 48, 192, 16],
  't4-small': ['g4dn.2xlarge', 1, 8, 32, 4],
} as const

export type GpuKind = keyof typeof kinds

export const gpuKinds = Object.keys(kinds) as GpuKind[]

export const instanceOf = (kind: GpuKind): string => kinds[kind][0]
export const gpusOf = (kind: GpuKind): number => kinds[kind][1]

/** The kinds as the service's availability job left them, two minutes before the seed's moment. */
export function gpuTypeRows(runs: readonly GpuRun[]): Row[] {
  return gpuKinds.map((kind) => {
    const [instance, gpus, cpus, memory, total] = kinds[kind]
    const used = runs
      .filter((run) => run.kind === kind && (run.status === 'active' || run.status === 'preparing'))
      .reduce((sum, run) => sum + run.gpus, 0)
    const free = Math.max(0, total - used)
    const nodes = gpus === 0 ? 2 : total / gpus
    return {
      gpu_type: kind,
      instance_type: instance,
      max_gpus: gpus,
      cpus,
      memory_gb: memory,
      total_cluster_gpus: total,
      max_per_node: gpus === 0 ? null : gpus,
      is_active: true,
      created_at: instant(now - 300 * day),
      updated_at: instant(now - 2 * minute),
      description: gpus === 0 ? `CPU only (${instance})` : `${gpus} × ${kind.toUpperCase()} (${instance})`,
      available_gpus: free,
      max_reservable: Math.min(free, gpus * 2),
      full_nodes_available: gpus === 0 ? 0 : Math.floor(free / gpus),
      running_instances: nodes,
      desired_capacity: nodes,
      last_availability_update: instant(now - 2 * minute),
      last_availability_updated_by: 'availability-updater',
    }
  })
}
