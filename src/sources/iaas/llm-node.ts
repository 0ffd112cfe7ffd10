import { boolean, decimal, integer, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const CloudProvider = enumeration('CloudProvider', 'Whose machines a node runs on.', {
  AWS: { stored: 'aws', description: 'Amazon Web Services.' },
  GCP: { stored: 'gcp', description: 'Google Cloud.' },
  AZURE: { stored: 'azure', description: 'Microsoft Azure.' },
  OCI: { stored: 'oci', description: 'Oracle Cloud.' },
  ON_PREM: { stored: 'on-prem', description: 'The operator’s own.' },
})

const LlmNodeStatus = enumeration('LlmNodeStatus', 'Whether a node takes requests.', {
  INITIALIZING: { stored: 'initializing', description: 'Is being launched.' },
  ACTIVE: { stored: 'active', description: 'Takes requests.' },
  DRAINING: { stored: 'draining', description: 'Finishes those that it has, and takes no further ones.' },
  UNHEALTHY: { stored: 'unhealthy', description: 'Fails its checks.' },
  DEAD: { stored: 'dead', description: 'Is gone: terminated, or without a heartbeat for too long.' },
})

export const LlmNode = declareEntity(iaas.name, 'LlmNode', {
  table: 'nodes',
  description: 'A GPU node that serves one language model; a cluster of SkyPilot.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    node_id_external: text('The cloud’s own identifier of it.', { name: 'externalId' }),
    provider: oneOf(CloudProvider, 'Whose machine it is.'),
    region_id: uuid('Key of the region that it is in.'),
    instance_type: text('The cloud’s name of its kind of machine.'),
    gpu_type: text('The kind of its GPUs.'),
    vram_total_gb: integer('Memory of its GPUs, in gigabytes.'),
    vram_free_gb: integer('Of that, what is free.'),
    model_id: uuid('Key of the model that it serves.'),
    endpoint_url: text('Where it is reached.', { internal: true }),
    internal_ip: text('Its address inside the cloud.', { internal: true }),
    spot_instance: boolean('Whether the cloud may take it back at any time.'),
    spot_price: decimal('What it costs an hour as a spot instance, in US dollars.'),
    throughput_tokens_per_sec: integer('Tokens a second that it gives.'),
    status: oneOf(LlmNodeStatus, 'Whether it takes requests.'),
    health_score: decimal('How well it does, from 0 to 100; below 50 it is unhealthy, from 70 healthy.'),
    last_heartbeat_at: timestamptz('When it was last heard of; it should be every ten seconds.'),
    created_at: timestamptz('When its launch began.'),
    updated_at: timestamptz('When it was last changed.'),
    terminated_at: timestamptz('When it was terminated.'),
    cluster_name: text('Name of its cluster in SkyPilot.'),
    model_name: text('Name of the model that it serves, often a path of Hugging Face.'),
    deployment_id: uuid('Key of the deployment that it belongs to.'),
    endpoint: text('Where it is reached, as the deployment controller writes it.', { internal: true }),
  },
  relations: {
    region: {
      to: 'Region',
      by: 'region_id',
      description: 'The region that it is in.',
      inverse: { name: 'nodes', description: 'Nodes that are here.' },
    },
    model: {
      to: 'LlmModel',
      by: 'model_id',
      description: 'The model that it serves.',
      inverse: { name: 'nodes', description: 'Nodes that serve this model.' },
    },
    namedModel: {
      to: 'LlmModel',
      by: 'model_name',
      references: 'name',
      description: 'The model that is offered by the name that it gives, where there is one.',
      inverse: { name: 'namedNodes', description: 'Nodes that give this model’s name as what they serve.' },
    },
    deployment: {
      to: 'LlmDeployment',
      by: 'deployment_id',
      description: 'The deployment that it belongs to.',
      inverse: { name: 'nodes', description: 'Nodes that the controller has launched for this deployment.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
