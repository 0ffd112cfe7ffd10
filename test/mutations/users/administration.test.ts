import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { globalId, openUsersWorld, type UsersWorld, type Who } from './users-world.ts'

let world: UsersWorld

beforeAll(async () => {
  world = await openUsersWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const userId = (key: number) => globalId('User', key)
const roles = ['guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin'] as const
const upTo = roles.slice(0, 3) as readonly string[]

const setRole = (key: number, role: string, who: Who) =>
  world.perform('setUserRole', { id: userId(key), role: role.toUpperCase() }, who, 'user { systemRole }')

const viewerOf = (who: Who) =>
  world.query('{ users(first: 1) { totalCount } }', who).then(({ errors }) => errors?.[0]?.extensions?.code)

describe('setUserRole', () => {
  it('lets administrators give any role to anybody else', async () => {
    for (const from of roles)
      for (const to of roles) {
        const key = await world.addUser({ system_role: from })
        expect(await setRole(key, to, 'admin')).toMatchObject({ user: { systemRole: to.toUpperCase() } })
        expect(await world.row('users', key)).toMatchObject({ system_role: to })
      }
  })

  it('lets managers give roles up to advanced engineer, to who is neither manager nor administrator', async () => {
    for (const from of roles)
      for (const to of roles) {
        const key = await world.addUser({ system_role: from })
        const isAllowed = upTo.includes(from) && upTo.includes(to)
        const outcome = await setRole(key, to, 'manager')
        expect(outcome.__typename, `${from} → ${to}`).toBe(isAllowed ? 'SetUserRoleSuccess' : 'NotPermitted')
        expect(await world.row('users', key)).toMatchObject({ system_role: isAllowed ? to : from })
      }
  })

  it('is for nobody else, and of nobody whom one does not see', async () => {
    const key = await world.addUser()
    for (const who of ['owner', 'guest', 'member'] as const)
      expect((await setRole(key, 'admin', who)).__typename, who).toBe('NotPermitted')
    expect((await setRole(key, 'admin', 'outsider')).__typename).toBe('NotFound')
    const stranger = await world.addUser({ system_role: 'admin', organization_id: null })
    expect((await setRole(stranger, 'guest', 'manager')).__typename).toBe('NotFound')
    expect((await setRole(2_000_000_000, 'guest', 'admin')).__typename).toBe('NotFound')
  })

  it('is not of oneself', async () => {
    for (const who of ['admin', 'manager', 'guest'] as const)
      for (const role of ['guest', 'admin'])
        expect((await setRole(world.keys[who], role, who)).__typename).toBe('NotPermitted')
    expect(await world.row('users', world.keys.admin)).toMatchObject({ system_role: 'admin' })
  })

  it('refuses a role that it does not know', async () => {
    const outcome = await setRole(await world.addUser(), 'unknown', 'admin')
    expect(outcome).toMatchObject({ __typename: 'InvalidInput', field: 'role' })
  })

  it('ends the sessions of the account', async () => {
    expect(await viewerOf('otherManager')).toBeUndefined()
    await setRole(world.keys.otherManager, 'manager', 'admin')
    expect(await viewerOf('otherManager')).toBe('UNAUTHENTICATED')
    await world.signIn('otherManager')
    expect(await viewerOf('otherManager')).toBeUndefined()
  })

  it('leaves one of two administrators who take each other’s role at the same time', async () => {
    const [one, other] = [world.keys.admin, world.keys.otherAdmin]
    await world.users.query('BEGIN')
    await world.users.query('SELECT FROM users WHERE id = ANY($1) FOR UPDATE', [[one, other]])
    const outcomes = Promise.all([setRole(other, 'guest', 'admin'), setRole(one, 'guest', 'otherAdmin')])
    await world.waiting(2)
    await world.users.query('COMMIT')
    expect((await outcomes).map(({ __typename }) => __typename).sort()).toEqual([
      'NotPermitted',
      'SetUserRoleSuccess',
    ])
    const { rows } = await world.users.query(
      `SELECT id FROM users WHERE id = ANY($1) AND system_role = 'admin'`,
      [[one, other]],
    )
    expect(rows.length).toBe(1)
    await world.users.query(`UPDATE users SET system_role = 'admin' WHERE id = ANY($1)`, [[one, other]])
    await Promise.all([world.signIn('admin'), world.signIn('otherAdmin')])
  })
})

describe('deactivateUser and reactivateUser', () => {
  const set = (name: 'deactivateUser' | 'reactivateUser', key: number, who: Who) =>
    world.perform(name, { id: userId(key) }, who, 'user { isActive }')

  it('lock and unlock an account, whose sessions end', async () => {
    const { member } = world.keys
    expect(await set('deactivateUser', member, 'admin')).toMatchObject({ user: { isActive: false } })
    expect(await viewerOf('member')).toBe('UNAUTHENTICATED')
    await expect(world.signIn('member')).rejects.toThrow('cannot sign in')
    const before = Date.now()
    expect(await set('reactivateUser', member, 'admin')).toMatchObject({ user: { isActive: true } })
    expect(await viewerOf('member'), 'the old session stays over').toBe('UNAUTHENTICATED')
    await world.signIn('member')
    const { rows } = await world.users.query(
      `SELECT extract(epoch FROM updated_at) * 1000 AS at FROM users WHERE id = $1`,
      [member],
    )
    expect(Number(rows[0].at)).toBeGreaterThan(before - 5_000)
  })

  it('are for administrators, and not of oneself', async () => {
    const key = await world.addUser()
    for (const name of ['deactivateUser', 'reactivateUser'] as const) {
      for (const who of ['manager', 'owner', 'guest'] as const)
        expect((await set(name, key, who)).__typename, who).toBe('NotPermitted')
      expect((await set(name, key, 'outsider')).__typename).toBe('NotFound')
      expect((await set(name, world.keys.admin, 'admin')).__typename).toBe('NotPermitted')
    }
    expect(await world.row('users', key)).toMatchObject({ is_active: true })
  })
})
