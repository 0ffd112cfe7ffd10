import { match } from '../../graph/match.ts'
import { GpuReservation } from './gpu-reservation.ts'
import { GpuUser } from './gpu-user.ts'
import { namesUser, namesUserNumber, userColumns } from './user-text.ts'

match({
  from: GpuReservation,
  name: 'user',
  description: 'The user whose reservation it is.',
  to: GpuUser,
  columns: { near: ['user_id'], far: userColumns },
  joined: namesUser,
  belongs: namesUserNumber,
  inverse: { name: 'reservations', description: 'Reservations of this user.' },
})
