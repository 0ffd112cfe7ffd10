import { edge } from '../graph/edge.ts'
import { TrainingJob } from '../sources/platform/training-job.ts'
import { User } from '../sources/users/user.ts'

edge({
  from: TrainingJob,
  name: 'creator',
  description: 'The user who created it, where that is known.',
  to: User,
  by: 'created_by',
  inverse: {
    name: 'trainingJobs',
    description: 'Training jobs that this user created, where that is known.',
  },
})
