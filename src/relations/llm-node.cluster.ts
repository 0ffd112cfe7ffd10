import { edge } from '../graph/edge.ts'
import { LlmNode } from '../sources/iaas/llm-node.ts'
import { SkyCluster } from '../sources/skypilot/sky-cluster.ts'

edge({
  from: LlmNode,
  name: 'cluster',
  description: 'SkyPilot’s cluster of the same name; it is gone there once it is terminated.',
  to: SkyCluster,
  by: 'cluster_name',
  inverse: { name: 'nodes', description: 'The node that is this cluster, as the control plane knows it.' },
})
