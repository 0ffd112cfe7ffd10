import { integer, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { NotificationChannel, NotificationEvent } from './notification-event.ts'
import { iaas } from './source.ts'

const DeliveryStatus = enumeration('NotificationDeliveryStatus', 'What became of a notification.', {
  PENDING: { stored: 'pending', description: 'Waits to be sent.' },
  SENT: { stored: 'sent', description: 'Arrived.' },
  FAILED: { stored: 'failed', description: 'Did not arrive, and is not tried again.' },
  RETRY: { stored: 'retry', description: 'Did not arrive yet, and is tried again.' },
})

export const NotificationDelivery = declareEntity(iaas.name, 'NotificationDelivery', {
  table: 'notification_deliveries',
  description: 'A notification as it went to one channel.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    event_id: text('Identifier of what it tells of; the same on every channel.'),
    event_type: oneOf(NotificationEvent, 'What it tells of.'),
    tenant_id: uuid('Key of the tenant that it tells of.'),
    channel: oneOf(NotificationChannel, 'Where it went.'),
    status: oneOf(DeliveryStatus, 'What became of it.'),
    retry_count: integer('How often it was tried again.'),
    max_retries: integer('How often it may be.'),
    request_payload: json('What was sent.', { internal: true }),
    response_status: integer('Status of the answer, as HTTP has it.'),
    response_body: text('What was answered.', { internal: true }),
    error_message: text('Why it did not arrive.'),
    created_at: timestamptz('When it was to be sent.'),
    sent_at: timestamptz('When it arrived.'),
    failed_at: timestamptz('When it was given up.'),
    next_retry_at: timestamptz('When it is tried again.'),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant that it tells of.',
      inverse: { name: 'notificationDeliveries', description: 'Notifications of this tenant, by channel.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
