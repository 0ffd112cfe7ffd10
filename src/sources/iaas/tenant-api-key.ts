import { integer, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const ApiKeyRole = enumeration('TenantApiKeyRole', 'What a tenant’s key may do.', {
  ADMIN: { stored: 'admin', description: 'Everything of its tenant.' },
  DEVELOPER: { stored: 'developer', description: 'Everything but what costs or ends its tenant.' },
  READ_ONLY: { stored: 'read-only', description: 'Look.' },
})

const ApiKeyStatus = enumeration('TenantApiKeyStatus', 'Whether a tenant’s key opens anything.', {
  ACTIVE: { stored: 'active', description: 'Opens, until it expires.' },
  SUSPENDED: { stored: 'suspended', description: 'Opens nothing until it is made active again.' },
  REVOKED: { stored: 'revoked', description: 'Opens nothing any more.' },
})

export const TenantApiKey = declareEntity(iaas.name, 'TenantApiKey', {
  table: 'api_keys',
  description: 'A key by which a tenant’s programs come in. The key itself is shown once, when it is made.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    key_prefix: text('How the key begins: its first twelve characters, to tell it by.', { name: 'prefix' }),
    tenant_id: uuid('Key of the tenant.'),
    environment_id: uuid('Key of the environment that it opens.'),
    user_id: uuid('Identifier of the person it was made for, in the tenant’s own books.'),
    name: text('What the tenant calls it.'),
    role: oneOf(ApiKeyRole, 'What it may do.'),
    rate_limit_tokens_per_min: integer('Tokens that it may use in a minute; none where it is not limited.'),
    rate_limit_requests_per_min: integer('Requests that it may make in a minute.'),
    concurrency_limit: integer('Requests that it may have at once.'),
    status: oneOf(ApiKeyStatus, 'Whether it opens anything.'),
    created_at: timestamptz('When it was made.'),
    last_used_at: timestamptz('When it was last used.'),
    expires_at: timestamptz('When it stops to open; never where empty.'),
    metadata: json('What the control plane notes of it.', { internal: true }),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant.',
      inverse: { name: 'apiKeys', description: 'The keys of this tenant.' },
    },
    environment: {
      to: 'TenantEnvironment',
      by: 'environment_id',
      description: 'The environment that it opens.',
      inverse: { name: 'apiKeys', description: 'The keys that open this environment.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
