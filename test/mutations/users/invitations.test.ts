import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  anyEmail,
  globalId,
  type Outcome,
  openUsersWorld,
  project,
  projectId,
  type UsersWorld,
  type Who,
} from './users-world.ts'

let world: UsersWorld

beforeAll(async () => {
  world = await openUsersWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const organization = globalId('Organization', 1)
const fields = `outcome { __typename
  ... on SentInvitation { token invitation { databaseId status type inviteeRole inviteeEmail project { name } inviter { databaseId } } }
  ... on JoinedAtOnce { projectMember { databaseId role user { databaseId fullName } project { name } } } }`

const invite = (input: object, who: Who = 'owner') => world.perform('createInvitation', input, who, fields)

interface Sent {
  readonly __typename: string
  readonly token: string | null
  readonly invitation: { readonly databaseId: number }
}

const sentIn = ({ outcome }: Outcome) => outcome as Sent

const countOf = async (email: string) =>
  (await world.users.query('SELECT FROM invitations WHERE invitee_email = $1', [email])).rowCount

describe('createInvitation', () => {
  it('writes the row that the platform would, and tells the token once', async () => {
    const email = anyEmail()
    const outcome = await invite({
      project,
      email: ` ${email.toUpperCase()} `,
      role: 'STANDARD_ENGINEER',
      message: 'Hej!',
    })
    const { token, invitation } = sentIn(outcome)
    expect(invitation).toMatchObject({
      status: 'PENDING',
      type: 'PROJECT',
      inviteeRole: 'STANDARD_ENGINEER',
      inviteeEmail: email,
      project: { name: 'Pallet detection' },
      inviter: { databaseId: world.keys.owner },
    })
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const row = await world.row('invitations', invitation.databaseId)
    expect(row).toMatchObject({
      token,
      invitation_type: 'PROJECT',
      status: 'PENDING',
      organization_id: null,
      project_id: projectId,
      dataset_id: null,
      inviter_id: world.keys.owner,
      invitee_email: email,
      invitee_id: null,
      invitee_role: 'standard_engineer',
      message: 'Hej!',
      accepted_at: null,
    })
    const { rows } = await world.users.query(
      `SELECT expires_at - created_at = interval '7 days' AS week,
         abs(extract(epoch FROM created_at - now() AT TIME ZONE 'UTC')) < 60 AS utc
       FROM invitations WHERE id = $1`,
      [invitation.databaseId],
    )
    expect(rows).toEqual([{ week: true, utc: true }])
  })

  it('makes a member of who has an account, at once, and shows the person', async () => {
    const user = await world.addUser({ email: `Mixed.${anyEmail()}`, full_name: 'Mia', organization_id: 6 })
    const { email } = (await world.row('users', user)) as { email: string }
    const outcome = await invite({ project, email: email.toLowerCase() })
    expect(outcome.outcome).toMatchObject({
      __typename: 'JoinedAtOnce',
      projectMember: {
        role: 'GUEST',
        user: { databaseId: user, fullName: 'Mia' },
        project: { name: 'Pallet detection' },
      },
    })
    const { rows } = await world.users.query('SELECT * FROM project_members WHERE user_id = $1', [user])
    expect(rows).toMatchObject([{ project_id: projectId, role: 'guest', invited_by: world.keys.owner }])
    expect((await invite({ project, email })).__typename).toBe('AlreadyMember')
    expect((await invite({ project, email: world.emails.owner }, 'admin')).__typename).toBe('AlreadyMember')
  })

  it('is for the project’s owner and administrators', async () => {
    const answers = {
      owner: 'CreateInvitationSuccess',
      admin: 'CreateInvitationSuccess',
      member: 'NotPermitted',
      manager: 'NotFound',
      outsider: 'NotFound',
    }
    for (const [who, answer] of Object.entries(answers) as [Who, string][])
      expect((await invite({ project, email: anyEmail() }, who)).__typename, who).toBe(answer)
    expect(
      (await invite({ project: globalId('Project', 2_000_000_000), email: anyEmail() })).__typename,
    ).toBe('NotFound')
  })

  it('to an organization is for administrators', async () => {
    for (const who of ['owner', 'manager', 'guest'] as const)
      expect((await invite({ organization, email: anyEmail() }, who)).__typename, who).toBe('NotPermitted')
    expect((await invite({ organization, email: anyEmail() }, 'outsider')).__typename).toBe('NotFound')
    const user = await world.addUser({ organization_id: null })
    const { email } = (await world.row('users', user)) as { email: string }
    const { invitation } = sentIn(await invite({ organization, email, role: 'ADMIN' }, 'admin'))
    expect(await world.row('invitations', invitation.databaseId)).toMatchObject({
      invitation_type: 'ORGANIZATION',
      organization_id: 1,
      project_id: null,
      invitee_id: user,
      invitee_role: 'admin',
    })
    expect((await invite({ organization, email: world.emails.guest }, 'admin')).__typename).toBe(
      'AlreadyMember',
    )
  })

  it('offers no role above one’s own', async () => {
    for (const role of ['ADVANCED_ENGINEER', 'MANAGER', 'ADMIN'])
      expect((await invite({ project, email: anyEmail(), role })).__typename, role).toBe('NotPermitted')
    expect((await invite({ project, email: anyEmail(), role: 'MANAGER' }, 'admin')).__typename).toBe(
      'CreateInvitationSuccess',
    )
  })

  it('refuses what cannot be, by the field’s name', async () => {
    const email = anyEmail()
    const wrong = [
      [{ email }, 'project'],
      [{ project, organization, email }, 'project'],
      [{ project: organization, email }, 'project'],
      [{ project: 'nonsense', email }, 'project'],
      [{ organization: project, email }, 'organization'],
      [{ project, email, message: 'x'.repeat(2001) }, 'message'],
      [{ project, email, role: 'UNKNOWN' }, 'role'],
      ...['', 'nobody', 'a b@c', 'a@b@c', '@', '<a@b>', 'a@b,c@d', 'a\u0000@b', `${'x'.repeat(255)}@b`].map(
        (odd) => [{ project, email: odd }, 'email'],
      ),
    ] as const
    for (const [input, field] of wrong)
      expect(await invite(input as object), JSON.stringify(input)).toMatchObject({
        code: 'INVALID_INPUT',
        field,
      })
  })

  it('makes one invitation of an address, also at once', async () => {
    const email = anyEmail()
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => invite({ project, email }, index % 2 ? 'admin' : 'owner')),
    )
    const names = outcomes.map(({ __typename }) => __typename)
    expect(names.filter((name) => name === 'CreateInvitationSuccess').length).toBe(1)
    expect(new Set(names)).toEqual(new Set(['CreateInvitationSuccess', 'AlreadyInvited']))
    expect(await countOf(email)).toBe(1)
  })

  it('makes one row for one idempotency key, and tells its token to one', async () => {
    const input = { project, email: anyEmail(), idempotencyKey: anyEmail() }
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => invite(input)))
    expect(new Set(outcomes.map((outcome) => sentIn(outcome).invitation.databaseId)).size).toBe(1)
    expect(outcomes.map((outcome) => sentIn(outcome).token).filter(Boolean).length).toBe(1)
    expect(sentIn(await invite(input)).token).toBeNull()
    expect(await countOf(input.email)).toBe(1)
    expect((await invite({ ...input, message: 'Other' })).__typename).toBe('IdempotencyKeyReused')
  })

  it('makes one member for one idempotency key', async () => {
    const user = await world.addUser()
    const { email } = (await world.row('users', user)) as { email: string }
    const input = { project, email, idempotencyKey: anyEmail() }
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => invite(input)))
    const members = outcomes.map(
      ({ outcome }) => (outcome as { projectMember: { databaseId: number } }).projectMember.databaseId,
    )
    expect(new Set(members).size).toBe(1)
    expect((await world.users.query('SELECT FROM project_members WHERE user_id = $1', [user])).rowCount).toBe(
      1,
    )
  })
})
