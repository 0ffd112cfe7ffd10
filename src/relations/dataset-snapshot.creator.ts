import { edge } from '../graph/edge.ts'
import { DatasetSnapshot } from '../sources/platform/dataset-snapshot.ts'
import { User } from '../sources/users/user.ts'

edge({
  from: DatasetSnapshot,
  name: 'creator',
  description: 'The user who froze it.',
  to: User,
  by: 'created_by_user_id',
  inverse: { name: 'datasetSnapshots', description: 'Dataset snapshots that this user froze.' },
})
