import sql from 'sql-template-tag'
import type { SystemRole as Role, UserPrincipal } from '../../auth/principal.ts'
import { keyOfId, optionalText, storedLabel } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import { entityNamed, type RowKey } from '../../graph/entity.ts'
import { failureKind } from '../../graph/failure.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { hasRow, insertRow, utcNow, type Values } from '../../graph/write.ts'
import { invalid, notPermitted, Refused } from '../../graph/write-failure.ts'
import { accountOf, type KnownAccount, lockAddress } from './account.ts'
import { Invitation } from './invitation.ts'
import { AlreadyMember, asProjectOwner, join } from './membership.ts'
import { Organization } from './organization.ts'
import { ProjectMember } from './project-member.ts'
import { mayShare } from './role-grants.ts'
import { SystemRole } from './system-role.ts'

export const AlreadyInvited = failureKind('AlreadyInvited', {
  code: 'ALREADY_INVITED',
  description: 'The address has an invitation to it that is not answered yet.',
})

/** Keys of the rows of which one is made. */
export interface ReservedRows {
  readonly invitation: number
  readonly member: number
}

export interface Inviting {
  readonly email: string
  readonly role: Role
  readonly message: string | null
  readonly project: RowKey | null | undefined
  readonly organization: RowKey | null | undefined
}

/** One address and no list of them, nor one with a name before it. */
const address = /^[^\s@<>()[\]:;,"\\]+@[^\s@<>()[\]:;,"\\]+$/

/** An address as accounts are found by it: in lower case. */
function checkedAddress(given: string): string {
  const email = (optionalText(given, 'email') ?? '').trim().toLowerCase()
  if (email.length <= 255 && address.test(email)) return email
  throw invalid('email', 'email has to be an address such as name@example.com.')
}

interface GivenInviting {
  readonly email: string
  readonly role: string
  readonly message?: string | null | undefined
  readonly project?: string | null | undefined
  readonly organization?: string | null | undefined
}

/** @throws Refused InvalidInput, NotPermitted. */
export function checkedInviting(
  { email, role, message, project, organization }: GivenInviting,
  principal: UserPrincipal,
): Inviting {
  if ((project == null) === (organization == null))
    throw invalid('project', 'Either project or organization is needed.')
  const stored = storedLabel(SystemRole, role, 'role') as Role
  if (!mayShare(principal.role, stored)) throw notPermitted(`You may not invite anybody as ${role}.`)
  return {
    email: checkedAddress(email),
    role: stored,
    message: optionalText(message, 'message', 2000) ?? null,
    project: project == null ? undefined : keyOfId(entityNamed('Project'), project, 'project'),
    organization: organization == null ? undefined : keyOfId(Organization, organization, 'organization'),
  }
}

/**
 * Makes a member of who has an account and is invited to a project, and an invitation of everybody else, unless that
 * is done already.
 *
 * @returns whether it was not.
 * @throws Refused NotFound, NotPermitted, AlreadyMember, AlreadyInvited.
 */
export async function invite(
  context: GraphContext,
  principal: UserPrincipal,
  inviting: Inviting,
  keys: ReservedRows & { readonly token: string },
): Promise<boolean> {
  const { email, project, organization } = inviting
  const values = { ...invitationOf(inviting, principal), id: keys.invitation, token: keys.token }
  const prepare = async (run: Run) => {
    await lockAddress(run, email)
    const isThere =
      (await hasRow(run, Invitation, keys.invitation)) || (await hasRow(run, ProjectMember, keys.member))
    return { isThere, account: await accountOf(run, email) }
  }
  if (project === undefined)
    return inTransaction(context, Organization.source, async (run) => {
      const may = principal.role === 'admin' ? sql`TRUE` : sql`FALSE`
      await claim(run, context, { entity: Organization, key: organization ?? null, lock: 'KEY SHARE', may })
      const { isThere, account } = await prepare(run)
      if (isThere) return false
      if (account && account.organization === organization)
        throw new Refused(AlreadyMember, 'The person belongs to the organization already.')
      return send(run, { ...values, organization_id: organization }, account)
    })
  let joined: number | undefined
  const isMade = await asProjectOwner(context, principal, project, async (run, { owner }) => {
    const { isThere, account } = await prepare(run)
    if (isThere) return false
    if (!account) return send(run, { ...values, project_id: project }, account)
    if (account.id === owner) throw new Refused(AlreadyMember, 'The project is the person’s own.')
    const joining = { key: keys.member, user: account.id, role: inviting.role, invitedBy: principal.id }
    const member = await join(run, { ...joining, project })
    if (member !== keys.member) throw new Refused(AlreadyMember, 'The person is a member already.')
    joined = account.id
    return true
  })
  if (joined !== undefined) context.session.scopes.drop(joined)
  return isMade
}

const invitationOf = ({ email, role, message, organization }: Inviting, { id }: UserPrincipal): Values => ({
  invitation_type: organization === undefined ? 'PROJECT' : 'ORGANIZATION',
  status: 'PENDING',
  inviter_id: id,
  invitee_email: email,
  invitee_role: role,
  message,
  created_at: utcNow,
  expires_at: sql`${utcNow} + interval '7 days'`,
})

/** Writes an invitation, unless the address has an open one to the same. */
async function send(run: Run, values: Values, account: KnownAccount | undefined): Promise<true> {
  const [open] = await run(
    sql`SELECT FROM public.invitations WHERE status = 'PENDING' AND expires_at > ${utcNow}
      AND lower(invitee_email) = ${values.invitee_email}
      AND (project_id = ${values.project_id ?? null} OR organization_id = ${values.organization_id ?? null})`,
  )
  if (open)
    throw new Refused(AlreadyInvited, 'The address has an invitation already. Cancel it to make another.')
  await insertRow(run, Invitation, { ...values, invitee_id: account?.id })
  return true
}
