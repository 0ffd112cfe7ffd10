import { integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { users } from './source.ts'
import { SystemRole } from './system-role.ts'

const InvitationType = enumeration('InvitationType', 'What an invitation is to.', {
  ORGANIZATION: { stored: 'ORGANIZATION', description: 'To an organization.' },
  PROJECT: { stored: 'PROJECT', description: 'To a project.' },
  DATASET: { stored: 'DATASET', description: 'To a dataset of the Labeler.' },
})

const InvitationStatus = enumeration('InvitationStatus', 'What has become of an invitation.', {
  PENDING: { stored: 'PENDING', description: 'Not answered; also one out of date that nobody has opened.' },
  ACCEPTED: { stored: 'ACCEPTED', description: 'The invited person said yes.' },
  DECLINED: { stored: 'DECLINED', description: 'The invited person said no.' },
  EXPIRED: { stored: 'EXPIRED', description: 'It was opened after it had run out.' },
  CANCELLED: { stored: 'CANCELLED', description: 'The inviter took it back.' },
})

export const Invitation = declareEntity(users.name, 'Invitation', {
  table: 'invitations',
  description: 'An invitation by e-mail to an organization, a project or a dataset.',
  key: 'id',
  columns: {
    id: integer('Key in the users database.'),
    invitation_type: oneOf(InvitationType, 'What it is to.', { name: 'type', enumType: 'invitationtype' }),
    status: oneOf(InvitationStatus, 'What has become of it.', { enumType: 'invitationstatus' }),
    organization_id: integer('Key of the organization it is to.'),
    project_id: integer('Key of the project it is to, in the platform database.'),
    dataset_id: text('Key of the dataset it is to, in the Labeler.'),
    inviter_id: integer('Key of the user who invites.'),
    invitee_email: text('Address that it was sent to.'),
    invitee_id: integer('Key of the invited user, where there is an account.'),
    invitee_role: oneOf(SystemRole, 'The role that is given on acceptance.', { enumType: 'userrole' }),
    message: text('What the inviter wrote.'),
    expires_at: timestamp('Until when it can be accepted; 7 days after it was made.'),
    created_at: timestamp('When it was made.'),
    accepted_at: timestamp('When it was accepted.'),
  },
  relations: {
    organization: {
      to: 'Organization',
      by: 'organization_id',
      description: 'The organization it is to.',
      inverse: { name: 'invitations', description: 'Invitations to this organization.' },
    },
    inviter: {
      to: 'User',
      by: 'inviter_id',
      description: 'The user who invites.',
      inverse: { name: 'sentInvitations', description: 'Invitations that this user sent.' },
    },
    invitee: {
      to: 'User',
      by: 'invitee_id',
      description: 'The invited user, where there is an account.',
      inverse: { name: 'receivedInvitations', description: 'Invitations that this user received.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
  live: { kind: 'state' },
})
