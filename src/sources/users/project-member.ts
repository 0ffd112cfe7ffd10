import { integer, oneOf, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { users } from './source.ts'

const ProjectRole = enumeration(
  'ProjectRole',
  'What a member may do in a project; members by an accepted invitation bear a system role here.',
  {
    OWNER: {
      stored: 'owner',
      description: 'May change and delete the project, and invite and remove people.',
    },
    MEMBER: { stored: 'member', description: 'May read and run.' },
    VIEWER: { stored: 'viewer', description: 'May read.' },
    ADMIN: { stored: 'admin', description: 'Invited as an administrator.' },
    MANAGER: { stored: 'manager', description: 'Invited as a manager.' },
    ADVANCED_ENGINEER: { stored: 'advanced_engineer', description: 'Invited as an advanced engineer.' },
    STANDARD_ENGINEER: { stored: 'standard_engineer', description: 'Invited as a standard engineer.' },
    GUEST: { stored: 'guest', description: 'Invited as a guest.' },
  },
)

export const ProjectMember = declareEntity(users.name, 'ProjectMember', {
  table: 'project_members',
  description: 'A person’s membership of a project. The project’s owner needs none.',
  key: 'id',
  columns: {
    id: integer('Key in the users database.'),
    project_id: integer('Key of the project, in the platform database.'),
    user_id: integer('Key of the user who is a member.'),
    role: oneOf(ProjectRole, 'What the member may do in the project.'),
    invited_by: integer('Key of the user who invited the member.'),
    joined_at: timestamp('When the person became a member.'),
  },
  relations: {
    user: {
      to: 'User',
      by: 'user_id',
      description: 'The member.',
      inverse: { name: 'memberships', description: 'This user’s memberships of projects.' },
    },
    inviter: {
      to: 'User',
      by: 'invited_by',
      description: 'The user who invited the member, where that is known.',
      inverse: { name: 'invitedMembers', description: 'Memberships of people whom this user invited.' },
    },
  },
  defaultOrder: [{ column: 'joined_at', direction: 'DESC' }],
})
