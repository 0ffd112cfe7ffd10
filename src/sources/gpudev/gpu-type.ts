import { boolean, integer, text, timestamptz } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { gpudev } from './source.ts'

export const GpuType = declareEntity(gpudev.name, 'GpuType', {
  table: 'gpu_types',
  description: 'A kind of GPU that can be reserved, with the capacity that the cluster has of it.',
  key: 'gpu_type',
  columns: {
    gpu_type: text('Its name, such as h100.'),
    instance_type: text('AWS instance type of its nodes.'),
    max_gpus: integer('GPUs of one node; 0 for nodes without.'),
    cpus: integer('CPUs of one node.'),
    memory_gb: integer('Memory of one node, in GB.'),
    total_cluster_gpus: integer('GPUs of this kind in the whole cluster.'),
    max_per_node: integer('GPUs at most that one reservation gets on a node.'),
    is_active: boolean('Whether it can be reserved.'),
    created_at: timestamptz('When it was added.'),
    updated_at: timestamptz('When its row last changed.'),
    description: text('What people read of it.'),
    available_gpus: integer('GPUs free at `lastAvailabilityUpdate`, by the service’s own count.'),
    max_reservable: integer('GPUs that one reservation could get then.'),
    full_nodes_available: integer('Nodes that were wholly free then.'),
    running_instances: integer('Nodes that ran then.'),
    desired_capacity: integer('Nodes that were wanted then.'),
    last_availability_update: timestamptz('How fresh the service’s own count is.'),
    last_availability_updated_by: text('The program that counted.'),
  },
  defaultOrder: [{ column: 'gpu_type', direction: 'ASC' }],
  live: { kind: 'state' },
})
