import { integer, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const PlacementStrategy = enumeration('PlacementStrategy', 'How a deployment’s replicas are placed.', {
  SPREAD: { stored: 'spread', description: 'Apart, so that one failure takes few.' },
  PACKED: { stored: 'packed', description: 'Together, so that few nodes are paid for.' },
})

const LlmDeploymentStatus = enumeration('LlmDeploymentStatus', 'Whether a deployment is kept up.', {
  ACTIVE: { stored: 'active', description: 'The controller keeps as many replicas as are wanted.' },
  PAUSED: { stored: 'paused', description: 'The controller leaves it as it is.' },
  DELETED: { stored: 'deleted', description: 'Is no more.' },
})

export const LlmDeployment = declareEntity(iaas.name, 'LlmDeployment', {
  table: 'deployments',
  description: 'A language model that is kept ready on a number of nodes.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    name: text('What it is called.'),
    model_name: text('Name of the model, often a path of Hugging Face.'),
    min_replicas: integer('Replicas at least.'),
    max_replicas: integer('Replicas at most.'),
    current_replicas: integer('Replicas as the controller counted them last; it does every 30 seconds.'),
    strategy: oneOf(PlacementStrategy, 'How its replicas are placed.'),
    provider: text('The cloud that it has to be on; any where empty.'),
    region: text('Code of the region that it has to be in; any where empty.', { name: 'regionCode' }),
    gpu_type: text('The kind of GPU that it has to have; auto where it goes by the model’s size.'),
    status: oneOf(LlmDeploymentStatus, 'Whether it is kept up.'),
    created_at: timestamptz('When it was asked for.'),
    updated_at: timestamptz('When it was last changed.'),
  },
  relations: {
    model: {
      to: 'LlmModel',
      by: 'model_name',
      references: 'name',
      description: 'The model that is offered by this name, where there is one.',
      inverse: { name: 'deployments', description: 'Deployments that name this model.' },
    },
    cloudRegion: {
      to: 'Region',
      by: 'region',
      references: 'code',
      description: 'The region that it has to be in, where its code is one that is on offer.',
      inverse: { name: 'deployments', description: 'Deployments that have to be here.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
