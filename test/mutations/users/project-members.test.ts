import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  accessToken,
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

const memberId = (key: number) => globalId('ProjectMember', key)

const add = (input: object, who: Who = 'owner') =>
  world.perform(
    'addProjectMember',
    { project, ...input },
    who,
    'projectMember { databaseId role user { databaseId fullName } project { name } inviter { databaseId } }',
  )
const setRole = (key: number, role: string, who: Who = 'owner') =>
  world.perform('setProjectMemberRole', { id: memberId(key), role }, who, 'projectMember { role }')
const remove = (key: number, who: Who = 'owner') =>
  world.perform('removeProjectMember', { id: memberId(key) }, who, 'deletedId')

const person = async () => {
  const key = await world.addUser({ full_name: 'Pia' })
  return { key, user: globalId('User', key) }
}

/** Adds a membership of the project, and answers its key. */
const membership = async (values: object = {}) =>
  world.add('project_members', {
    project_id: projectId,
    user_id: (await person()).key,
    role: 'member',
    joined_at: '2026-01-01',
    ...values,
  })

const keyOf = ({ projectMember }: Outcome) => (projectMember as { databaseId: number }).databaseId
const namesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ __typename }) => __typename)

describe('addProjectMember', () => {
  it('writes the row that the platform would, and shows it at once', async () => {
    const { key, user } = await person()
    const outcome = await add({ user })
    expect(outcome.projectMember).toEqual({
      databaseId: keyOf(outcome),
      role: 'MEMBER',
      user: { databaseId: key, fullName: 'Pia' },
      project: { name: 'Pallet detection' },
      inviter: { databaseId: world.keys.owner },
    })
    const { joined_at, ...row } = (await world.row('project_members', keyOf(outcome))) ?? {}
    expect(row).toEqual({
      id: keyOf(outcome),
      project_id: projectId,
      user_id: key,
      role: 'member',
      invited_by: world.keys.owner,
    })
    expect(joined_at).toBeInstanceOf(Date)
  })

  it('is for the project’s owner and administrators', async () => {
    const answers = {
      owner: 'AddProjectMemberSuccess',
      admin: 'AddProjectMemberSuccess',
      member: 'NotPermitted',
      manager: 'NotFound',
      outsider: 'NotFound',
    }
    for (const [who, answer] of Object.entries(answers) as [Who, string][])
      expect((await add({ user: (await person()).user }, who)).__typename, who).toBe(answer)
  })

  it('adds nobody whom one does not see, nobody twice, and not the owner', async () => {
    const { user } = await person()
    expect((await add({ user: globalId('User', world.keys.outsider) })).__typename).toBe('NotFound')
    expect((await add({ user: globalId('User', 2_000_000_000) })).__typename).toBe('NotFound')
    expect((await add({ user })).__typename).toBe('AddProjectMemberSuccess')
    expect((await add({ user })).__typename).toBe('AlreadyMember')
    expect((await add({ user: globalId('User', world.keys.owner) }, 'admin')).__typename).toBe(
      'AlreadyMember',
    )
    expect(await add({ user: project })).toMatchObject({ __typename: 'InvalidInput', field: 'user' })
    expect(await add({ user, project: user })).toMatchObject({ __typename: 'InvalidInput', field: 'project' })
  })

  it('gives no role above one’s own, and no second owner', async () => {
    const { user } = await person()
    expect(await add({ user, role: 'OWNER' })).toMatchObject({ __typename: 'InvalidInput', field: 'role' })
    expect(await add({ user, role: 'UNKNOWN' })).toMatchObject({ __typename: 'InvalidInput', field: 'role' })
    expect((await add({ user, role: 'ADMIN' })).__typename).toBe('NotPermitted')
    expect((await add({ user, role: 'STANDARD_ENGINEER' })).__typename).toBe('AddProjectMemberSuccess')
  })

  it('makes one member of many requests at once', async () => {
    const { key, user } = await person()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => add({ user }, index % 2 ? 'owner' : 'admin')),
    )
    expect(namesOf(outcomes).filter((name) => name === 'AddProjectMemberSuccess').length).toBe(1)
    expect(new Set(namesOf(outcomes))).toEqual(new Set(['AddProjectMemberSuccess', 'AlreadyMember']))
    expect((await world.users.query('SELECT FROM project_members WHERE user_id = $1', [key])).rowCount).toBe(
      1,
    )
  })

  it('answers one row for one idempotency key', async () => {
    const { user } = await person()
    const input = { user, idempotencyKey: anyEmail() }
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => add(input)))
    expect(new Set(outcomes.map(keyOf)).size).toBe(1)
    expect((await add({ ...input, role: 'VIEWER' })).__typename).toBe('IdempotencyKeyReused')
  })

  it('leaves no member of a project that is deleted meanwhile', async () => {
    const { rows } = await world.platform.query(
      `INSERT INTO projects (name, user_id, organization_id) VALUES ($1, $2, 1) RETURNING id`,
      [anyEmail(), world.keys.owner],
    )
    const id = globalId('Project', rows[0].id)
    const people = [await person(), await person(), await person(), await person()]
    const [deleted, ...added] = await Promise.all([
      world.perform('deleteProject', { id }, 'owner'),
      ...people.map(({ user }) => add({ user, project: id })),
    ])
    expect(deleted?.__typename).toBe('DeleteProjectSuccess')
    for (const name of namesOf(added)) expect(['AddProjectMemberSuccess', 'NotFound']).toContain(name)
    expect(
      (await world.users.query('SELECT FROM project_members WHERE project_id = $1', [rows[0].id])).rowCount,
    ).toBe(0)
  })
})

describe('setProjectMemberRole', () => {
  it('writes the role, for the project’s owner and administrators', async () => {
    const key = await membership()
    expect(await setRole(key, 'VIEWER')).toMatchObject({ projectMember: { role: 'VIEWER' } })
    expect(await setRole(key, 'MANAGER', 'admin')).toMatchObject({ projectMember: { role: 'MANAGER' } })
    expect(await world.row('project_members', key)).toMatchObject({ role: 'manager' })
    expect((await setRole(key, 'MEMBER', 'member')).__typename).toBe('NotPermitted')
    for (const who of ['manager', 'outsider'] as const)
      expect((await setRole(key, 'MEMBER', who)).__typename, who).toBe('NotFound')
    expect(await world.row('project_members', key)).toMatchObject({ role: 'manager' })
  })

  it('gives no role above one’s own, and no second owner', async () => {
    const key = await membership()
    expect((await setRole(key, 'MANAGER')).__typename).toBe('NotPermitted')
    expect(await setRole(key, 'OWNER')).toMatchObject({ __typename: 'InvalidInput', field: 'role' })
  })

  it('can be asked for as soon as the project is there', async () => {
    await world.query('{ projectMembers(first: 1) { totalCount } }', 'owner')
    const created = await world.perform('createProject', { name: anyEmail() }, 'owner', 'project { id }')
    const { id } = created.project as { id: string }
    const member = keyOf(await add({ project: id, user: (await person()).user }))
    expect(await setRole(member, 'VIEWER')).toMatchObject({ projectMember: { role: 'VIEWER' } })
    expect((await remove(member)).__typename).toBe('RemoveProjectMemberSuccess')
  })
})

describe('removeProjectMember', () => {
  it('deletes the membership, for the project’s owner and administrators', async () => {
    for (const who of ['owner', 'admin'] as const) {
      const key = await membership()
      expect(await remove(key, who)).toEqual({
        __typename: 'RemoveProjectMemberSuccess',
        deletedId: memberId(key),
      })
      expect(await world.row('project_members', key)).toBeUndefined()
    }
    const key = await membership()
    expect((await remove(key, 'member')).__typename).toBe('NotPermitted')
    for (const who of ['manager', 'outsider'] as const)
      expect((await remove(key, who)).__typename, who).toBe('NotFound')
    expect(await world.row('project_members', key)).toBeDefined()
  })

  it('is done by one of thirty at once', async () => {
    const key = await membership()
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) => remove(key, index % 2 ? 'owner' : 'admin')),
    )
    expect(namesOf(outcomes).sort()).toEqual([...Array(29).fill('NotFound'), 'RemoveProjectMemberSuccess'])
  })

  it('clears away a membership of a project that is no more, for administrators', async () => {
    const key = await membership({ project_id: 2_000_000_000 })
    expect((await remove(key)).__typename).toBe('NotFound')
    expect((await remove(key, 'admin')).__typename).toBe('RemoveProjectMemberSuccess')
  })
})

describe('what people belong to', () => {
  const colleagues = async (asking: { readonly token: string }) => {
    const { data } = await world.query(
      `{ projects { nodes { databaseId } } users(first: 200) { nodes { databaseId } } }`,
      asking,
    )
    const found = data as unknown as Record<string, { nodes: { databaseId: number }[] }>
    const keys = (name: string) => found[name]?.nodes.map(({ databaseId }) => databaseId) ?? []
    return { projects: keys('projects'), people: keys('users') }
  }
  const newcomer = async () => {
    const email = anyEmail()
    const key = await world.addUser({ email, organization_id: null })
    return { email, key, user: globalId('User', key), token: await accessToken(world.gateway, email) }
  }

  it('is seen at their next request, by themselves and by their colleagues', async () => {
    const [first, second] = [await newcomer(), await newcomer()]
    expect(await colleagues(first)).toEqual({ projects: [], people: [first.key] })
    const memberships = [
      keyOf(await add({ user: first.user }, 'admin')),
      keyOf(await add({ user: second.user }, 'admin')),
    ]
    const joined = await colleagues(first)
    expect(joined.projects).toEqual([projectId])
    expect(joined.people).toEqual(expect.arrayContaining([first.key, second.key, world.keys.owner]))

    await remove(memberships[1] as number)
    expect((await colleagues(first)).people).not.toContain(second.key)
    expect(await colleagues(second)).toEqual({ projects: [], people: [second.key] })
    await remove(memberships[0] as number, 'admin')
    expect(await colleagues(first)).toEqual({ projects: [], people: [first.key] })
  })

  it('is seen at their next request when they were invited, and when the project is no more', async () => {
    const invited = await newcomer()
    expect((await colleagues(invited)).projects).toEqual([])
    const made = await world.perform(
      'createProject',
      { name: anyEmail() },
      'owner',
      'project { id databaseId }',
    )
    const { id, databaseId } = made.project as { readonly id: string; readonly databaseId: number }
    const input = { project: id, email: invited.email }
    const joined = await world.perform('createInvitation', input, 'owner', 'outcome { __typename }')
    expect(joined.outcome).toEqual({ __typename: 'JoinedAtOnce' })
    const seen = await colleagues(invited)
    expect(seen.projects).toEqual([databaseId])
    expect(seen.people.toSorted()).toEqual([world.keys.owner, invited.key].toSorted())
    await world.perform('deleteProject', { id }, 'owner', 'deletedId')
    expect(await colleagues(invited)).toEqual({ projects: [], people: [invited.key] })
  })
})
