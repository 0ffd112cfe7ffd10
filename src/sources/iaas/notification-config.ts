import { boolean, oneOf, textList, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { NotificationChannel } from './notification-event.ts'
import { iaas } from './source.ts'

export const NotificationConfig = declareEntity(iaas.name, 'NotificationConfig', {
  table: 'notification_config',
  description:
    'Whether and of what a tenant is notified on one channel. Where that goes is written and never shown.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    tenant_id: uuid('Key of the tenant.'),
    channel: oneOf(NotificationChannel, 'Where notifications go.'),
    enabled: boolean('Whether they do.'),
    event_types: textList('What is told of, as `tenant.suspended`; everything, where none is listed.'),
    created_at: timestamptz('When it was made.'),
    updated_at: timestamptz('When it was last changed.'),
  },
  relations: {
    tenant: {
      to: 'Tenant',
      by: 'tenant_id',
      description: 'The tenant.',
      inverse: { name: 'notificationConfigs', description: 'Where this tenant is notified, by channel.' },
    },
  },
  defaultOrder: [{ column: 'channel', direction: 'ASC' }],
})
