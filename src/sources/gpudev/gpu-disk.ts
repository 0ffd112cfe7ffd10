import { boolean, date, integer, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { gpudev } from './source.ts'

const GpuDiskOperationStatus = enumeration(
  'GpuDiskOperationStatus',
  'What became of the last operation on a disk; UNKNOWN also where the service itself says so.',
  {
    COMPLETED: { stored: 'completed', description: 'It was done.' },
    FAILED: { stored: 'failed', description: 'It was not done; the error says why.' },
  },
)

export const GpuDisk = declareEntity(gpudev.name, 'GpuDisk', {
  table: 'disks',
  description: 'A disk that outlives the reservations which use it.',
  key: 'disk_id',
  columns: {
    disk_id: uuid('Key in the gpudev database.'),
    disk_name: text('Its name, once among its user’s disks.', { name: 'name' }),
    user_id: text('Username of its user.'),
    size_gb: integer('Size in GB.'),
    disk_size: text('How much is on it, as the service measured it.'),
    created_at: timestamptz('When it was made.'),
    last_used: timestamptz('When a reservation last used it.'),
    in_use: boolean('Whether a reservation uses it.'),
    reservation_id: text('Key of the reservation that uses it.'),
    is_backing_up: boolean('Whether a snapshot of it is being made.'),
    is_deleted: boolean('Whether it is to be deleted.'),
    delete_date: date('The day on which it is deleted.'),
    snapshot_count: integer('Snapshots of it.'),
    pending_snapshot_count: integer('Snapshots that are being made.'),
    ebs_volume_id: text('AWS volume.', { internal: true }),
    last_snapshot_at: timestamptz('When the last snapshot was made.'),
    operation_id: uuid('Key of the last operation on it.'),
    operation_status: oneOf(GpuDiskOperationStatus, 'What became of that operation.'),
    operation_error: text('Why that operation failed.'),
    latest_snapshot_content_s3: text('Where the list of its files lies.', { internal: true }),
    last_updated: timestamptz('When its row last changed.'),
    marked_deleted_at: timestamptz('When it was marked as to be deleted.'),
  },
  relations: {
    reservation: {
      to: 'GpuReservation',
      by: 'reservation_id',
      description: 'The reservation that uses it.',
      inverse: { name: 'attachedDisks', description: 'Disks that this reservation uses.' },
    },
  },
  defaultOrder: [{ column: 'last_used', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'state' },
})
