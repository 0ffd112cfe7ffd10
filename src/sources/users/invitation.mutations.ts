import sql from 'sql-template-tag'
import { builder } from '../../graph/builder.ts'
import { once } from '../../graph/idempotency.ts'
import { mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { move } from '../../graph/transition.ts'
import { hasRow, nextKey } from '../../graph/write.ts'
import {
  IdempotencyKeyReused,
  IllegalTransition,
  InvalidInput,
  NotFound,
  refusable,
} from '../../graph/write-failure.ts'
import { refreshScope } from './fresh-scope.ts'
import { Invitation } from './invitation.ts'
import { createInvitationToken, expireInvitation, withKey } from './invitation-token.ts'
import { AlreadyInvited, checkedInviting, invite, type ReservedRows } from './inviting.ts'
import { AlreadyMember } from './membership.ts'
import { ProjectMember } from './project-member.ts'
import { SystemRole } from './system-role.ts'

interface Sent {
  readonly kind: 'sent'
  readonly invitation: number
  /** Only for whoever made it. */
  readonly token: string | null
}

interface Joined {
  readonly kind: 'joined'
  readonly member: number
}

const SentInvitation = builder.objectRef<Sent>('SentInvitation').implement({
  description: 'Nobody has joined yet: the address has an invitation, which its holder may answer.',
  fields: (t) => ({
    invitation: t.field(rowField<Sent>(Invitation, ({ invitation }) => invitation, 'The invitation.')),
    token: t.exposeString('token', {
      nullable: true,
      description:
        'For the link to send; a secret, with which anybody may answer. Told this once: null where the request was sent again with its idempotency key.',
    }),
  }),
})

const JoinedAtOnce = builder.objectRef<Joined>('JoinedAtOnce').implement({
  description: 'The address has an account, which is a member of the project now.',
  fields: (t) => ({
    projectMember: t.field(rowField<Joined>(ProjectMember, ({ member }) => member, 'The membership.')),
  }),
})

const InvitationOutcome = builder.unionType('InvitationOutcome', {
  description: 'What has come of inviting somebody.',
  types: [SentInvitation, JoinedAtOnce],
  resolveType: ({ kind }) => (kind === 'sent' ? 'SentInvitation' : 'JoinedAtOnce'),
})

mutation('createInvitation', {
  description:
    'Invites somebody by e-mail: to a project, for its owner and administrators, or to an organization, for administrators. Who has an account becomes a member of the project at once; else the invitation holds for seven days. Nothing is mailed.',
  access: 'person',
  input: (t) => ({
    project: t.id({ description: 'The `id` of the project, unless it is to an organization.' }),
    organization: t.id({ description: 'The `id` of the organization, unless it is to a project.' }),
    email: t.string({ required: true, description: 'Address of whom to invite.' }),
    role: t.field({
      type: SystemRole.ref,
      required: true,
      defaultValue: 'GUEST',
      description:
        'The role to take part as, not above one’s own. An account that is made on acceptance begins with it where its inviter may grant it, and else as a guest.',
    }),
    message: t.string({ description: 'What to tell the person; 2,000 characters at most.' }),
    idempotencyKey: t.string({
      description:
        'Text that stands for this request, for a day: sent again with the same input, it answers the same row.',
    }),
  }),
  success: builder.objectRef<{ readonly outcome: Sent | Joined }>('CreateInvitationSuccess').implement({
    description: 'Somebody is invited.',
    fields: (t) => ({
      outcome: t.field({
        type: InvitationOutcome,
        nullable: false,
        description: 'Whether there is an invitation, or a member already.',
        resolve: ({ outcome }) => outcome,
      }),
    }),
  }),
  failures: [NotFound, InvalidInput, IdempotencyKeyReused, AlreadyMember, AlreadyInvited],
  run: ({ idempotencyKey, ...given }, { context, session, principal, note }) =>
    refusable(async () => {
      const inviting = checkedInviting(given, principal)
      const token = createInvitationToken()
      let isMade = false
      const reserved = await once<ReservedRows>({
        session,
        principal,
        action: 'createInvitation',
        key: idempotencyKey,
        input: inviting,
        reserve: async () => ({
          invitation: await nextKey(context, Invitation),
          member: await nextKey(context, ProjectMember),
        }),
        make: async (keys) => {
          isMade = await invite(context, principal, inviting, { ...keys, token })
        },
      })
      const isSent = await inTransaction(context, Invitation.source, (run) =>
        hasRow(run, Invitation, reserved.invitation),
      )
      await refreshScope(context)
      const { invitation, member } = reserved
      note({ target: isSent ? `invitation:${invitation}` : `projectMember:${member}` })
      const outcome: Sent | Joined = isSent
        ? { kind: 'sent', invitation, token: isMade ? token : null }
        : { kind: 'joined', member }
      return { outcome }
    }),
})

alteration('cancelInvitation', {
  description: 'Takes an invitation back before it is answered. For whoever made it.',
  of: Invitation,
  input: () => ({}),
  failures: [IllegalTransition],
  run: async (key, _input, { context, principal }) => {
    const machine = { CANCELLED: ['PENDING'] }
    const may = sql`t.inviter_id = ${principal.id}`
    await expireInvitation(context, withKey(context, key))
    await inTransaction(context, Invitation.source, (run) =>
      move(run, context, { entity: Invitation, key, may, machine, to: 'CANCELLED' }),
    )
  },
})
