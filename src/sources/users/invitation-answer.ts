import sql from 'sql-template-tag'
import { type Principal, systemRole } from '../../auth/principal.ts'
import type { GraphContext } from '../../graph/context.ts'
import { NotSignedIn } from '../../graph/failure.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { nextKey, updateRow, utcNow, type Values } from '../../graph/write.ts'
import { IllegalTransition, invalid, notPermitted, Refused } from '../../graph/write-failure.ts'
import { accountOf, lockAddress, makeAccount } from './account.ts'
import { Invitation } from './invitation.ts'
import type { FoundInvitation } from './invitation-token.ts'
import { join, withProject } from './membership.ts'
import { ProjectMember } from './project-member.ts'
import { mayGrant } from './role-grants.ts'
import { User } from './user.ts'

/** An invitation that is locked. */
interface HeldInvitation {
  readonly status: string
  readonly email: string
  readonly invitee: number | null
  readonly role: string
  readonly organization: number | null
  readonly inviter: number
  readonly inviterRole: string
}

/** Locks an invitation that is not answered yet; every other status is final. */
async function hold(run: Run, key: number, to: string): Promise<HeldInvitation> {
  const [held] = await run<HeldInvitation>(
    sql`SELECT t.status::text AS status, t.invitee_email AS email, t.invitee_id AS invitee,
        t.invitee_role::text AS role, t.organization_id AS organization, t.inviter_id AS inviter,
        CASE WHEN u.is_active THEN u.system_role::text ELSE 'guest' END AS "inviterRole"
      FROM public.invitations t JOIN public.users u ON u.id = t.inviter_id
      WHERE t.id = ${key} FOR NO KEY UPDATE OF t`,
  )
  const status = held?.status ?? 'CANCELLED'
  if (held && status === 'PENDING') return held
  const message = `This Invitation is ${status} and cannot become ${to}; it stays so.`
  throw new Refused(IllegalTransition, message, { from: status, to, allowed: [] })
}

const isFor = ({ email, invitee }: HeldInvitation, principal: Principal & { kind: 'user' }) =>
  invitee === principal.id || email.toLowerCase() === principal.email.toLowerCase()

/** What an account that has to be made begins with. */
export interface Newcomer {
  /** Of the password; undefined where none was given. */
  readonly hash: string | undefined
  readonly profile: Values
}

export interface Acceptance {
  readonly member: number | null
  readonly madeAccount: boolean
}

/**
 * Accepts an invitation for who is signed in, or for whom an account is made with it.
 *
 * @throws Refused IllegalTransition, NotFound, NotPermitted, NotSignedIn, InvalidInput.
 */
export async function accept(
  context: GraphContext,
  { key, project }: FoundInvitation,
  newcomer: Newcomer,
): Promise<Acceptance> {
  const { principal } = context.session
  // Drawn before the transaction, which has a connection of the pool already.
  const [userKey, memberKey] = [await nextKey(context, User), await nextKey(context, ProjectMember)]
  const work = async (run: Run, organization: number | null): Promise<Acceptance> => {
    const held = await hold(run, key, 'ACCEPTED')
    const isGuest = principal.kind !== 'user'
    if (!isGuest && !isFor(held, principal))
      throw notPermitted('This Invitation is for somebody else. Sign in as that person.')
    if (isGuest)
      await settle(run, held, { id: userKey, organization: held.organization ?? organization, ...newcomer })
    const user = isGuest ? userKey : principal.id
    const joining = { key: memberKey, user, role: held.role, invitedBy: held.inviter }
    const member = project === null ? null : await join(run, { ...joining, project })
    const values = { status: 'ACCEPTED', invitee_id: user, accepted_at: utcNow }
    await updateRow(run, Invitation, { key, values })
    return { member, madeAccount: isGuest }
  }
  return project === null
    ? inTransaction(context, Invitation.source, (run) => work(run, null))
    : withProject(context, project, (run, { organization }) => work(run, organization))
}

interface Settling extends Newcomer {
  readonly id: number
  readonly organization: number | null
}

/** Makes the account of an invited address. Only who may grant the invitation’s role gives it to a new account. */
async function settle(run: Run, held: HeldInvitation, { hash, ...newcomer }: Settling): Promise<void> {
  const { email } = held
  const occupied = () => new Refused(NotSignedIn, 'The address has an account. Sign in with it to accept.')
  await lockAddress(run, email)
  if (await accountOf(run, email)) throw occupied()
  if (hash === undefined)
    throw invalid('password', 'The address has no account: a password is needed to make it.')
  const role = mayGrant(systemRole(held.inviterRole), systemRole(held.role)) ? held.role : 'guest'
  if (!(await makeAccount(run, { ...newcomer, email, hash, role }))) throw occupied()
}

/** @throws Refused IllegalTransition. */
export async function decline(
  context: GraphContext,
  { key }: FoundInvitation,
  byToken: boolean,
): Promise<void> {
  const { principal } = context.session
  await inTransaction(context, Invitation.source, async (run) => {
    const held = await hold(run, key, 'DECLINED')
    if (!byToken && !(principal.kind === 'user' && isFor(held, principal)))
      throw notPermitted('This Invitation is for somebody else.')
    await updateRow(run, Invitation, { key, values: { status: 'DECLINED' } })
  })
}
