import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

let databases: TestDatabases
let gateway: TestGateway

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface Keys {
  readonly page: { readonly totalCount: number; readonly nodes: readonly { readonly databaseId: number }[] }
}

const page = (field: string, type: string) =>
  `query ($filter: ${type}Filter) { page: ${field}(first: 200, filter: $filter, orderBy: { field: DATABASE_ID }) { totalCount nodes { databaseId } } }`

const keysOf = (rows: readonly { id: number }[]) => rows.map(({ id }) => id)

async function read<T extends object>(source: 'platform' | 'users', statement: string): Promise<T[]> {
  const client = await databases.client(source)
  return (await client.query<T>(statement)).rows
}

describe('a filter over an edge into another database', () => {
  it('chooses by the far row, and by what that row leads to', async () => {
    const [organization] = await read<{ id: number; name: string }>(
      'users',
      'SELECT o.id, o.name FROM organizations o JOIN users u ON u.organization_id = o.id ORDER BY 1 LIMIT 1',
    )
    const people = keysOf(
      await read('users', `SELECT id FROM users WHERE organization_id = ${organization?.id}`),
    )
    const expected = keysOf(
      await read(
        'platform',
        `SELECT id FROM projects WHERE user_id = ANY('{${people}}') ORDER BY id LIMIT 200`,
      ),
    )
    expect(expected.length).toBeGreaterThan(0)
    const filter = { owner: { organization: { name: { eq: organization?.name } } } }
    const { data, statements } = await gateway.measure<Keys>(page('projects', 'Project'), { filter })
    expect(data.page.nodes.map(({ databaseId }) => databaseId)).toEqual(expected)
    expect(data.page.totalCount).toBe(expected.length)
    expect(statements).toEqual({ users: 1, platform: 3 })
  })

  it('chooses by rows that lead here, on the way there and back', async () => {
    const failed = await read<{ user_id: number }>(
      'platform',
      `SELECT DISTINCT p.user_id FROM projects p JOIN training_jobs j ON j.project_id = p.id
         WHERE j.status = 'failed' AND p.user_id IS NOT NULL`,
    )
    const owners = failed.map(({ user_id }) => user_id)
    const expected = keysOf(
      await read('users', `SELECT id FROM users WHERE id = ANY('{${owners}}') ORDER BY id LIMIT 200`),
    )
    expect(expected.length).toBeGreaterThan(0)
    const filter = { projects: { some: { trainingJobs: { some: { status: { eq: 'FAILED' } } } } } }
    const { page: found } = await gateway.query<Keys>(page('users', 'User'), { filter })
    expect(found.nodes.map(({ databaseId }) => databaseId)).toEqual(expected)
    const { page: others } = await gateway.query<Keys>(page('users', 'User'), { filter: { not: filter } })
    const all = keysOf(await read('users', 'SELECT id FROM users'))
    expect(others.totalCount).toBe(all.length - found.totalCount)
  })

  it('tells edges apart that one variable stands below', async () => {
    const document = `query ($job: TrainingJobFilter!) {
      created: users(first: 200, filter: { trainingJobs: { some: $job } }) { nodes { databaseId } }
      either: users(first: 200, filter: { or: [
        { trainingJobs: { some: $job } }, { projects: { some: { trainingJobs: { some: $job } } } }
      ] }) { totalCount }
    }`
    const { created, either } = await gateway.query<{
      created: { nodes: { databaseId: number }[] }
      either: { totalCount: number }
    }>(document, { job: { status: { eq: 'COMPLETED' } } })
    const creators = await read<{ id: number }>(
      'platform',
      `SELECT DISTINCT created_by AS id FROM training_jobs WHERE status = 'completed' AND created_by IS NOT NULL`,
    )
    const owners = await read<{ id: number }>(
      'platform',
      `SELECT DISTINCT user_id AS id FROM projects p JOIN training_jobs j ON j.project_id = p.id WHERE j.status = 'completed'`,
    )
    const people = new Set(keysOf(await read('users', 'SELECT id FROM users')))
    const known = (ids: readonly number[]) => new Set(ids.filter((id) => people.has(id)))
    expect(new Set(created.nodes.map(({ databaseId }) => databaseId))).toEqual(known(keysOf(creators)))
    expect(either.totalCount).toBe(known([...keysOf(creators), ...keysOf(owners)]).size)
  })

  it('asks once, however many rows the connection stands below', async () => {
    const document = `{ projects(first: 20) { nodes {
      trainingJobs(first: 2, filter: { creator: { fullName: { isNull: false } } }) { nodes { databaseId } }
    } } }`
    const { statements } = await gateway.measure(document)
    expect(statements).toEqual({ platform: 4, users: 1 })
  })

  it('is refused, never cut, where too many far rows meet it', async () => {
    await using own = await cloneDatabases({ seeded: true })
    await using asked = await startGateway({ urls: own.urls })
    const users = await own.client('users')
    await users.query(
      `INSERT INTO users (id, email, system_role, is_active, created_at, updated_at)
         SELECT 100000 + n, 'crowd' || n || '@example.com', 'guest', true, now(), now() FROM generate_series(1, 10001) n`,
    )
    const crowd = { email: { startsWith: 'crowd' } }
    const { errors } = await asked.execute(page('projects', 'Project'), { filter: { owner: crowd } })
    expect(errors?.[0]?.extensions?.code).toBe('FILTER_TOO_BROAD')
    expect(errors?.[0]?.message).toContain('Project.owner')
    const narrower = { and: [crowd, { databaseId: { gt: 100_001 } }] }
    const { page: none } = await asked.query<Keys>(page('projects', 'Project'), {
      filter: { owner: narrower },
    })
    expect(none.totalCount).toBe(0)
  })

  it('bounds how many far databases one filter asks', async () => {
    const or = Array.from({ length: 11 }, (_, index) => ({ owner: { databaseId: { eq: index } } }))
    const { errors } = await gateway.execute(page('projects', 'Project'), { filter: { or } })
    expect(errors?.[0]?.message).toContain('10 conditions over other databases')
  })

  it('is an error while the far database is down, never an empty page', async () => {
    const { users: _, ...urls } = databases.urls
    await using asked = await startGateway({ urls })
    const { data, errors } = await asked.execute(page('projects', 'Project'), {
      filter: { owner: { fullName: { isNull: false } } },
    })
    expect(data).toEqual({ page: null })
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SOURCE_NOT_CONFIGURED', source: 'users' })
  })
})
