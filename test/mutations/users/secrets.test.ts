import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessToken, anyEmail, globalId, openUsersWorld, project, type UsersWorld } from './users-world.ts'

let world: UsersWorld

beforeAll(async () => {
  world = await openUsersWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const inputs = {
  updateProfile: () => ({ fullName: 'Other' }),
  deactivateUser: () => ({ id: globalId('User', world.keys.guest) }),
  reactivateUser: () => ({ id: globalId('User', world.keys.guest) }),
  setUserRole: () => ({ id: globalId('User', world.keys.guest), role: 'ADMIN' }),
  createInvitation: () => ({ project, email: anyEmail() }),
  cancelInvitation: () => ({ id: globalId('Invitation', 1) }),
  acceptInvitation: () => ({ token: 'unknown' }),
  declineInvitation: () => ({ token: 'unknown' }),
  addProjectMember: () => ({ project, user: globalId('User', world.keys.guest) }),
  setProjectMemberRole: () => ({ id: globalId('ProjectMember', 1), role: 'VIEWER' }),
  removeProjectMember: () => ({ id: globalId('ProjectMember', 1) }),
} as const

const open: readonly string[] = ['acceptInvitation', 'declineInvitation']

describe('whoever may not write', () => {
  it('is refused: nobody in particular, and the Labeler’s people', async () => {
    const token = await accessToken(world.gateway, world.emails.admin, { audience: 'LABELER' })
    const before = await world.row('users', world.keys.guest)
    for (const [name, input] of Object.entries(inputs)) {
      const expected = open.includes(name) ? 'NotFound' : 'NotSignedIn'
      expect((await world.perform(name, input(), {})).__typename, name).toBe(expected)
      expect((await world.perform(name, input(), { token })).__typename, name).toBe('NotPermitted')
    }
    expect(await world.row('users', world.keys.guest)).toEqual(before)
  })
})

describe('the audit log', () => {
  it('has a row for each, with what was meant and what became of it', async () => {
    const id = globalId('User', world.keys.guest)
    await world.perform('setUserRole', { id, role: 'STANDARD_ENGINEER' }, 'admin')
    await world.perform('setUserRole', { id, role: 'STANDARD_ENGINEER' }, 'owner')
    await world.perform('updateProfile', { bio: 'private words' }, 'owner')
    const { rows } = await world.platform.query(
      `SELECT actor, action, target, outcome, detail FROM tributary.audit_log ORDER BY id DESC LIMIT 3`,
    )
    expect(rows.reverse()).toEqual([
      {
        actor: `user:${world.keys.admin}`,
        action: 'setUserRole',
        target: `user:${world.keys.guest}`,
        outcome: 'SUCCESS',
        detail: { from: 'guest', to: 'standard_engineer' },
      },
      {
        actor: `user:${world.keys.owner}`,
        action: 'setUserRole',
        target: `user:${world.keys.guest}`,
        outcome: 'NOT_PERMITTED',
        detail: null,
      },
      {
        actor: `user:${world.keys.owner}`,
        action: 'updateProfile',
        target: `user:${world.keys.owner}`,
        outcome: 'SUCCESS',
        detail: { fields: ['bio'] },
      },
    ])
  })
})

describe('a secret', () => {
  it('is in the answer that makes it, and in no log, audit row, idempotency note or later answer', async () => {
    const email = anyEmail()
    const input = { project, email, idempotencyKey: anyEmail() }
    const fields = 'outcome { ... on SentInvitation { token invitation { id } } }'
    const made = await world.perform('createInvitation', input, 'owner', fields)
    const { token, invitation } = made.outcome as { token: string; invitation: { id: string } }
    const again = await world.perform('createInvitation', input, 'owner', fields)
    const password = `secret ${email.slice(0, 8)}`
    const refused = await world.perform('acceptInvitation', { token, password: `${password}\u0000` }, {})
    const accepted = await world.perform('acceptInvitation', { token, password }, {}, 'madeAccount')
    const late = await world.perform('acceptInvitation', { token, password }, {})
    expect([accepted.__typename, late.__typename]).toEqual(['AcceptInvitationSuccess', 'IllegalTransition'])
    const { rows: accounts } = await world.users.query(
      'SELECT hashed_password AS hash FROM users WHERE email = $1',
      [email],
    )
    const shown = await world.query(
      'query ($id: ID!) { node(id: $id) { ... on Invitation { status message inviteeEmail } } }',
      'owner',
      { id: invitation.id },
    )
    const { rows: audit } = await world.platform.query('SELECT * FROM tributary.audit_log')
    const { rows: notes } = await world.platform.query('SELECT * FROM tributary.idempotency_keys')
    const traces = JSON.stringify([again, refused, accepted, late, shown, audit, notes, world.gateway.log])
    expect(audit.length).toBeGreaterThan(0)
    expect(traces).toContain(email)
    for (const secret of [token, password, accounts[0].hash]) expect(traces).not.toContain(secret)
  })

  it('is not in the log when the database refuses its row', async () => {
    for (const table of ['users', 'invitations'])
      await world.users.query(`ALTER TABLE ${table} ADD CONSTRAINT odd CHECK (id < 0) NOT VALID`)
    const invited = { project, email: anyEmail() }
    await expect(world.perform('createInvitation', invited, 'owner')).rejects.toThrow('INTERNAL')
    await world.users.query('ALTER TABLE invitations DROP CONSTRAINT odd')
    const made = await world.perform(
      'createInvitation',
      invited,
      'owner',
      'outcome { ... on SentInvitation { token } }',
    )
    const { token } = made.outcome as { token: string }
    const accepting = world.perform('acceptInvitation', { token, password: 'correct horse' }, {})
    await expect(accepting).rejects.toThrow('INTERNAL')
    const log = JSON.stringify(world.gateway.log)
    expect(log).toContain('violates check constraint')
    expect(log).not.toContain('Failing row contains')
    await world.users.query('ALTER TABLE users DROP CONSTRAINT odd')
  })
})
