import { bigint, boolean, integer, json, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { iaas } from './source.ts'

export const UsageRecord = declareEntity(iaas.name, 'UsageRecord', {
  table: 'usage_records',
  description: 'The tokens that one request used.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    request_id: text('The request’s own identifier.'),
    timestamp: timestamptz('When it was made.'),
    tenant_id: uuid('Key of the tenant.'),
    environment_id: uuid('Key of the environment.'),
    api_key_id: uuid('Key of the tenant’s key that it came with.'),
    region_id: uuid('Key of the region that served it.'),
    model_id: uuid('Key of the model.'),
    node_id: uuid('Key of the node that served it.'),
    prompt_tokens: integer('Tokens taken in.'),
    completion_tokens: integer('Tokens given out.'),
    total_tokens: integer('Both together.'),
    cached_tokens: integer('Of those taken in, what was still at hand.'),
    latency_ms: integer('How long it took, in milliseconds.'),
    cost_microdollars: bigint('What it cost, in millionths of a US dollar.'),
    billed: boolean('Whether it has been put on a bill; the hourly export does that.'),
    billing_failed: boolean('Whether that failed.'),
    retry_count: integer('How often that was tried again.'),
    metadata: json('What the control plane notes of it.'),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant.',
      inverse: { name: 'usageRecords', description: 'What this tenant’s requests used, one by one.' },
    },
    environment: {
      to: 'TenantEnvironment',
      by: 'environment_id',
      description: 'The environment.',
      inverse: { name: 'usageRecords', description: 'What this environment’s requests used, one by one.' },
    },
    apiKey: {
      to: 'TenantApiKey',
      by: 'api_key_id',
      description: 'The tenant’s key that it came with.',
      inverse: { name: 'usageRecords', description: 'What requests with this key used, one by one.' },
    },
    region: {
      to: 'Region',
      by: 'region_id',
      description: 'The region that served it.',
      inverse: { name: 'usageRecords', description: 'What requests that were served here used, one by one.' },
    },
    model: {
      to: 'LlmModel',
      by: 'model_id',
      description: 'The model.',
      inverse: { name: 'usageRecords', description: 'What requests to this model used, one by one.' },
    },
    node: {
      to: 'LlmNode',
      by: 'node_id',
      description: 'The node that served it.',
      inverse: { name: 'usageRecords', description: 'What requests that this node served used, one by one.' },
    },
  },
  defaultOrder: [{ column: 'timestamp', direction: 'DESC' }],
})
