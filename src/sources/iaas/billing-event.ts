import { bigint, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const BillingEventType = enumeration('BillingEventType', 'What money moves for.', {
  USAGE: { stored: 'usage', description: 'Tokens that were used.' },
  SUBSCRIPTION: { stored: 'subscription', description: 'A plan.' },
  CREDIT: { stored: 'credit', description: 'What a tenant is given.' },
  REFUND: { stored: 'refund', description: 'What a tenant gets back.' },
})

const BillingEventStatus = enumeration('BillingEventStatus', 'How far a movement of money has come.', {
  PENDING: { stored: 'pending', description: 'Waits.' },
  PROCESSED: { stored: 'processed', description: 'Is done.' },
  FAILED: { stored: 'failed', description: 'Could not be done.' },
})

export const BillingEvent = declareEntity(iaas.name, 'BillingEvent', {
  table: 'billing_events',
  description: 'A movement of a tenant’s money.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    tenant_id: uuid('Key of the tenant.'),
    event_type: oneOf(BillingEventType, 'What it is for.', { name: 'type' }),
    amount_microdollars: bigint('How much, in millionths of a US dollar.'),
    currency: text('The currency that the tenant pays in.'),
    description: text('What it is, for people.'),
    period_start: timestamptz('Begin of the time that it is for.'),
    period_end: timestamptz('End of the time that it is for.'),
    status: oneOf(BillingEventStatus, 'How far it has come.'),
    metadata: json('What the control plane notes of it.'),
    created_at: timestamptz('When it was written down.'),
    processed_at: timestamptz('When it was done.'),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant.',
      inverse: { name: 'billingEvents', description: 'The movements of this tenant’s money.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
