import { bigint, integer, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const EnvironmentStatus = enumeration('TenantEnvironmentStatus', 'Whether an environment is served.', {
  ACTIVE: { stored: 'active', description: 'Is served.' },
  SUSPENDED: { stored: 'suspended', description: 'Is not served: its keys are refused.' },
})

export const TenantEnvironment = declareEntity(iaas.name, 'TenantEnvironment', {
  table: 'environments',
  description: 'A part of a tenant with quotas of its own, such as dev, staging or prod.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    tenant_id: uuid('Key of the tenant.'),
    name: text('What the tenant calls it.'),
    region: text('Code of the region where it is served.', { name: 'regionCode' }),
    model_list: json('Names of the models that it may use: a list.'),
    quota_tokens_per_day: bigint('Tokens that it may use in a day.'),
    quota_tokens_per_minute: integer('Tokens that it may use in a minute.'),
    concurrency_limit: integer('Requests that it may have at once.'),
    status: oneOf(EnvironmentStatus, 'Whether it is served.'),
    created_at: timestamptz('When it was made.'),
    updated_at: timestamptz('When it was last changed.'),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant.',
      inverse: {
        name: 'environments',
        description: 'The parts of this tenant that have quotas of their own.',
      },
    },
    cloudRegion: {
      to: 'Region',
      by: 'region',
      references: 'code',
      description: 'The region where it is served, where its code is one that is on offer.',
      inverse: { name: 'environments', description: 'Environments of tenants that are served here.' },
    },
  },
  defaultOrder: [{ column: 'name', direction: 'ASC' }],
})
