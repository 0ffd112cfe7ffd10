import { boolean, integer, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { gpudev } from './source.ts'

export const GpuUser = declareEntity(gpudev.name, 'GpuUser', {
  table: 'api_users',
  description: 'An account of the GPU Dev service, made at its first AWS login.',
  key: 'user_id',
  columns: {
    user_id: integer('Number in the gpudev database.'),
    username: text('Last part of its AWS role; reservations and disks go by it.'),
    email: text('E-mail address, where somebody noted it; the service does not.'),
    created_at: timestamp('When it first logged in.'),
    is_active: boolean('False while it is locked; the next AWS login unlocks it.'),
  },
  defaultOrder: [{ column: 'username', direction: 'ASC' }],
})
