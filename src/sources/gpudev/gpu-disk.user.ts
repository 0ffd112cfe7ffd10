import { match } from '../../graph/match.ts'
import { GpuDisk } from './gpu-disk.ts'
import { GpuUser } from './gpu-user.ts'
import { namesUser, namesUserNumber, userColumns } from './user-text.ts'

match({
  from: GpuDisk,
  name: 'user',
  description: 'The user whose disk it is.',
  to: GpuUser,
  columns: { near: ['user_id'], far: userColumns },
  joined: namesUser,
  belongs: namesUserNumber,
  inverse: { name: 'disks', description: 'Disks of this user.' },
})
