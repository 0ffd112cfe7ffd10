import { edge } from '../graph/edge.ts'
import { Project } from '../sources/platform/project.ts'
import { ProjectMember } from '../sources/users/project-member.ts'

edge({
  from: ProjectMember,
  name: 'project',
  description: 'The project that the person may work in.',
  to: Project,
  by: 'project_id',
  inverse: { name: 'members', description: 'People who may work in this project.' },
})
