import { edge } from '../graph/edge.ts'
import { Project } from '../sources/platform/project.ts'
import { User } from '../sources/users/user.ts'

edge({
  from: Project,
  name: 'owner',
  description: 'The user who owns it.',
  to: User,
  by: 'user_id',
  inverse: { name: 'projects', description: 'Projects that this user owns.' },
})
