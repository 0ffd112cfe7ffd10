import { boolean, float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const DeploymentType = enumeration('DeploymentType', 'How an exported model is offered.', {
  DOWNLOAD: { stored: 'DOWNLOAD', description: 'As a file to download.' },
  PLATFORM_ENDPOINT: { stored: 'PLATFORM_ENDPOINT', description: 'As an endpoint of the platform.' },
  EDGE_PACKAGE: { stored: 'EDGE_PACKAGE', description: 'As a package for devices at the edge.' },
  CONTAINER: { stored: 'CONTAINER', description: 'As a container image.' },
})

const DeploymentStatus = enumeration('DeploymentStatus', 'How far a deployment has come.', {
  PENDING: { stored: 'PENDING', description: 'Waits to be deployed.' },
  DEPLOYING: { stored: 'DEPLOYING', description: 'Is being deployed.' },
  ACTIVE: { stored: 'ACTIVE', description: 'Can be used.' },
  DEACTIVATED: { stored: 'DEACTIVATED', description: 'Switched off.' },
  FAILED: { stored: 'FAILED', description: 'Could not be deployed.' },
})

export const Deployment = declareEntity(platform.name, 'Deployment', {
  table: 'deployments',
  originalName: 'deployment_targets',
  description: 'A place where an exported model is offered.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    export_job_id: integer('Key of the export that is offered.'),
    training_job_id: integer('Key of the training job that the model comes from.'),
    deployment_type: oneOf(DeploymentType, 'How the model is offered.', {
      name: 'type',
      enumType: 'deploymenttype',
    }),
    deployment_name: text('What people call it.', { name: 'name' }),
    deployment_config: json('Settings, by the way it is offered.', { name: 'config' }),
    endpoint_url: text('Where predictions are asked for.'),
    container_image: text('The image that holds the model.'),
    container_registry: text('The registry that the image lies in.', { internal: true }),
    package_path: text('Where the edge package lies.'),
    runtime_wrapper_language: text('Programming language of the wrapper around the model.'),
    status: oneOf(DeploymentStatus, 'How far it has come.', { enumType: 'deploymentstatus' }),
    error_message: text('Why it failed.'),
    request_count: integer('Predictions asked for so far.'),
    total_inference_time_ms: float('Time over all predictions so far, in milliseconds.'),
    avg_latency_ms: float('Running mean of a prediction’s time, in milliseconds.'),
    last_request_at: timestamp('When a prediction was last asked for.'),
    cpu_limit: text('Most processors it may use, as its configuration says it.'),
    memory_limit: text('Most memory it may use, with its unit.'),
    gpu_enabled: boolean('Whether it runs on a GPU.'),
    created_at: timestamp('When it was asked for.'),
    deployed_at: timestamp('When it became usable.'),
    deactivated_at: timestamp('When it was switched off.'),
  },
  relations: {
    exportJob: {
      to: 'ExportJob',
      by: 'export_job_id',
      description: 'The export that is offered.',
      inverse: { name: 'deployments', description: 'Places where this export is offered.' },
    },
    trainingJob: {
      to: 'TrainingJob',
      by: 'training_job_id',
      description: 'The training job that the model comes from.',
      inverse: { name: 'deployments', description: 'Places where this job’s models are offered.' },
    },
  },
  defaultOrder: [{ column: 'id', direction: 'DESC' }],
})
