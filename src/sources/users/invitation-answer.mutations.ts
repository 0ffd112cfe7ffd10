import { unsuitability } from '../../auth/passwords/passwords.ts'
import { builder } from '../../graph/builder.ts'
import { keyOfId, optionalText } from '../../graph/checked-input.ts'
import type { GraphContext } from '../../graph/context.ts'
import { NotSignedIn } from '../../graph/failure.ts'
import { mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import {
  IllegalTransition,
  InvalidInput,
  invalid,
  NotFound,
  Refused,
  refusable,
} from '../../graph/write-failure.ts'
import { refreshScope } from './fresh-scope.ts'
import { Invitation } from './invitation.ts'
import { type Acceptance, accept, decline } from './invitation-answer.ts'
import { type FoundInvitation, findInvitation, withKey, withToken } from './invitation-token.ts'
import { ProjectMember } from './project-member.ts'

/** How an answer names its invitation. */
interface Named {
  readonly token?: string | null | undefined
  readonly id?: string | null | undefined
}

const tokenAbout = 'The token of its link, for whoever holds it.'
const idAbout = 'Its `id` instead, for the invited person who is signed in.'

function lookUp(context: GraphContext, { token, id }: Named): Promise<FoundInvitation> {
  if ((token == null) === (id == null)) throw invalid('token', 'Either token or id is needed.')
  if (token != null) return findInvitation(context, withToken(token))
  if (context.session.principal.kind !== 'user')
    throw new Refused(NotSignedIn, 'Sign in, or answer with the token of the link.')
  return findInvitation(context, withKey(context, keyOfId(Invitation, id ?? '', 'id')))
}

/** The hash is dear: it is made for who holds an open invitation alone. */
async function passwordHash(
  { session }: GraphContext,
  { status }: FoundInvitation,
  password: string | null | undefined,
): Promise<string | undefined> {
  if (password == null || session.principal.kind === 'user' || status !== 'PENDING') return undefined
  return session.passwords.hash(password)
}

interface Accepted extends Acceptance {
  readonly invitation: number
}

mutation('acceptInvitation', {
  description:
    'Accepts an invitation: signed in as the invited person, or making the account, with a password. An invitation to a project makes a member; an account that is there stays in its organization.',
  access: 'anybody',
  triesCredentials: true,
  input: (t) => ({
    token: t.string({ description: tokenAbout }),
    id: t.id({ description: idAbout }),
    password: t.string({
      description: 'Of the account to be made: 8 to 100 characters, 72 bytes at most.',
    }),
    fullName: t.string({ description: 'The name of the account to be made; 255 characters at most.' }),
    phoneNumber: t.string({ description: 'Where the new person can be called; 50 characters at most.' }),
    department: t.string({ description: 'The new person’s department; 255 characters at most.' }),
  }),
  success: builder.objectRef<Accepted>('AcceptInvitationSuccess').implement({
    description: 'The invitation is accepted.',
    fields: (t) => ({
      invitation: t.field(
        rowField<Accepted>(
          Invitation,
          ({ invitation }) => invitation,
          'The invitation; null to who has not signed in.',
        ),
      ),
      projectMember: t.field(
        rowField<Accepted>(
          ProjectMember,
          ({ member }) => member,
          'The membership, where it was to a project.',
        ),
      ),
      madeAccount: t.exposeBoolean('madeAccount', {
        nullable: false,
        description: 'Whether an account was made, to sign in with.',
      }),
    }),
  }),
  failures: [NotSignedIn, NotFound, InvalidInput, IllegalTransition],
  run: ({ token, id, password, ...input }, { context, note }) =>
    refusable(async () => {
      const profile = {
        full_name: optionalText(input.fullName, 'fullName', 255),
        phone_number: optionalText(input.phoneNumber, 'phoneNumber', 50),
        department: optionalText(input.department, 'department', 255),
      }
      const unsuitable = password == null ? undefined : unsuitability(password)
      if (unsuitable !== undefined) throw invalid('password', unsuitable)
      const found = await lookUp(context, { token, id })
      note({ target: `invitation:${found.key}` })
      const hash = await passwordHash(context, found, password)
      const acceptance = await accept(context, found, { hash, profile })
      note({ detail: { ...acceptance } })
      await refreshScope(context)
      return { invitation: found.key, ...acceptance }
    }),
})

interface Declined {
  readonly invitation: number
}

mutation('declineInvitation', {
  description: 'Declines an invitation: with its token, or signed in as the invited person.',
  access: 'anybody',
  triesCredentials: true,
  input: (t) => ({
    token: t.string({ description: tokenAbout }),
    id: t.id({ description: idAbout }),
  }),
  success: builder.objectRef<Declined>('DeclineInvitationSuccess').implement({
    description: 'The invitation is declined.',
    fields: (t) => ({
      invitation: t.field(
        rowField<Declined>(
          Invitation,
          ({ invitation }) => invitation,
          'The invitation; null to who has not signed in.',
        ),
      ),
    }),
  }),
  failures: [NotSignedIn, NotFound, InvalidInput, IllegalTransition],
  run: (name, { context, note }) =>
    refusable(async () => {
      const found = await lookUp(context, name)
      note({ target: `invitation:${found.key}` })
      await decline(context, found, name.token != null)
      return { invitation: found.key }
    }),
})
