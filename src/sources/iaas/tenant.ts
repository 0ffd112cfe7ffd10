import { integer, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const TenantStatus = enumeration('TenantStatus', 'Whether a tenant is served.', {
  ACTIVE: { stored: 'active', description: 'Is served.' },
  SUSPENDED: {
    stored: 'suspended',
    description: 'Is not served, by an administrator or for want of payment.',
  },
  DELETED: { stored: 'deleted', description: 'Is no more; its keys are revoked.' },
})

const BillingPlan = enumeration('BillingPlan', 'What a tenant pays for.', {
  SERVERLESS: { stored: 'serverless', description: 'The tokens that it uses.' },
  RESERVED: { stored: 'reserved', description: 'Capacity that is kept for it.' },
  ENTERPRISE: { stored: 'enterprise', description: 'What its contract says.' },
})

export const Tenant = declareEntity(iaas.name, 'Tenant', {
  table: 'tenants',
  description: 'A customer of the inference service.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    name: text('What it is called.'),
    email: text('Where it is written to.'),
    status: oneOf(TenantStatus, 'Whether it is served.'),
    billing_plan: oneOf(BillingPlan, 'What it pays for.'),
    reserved_capacity_tokens_per_sec: integer('Tokens a second that are kept for it.'),
    region_preferences: json('Where it would rather be served, as it says itself.'),
    created_at: timestamptz('When it was made.'),
    updated_at: timestamptz('When it was last changed.'),
    deleted_at: timestamptz('When it was deleted.'),
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
