import { edge } from '../graph/edge.ts'
import { Project } from '../sources/platform/project.ts'
import { Invitation } from '../sources/users/invitation.ts'

edge({
  from: Invitation,
  name: 'project',
  description: 'The project it invites to.',
  to: Project,
  by: 'project_id',
  inverse: { name: 'invitations', description: 'Invitations to this project.' },
})
