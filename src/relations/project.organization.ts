import { edge } from '../graph/edge.ts'
import { Project } from '../sources/platform/project.ts'
import { Organization } from '../sources/users/organization.ts'

edge({
  from: Project,
  name: 'organization',
  description: 'The organization it belongs to.',
  to: Organization,
  by: 'organization_id',
  inverse: { name: 'projects', description: 'Projects of this organization.' },
})
