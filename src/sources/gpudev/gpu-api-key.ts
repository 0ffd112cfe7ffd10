import { boolean, integer, text, timestamptz } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { gpudev } from './source.ts'

export const GpuApiKey = declareEntity(gpudev.name, 'GpuApiKey', {
  table: 'api_keys',
  description: 'A key of a GPU Dev user, good for two hours; the key itself is shown once, when it is made.',
  key: 'key_id',
  columns: {
    key_id: integer('Number in the gpudev database.'),
    user_id: integer('Number of the user whose key it is.'),
    key_prefix: text('The first 8 characters of the key, to tell keys apart.'),
    created_at: timestamptz('When it was made.'),
    expires_at: timestamptz('When it ends; null where it does not.'),
    last_used_at: timestamptz('When the GPU Dev service last saw it.'),
    is_active: boolean('False when it is revoked.'),
    description: text('What it was made for: the AWS identity that logged in.', { internal: true }),
  },
  relations: {
    user: {
      to: 'GpuUser',
      by: 'user_id',
      description: 'The user whose key it is.',
      inverse: { name: 'apiKeys', description: 'Keys of this user.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
