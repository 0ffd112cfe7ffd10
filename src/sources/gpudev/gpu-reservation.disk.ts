import sql from 'sql-template-tag'
import { match } from '../../graph/match.ts'
import { columnOf } from '../../graph/statement.ts'
import { GpuDisk } from './gpu-disk.ts'
import { GpuReservation } from './gpu-reservation.ts'

match({
  from: GpuReservation,
  name: 'disk',
  description: 'The disk that it asked for by name, among its user’s disks.',
  to: GpuDisk,
  columns: { near: ['user_id', 'disk_name'], far: ['user_id', 'disk_name'] },
  joined: (near, far) =>
    sql`(${columnOf(far, 'user_id')} = ${columnOf(near, 'user_id')}
      AND ${columnOf(far, 'disk_name')} = ${columnOf(near, 'disk_name')})`,
  belongs: (key) =>
    sql`(t.user_id, t.disk_name) = (SELECT d.user_id, d.disk_name FROM public.disks d WHERE d.disk_id = ${key})`,
  inverse: { name: 'reservations', description: 'Reservations that asked for this disk.' },
})
