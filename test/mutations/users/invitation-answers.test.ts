import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  accessToken,
  anyEmail,
  globalId,
  openUsersWorld,
  project,
  projectId,
  type Row,
  type UsersWorld,
  type Who,
} from './users-world.ts'

let world: UsersWorld

beforeAll(async () => {
  world = await openUsersWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const nobody = {}
const password = 'correct horse'

interface Invited {
  readonly key: number
  readonly id: string
  readonly token: string
  readonly email: string
}

/** Adds an invitation to the project 1, from its owner. */
async function invited(values: Row = {}): Promise<Invited> {
  const { rows } = await world.users.query<{ created: string; expires: string }>(
    `SELECT (now() AT TIME ZONE 'UTC')::text AS created, (now() AT TIME ZONE 'UTC' + interval '7 days')::text AS expires`,
  )
  const row = {
    token: anyEmail(),
    invitation_type: 'PROJECT',
    status: 'PENDING',
    project_id: projectId,
    inviter_id: world.keys.owner,
    invitee_email: anyEmail(),
    invitee_role: 'standard_engineer',
    created_at: rows[0]?.created,
    expires_at: rows[0]?.expires,
    ...values,
  }
  const key = await world.add('invitations', row)
  return { key, id: globalId('Invitation', key), token: row.token, email: row.invitee_email }
}

const forOutsider = () => ({ invitee_email: world.emails.outsider })

const accept = (input: object, who: Who | object = nobody) =>
  world.perform(
    'acceptInvitation',
    input,
    who,
    'madeAccount invitation { status } projectMember { role user { databaseId } project { name } }',
  )
const decline = (input: object, who: Who | object = nobody) =>
  world.perform('declineInvitation', input, who, 'invitation { status }')
const cancel = (input: object, who: Who = 'owner') =>
  world.perform('cancelInvitation', input, who, 'invitation { status }')

const statusOf = async ({ key }: Invited) => (await world.row('invitations', key))?.status
const membershipsOf = async (user: number) =>
  (
    await world.users.query('SELECT * FROM project_members WHERE user_id = $1 AND project_id = $2', [
      user,
      projectId,
    ])
  ).rows

const leave = (user: number) =>
  world.users.query('DELETE FROM project_members WHERE user_id = $1 AND project_id = $2', [user, projectId])

describe('acceptInvitation', () => {
  it('makes a member of the invited person who is signed in, by token or id, and shows it at once', async () => {
    for (const by of ['token', 'id'] as const) {
      await leave(world.keys.outsider)
      const invitation = await invited(forOutsider())
      expect(await accept({ [by]: invitation[by] }, 'outsider')).toEqual({
        __typename: 'AcceptInvitationSuccess',
        madeAccount: false,
        invitation: { status: 'ACCEPTED' },
        projectMember: {
          role: 'STANDARD_ENGINEER',
          user: { databaseId: world.keys.outsider },
          project: { name: 'Pallet detection' },
        },
      })
      expect(await membershipsOf(world.keys.outsider)).toMatchObject([{ role: 'standard_engineer' }])
      const row = await world.row('invitations', invitation.key)
      expect(row).toMatchObject({ status: 'ACCEPTED', invitee_id: world.keys.outsider })
      expect(row?.accepted_at).not.toBeNull()
    }
  })

  it('makes the account with a password, which signs in', async () => {
    const { token, email, key } = await invited({ invitee_role: 'advanced_engineer' })
    expect(await accept({ token })).toMatchObject({ __typename: 'InvalidInput', field: 'password' })
    const profile = { fullName: 'Nora', phoneNumber: '123', department: 'Research' }
    expect(await accept({ token, password, ...profile })).toMatchObject({ madeAccount: true })
    const { rows } = await world.users.query('SELECT * FROM users WHERE email = $1', [email])
    const { id, hashed_password, avatar_name, created_at, updated_at, ...row } = rows[0]
    expect(row).toEqual({
      keycloak_id: null,
      email,
      full_name: 'Nora',
      company: null,
      company_custom: null,
      division: null,
      division_custom: null,
      department: 'Research',
      organization_id: 1,
      phone_number: '123',
      bio: null,
      // The owner, an engineer, grants nobody a role.
      system_role: 'guest',
      is_active: true,
      badge_color: null,
      password_reset_token: null,
      password_reset_expires: null,
    })
    expect(hashed_password).toMatch(/^\$2[aby]\$/)
    expect(avatar_name).toMatch(/^[a-z]+-[a-z]+-\d{3}$/)
    expect(updated_at).toEqual(created_at)
    expect(await membershipsOf(id)).toMatchObject([
      { role: 'advanced_engineer', invited_by: world.keys.owner },
    ])
    expect(await world.row('invitations', key)).toMatchObject({ status: 'ACCEPTED', invitee_id: id })
    const signedIn = { token: await accessToken(world.gateway, email, { password }) }
    const { data } = await world.query(`{ project(databaseId: ${projectId}) { name } }`, signedIn)
    expect(data).toEqual({ project: { name: 'Pallet detection' } })
  })

  it('gives a new account the role that the inviter may grant now, and the organization it is to', async () => {
    const to = { invitation_type: 'ORGANIZATION', project_id: null, organization_id: 2 }
    const cases = [
      ['admin', 'manager', 'manager'],
      ['manager', 'advanced_engineer', 'advanced_engineer'],
      ['manager', 'admin', 'guest'],
      ['owner', 'standard_engineer', 'guest'],
    ] as const
    for (const [inviter, invitee_role, system_role] of cases) {
      const { token, email } = await invited({ ...to, inviter_id: world.keys[inviter], invitee_role })
      expect(await accept({ token, password })).toMatchObject({ madeAccount: true, projectMember: null })
      const { rows } = await world.users.query('SELECT * FROM users WHERE email = $1', [email])
      expect(rows, `${inviter} ${invitee_role}`).toMatchObject([{ system_role, organization_id: 2 }])
    }
  })

  it('leaves the account of who is signed in as it is', async () => {
    const before = await world.row('users', world.keys.outsider)
    const { token } = await invited({
      ...forOutsider(),
      invitation_type: 'ORGANIZATION',
      project_id: null,
      organization_id: 2,
      invitee_role: 'admin',
      inviter_id: world.keys.admin,
    })
    expect(await accept({ token }, 'outsider')).toMatchObject({ madeAccount: false, projectMember: null })
    expect(await world.row('users', world.keys.outsider)).toEqual(before)
  })

  it('wants who has an account to sign in', async () => {
    const invitation = await invited({ invitee_email: world.emails.outsider.toUpperCase() })
    expect((await accept({ token: invitation.token, password })).__typename).toBe('NotSignedIn')
    expect((await accept({ id: invitation.id })).__typename).toBe('NotSignedIn')
    expect(await statusOf(invitation)).toBe('PENDING')
    expect((await accept({ token: invitation.token }, 'outsider')).__typename).toBe('AcceptInvitationSuccess')
  })

  it('is for nobody else', async () => {
    const invitation = await invited(forOutsider())
    for (const who of ['owner', 'admin'] as const) {
      expect((await accept({ id: invitation.id }, who)).__typename, who).toBe('NotPermitted')
      expect((await accept({ token: invitation.token }, who)).__typename, who).toBe('NotPermitted')
    }
    expect((await accept({ id: invitation.id }, 'member')).__typename).toBe('NotFound')
    expect((await accept({ token: 'unknown' }, 'member')).__typename).toBe('NotFound')
    expect(await statusOf(invitation)).toBe('PENDING')
  })

  it('refuses passwords that cannot be set, and inputs that name nothing', async () => {
    const { token, id } = await invited()
    for (const odd of ['short', 'x'.repeat(73), 'ö'.repeat(37), 'with\u0000null', 'x'.repeat(101)])
      expect(await accept({ token, password: odd }), odd).toMatchObject({ field: 'password' })
    expect(await accept({ password })).toMatchObject({ field: 'token' })
    expect(await accept({ token, id, password })).toMatchObject({ field: 'token' })
    expect(await accept({ token: 'a\u0000' })).toMatchObject({ field: 'token' })
    expect(await accept({ id: project }, 'outsider')).toMatchObject({ field: 'id' })
    expect(await accept({ token, password, fullName: 'x'.repeat(256) })).toMatchObject({ field: 'fullName' })
  })

  it('keeps a membership that is there, and makes one of many at once', async () => {
    await leave(world.keys.outsider)
    const invitations: Invited[] = []
    for (let count = 0; count < 6; count++) invitations.push(await invited(forOutsider()))
    const outcomes = await Promise.all(invitations.map(({ token }) => accept({ token }, 'outsider')))
    expect(new Set(outcomes.map(({ __typename }) => __typename))).toEqual(
      new Set(['AcceptInvitationSuccess']),
    )
    expect((await membershipsOf(world.keys.outsider)).length).toBe(1)
  })

  it('makes one account of two invitations of one address, accepted at once', async () => {
    const invitee_email = anyEmail()
    const invitations = [await invited({ invitee_email }), await invited({ invitee_email })]
    const outcomes = await Promise.all(invitations.map(({ token }) => accept({ token, password })))
    expect(outcomes.map(({ __typename }) => __typename).sort()).toEqual([
      'AcceptInvitationSuccess',
      'NotSignedIn',
    ])
  })

  it('does not lead into a project that is no more', async () => {
    const invitation = await invited({ project_id: 2_000_000_000 })
    expect((await accept({ token: invitation.token, password })).__typename).toBe('NotFound')
    expect(await statusOf(invitation)).toBe('PENDING')
  })
})

describe('declineInvitation', () => {
  it('is for who holds the token, and for the invited person', async () => {
    const held = await invited()
    expect((await decline({ token: held.token })).__typename).toBe('DeclineInvitationSuccess')
    expect(await statusOf(held)).toBe('DECLINED')
    const own = await invited(forOutsider())
    expect(await decline({ id: own.id }, 'outsider')).toMatchObject({ invitation: { status: 'DECLINED' } })
    const others = await invited()
    expect((await decline({ id: others.id }, 'owner')).__typename).toBe('NotPermitted')
    expect((await decline({ id: others.id }, 'outsider')).__typename).toBe('NotFound')
    expect((await decline({ id: others.id })).__typename).toBe('NotSignedIn')
    expect(await statusOf(others)).toBe('PENDING')
  })
})

describe('cancelInvitation', () => {
  it('is for the inviter', async () => {
    const invitation = await invited(forOutsider())
    for (const who of ['admin', 'outsider'] as const)
      expect((await cancel({ id: invitation.id }, who)).__typename, who).toBe('NotPermitted')
    expect((await cancel({ id: invitation.id }, 'member')).__typename).toBe('NotFound')
    expect(await cancel({ id: invitation.id })).toMatchObject({ invitation: { status: 'CANCELLED' } })
  })
})

describe('an invitation’s status', () => {
  const statuses = ['PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'CANCELLED']
  const moves = {
    ACCEPTED: (one: Invited) => accept({ token: one.token }, 'outsider'),
    DECLINED: (one: Invited) => decline({ token: one.token }),
    CANCELLED: (one: Invited) => cancel({ id: one.id }),
  }

  for (const [to, move] of Object.entries(moves))
    it(`becomes ${to} from PENDING alone`, async () => {
      for (const status of statuses) {
        const invitation = await invited({ ...forOutsider(), status })
        const outcome = await move(invitation)
        if (status === 'PENDING') expect(outcome.__typename).toMatch(/Success$/)
        else expect(outcome).toMatchObject({ __typename: 'IllegalTransition', from: status, to, allowed: [] })
        expect(await statusOf(invitation)).toBe(status === 'PENDING' ? to : status)
      }
    })

  it('becomes EXPIRED when somebody looks at it who may, after its time', async () => {
    const old = { ...forOutsider(), expires_at: '2026-01-01' }
    for (const [to, move] of Object.entries(moves)) {
      const invitation = await invited(old)
      expect(await move(invitation)).toMatchObject({ __typename: 'IllegalTransition', from: 'EXPIRED', to })
      expect(await statusOf(invitation)).toBe('EXPIRED')
    }
    const unseen = await invited(old)
    expect((await cancel({ id: unseen.id }, 'member')).__typename).toBe('NotFound')
    expect(await statusOf(unseen)).toBe('PENDING')
  })

  it('is moved by one of thirty at once', async () => {
    await leave(world.keys.outsider)
    const invitation = await invited(forOutsider())
    const moving = Object.values(moves)
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) => moving[index % moving.length]?.(invitation)),
    )
    const winners = outcomes.filter((outcome) => outcome?.__typename.endsWith('Success'))
    expect(winners.length).toBe(1)
    expect(outcomes.filter((outcome) => outcome?.__typename === 'IllegalTransition').length).toBe(29)
    const status = await statusOf(invitation)
    expect(winners[0]?.__typename).toMatch(new RegExp(`^${String(status).slice(0, 4)}`, 'i'))
    expect((await membershipsOf(world.keys.outsider)).length).toBe(status === 'ACCEPTED' ? 1 : 0)
  })
})
