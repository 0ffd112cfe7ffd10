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

interface Page {
  readonly edges: readonly {
    readonly cursor: string
    readonly node: { readonly databaseId: number; readonly createdAt: string | null }
  }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string
    readonly endCursor: string
  }
}

const document = (direction: 'ASC' | 'DESC', nulls: string) => `
  query ($first: Int, $after: String, $last: Int, $before: String) {
    trainingJobs(first: $first, after: $after, last: $last, before: $before, orderBy: { field: CREATED_AT, direction: ${direction}${nulls} }) {
      edges { cursor node { databaseId createdAt } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`

const page = async (text: string, variables: object) =>
  (await gateway.query<{ trainingJobs: Page }>(text, variables)).trainingJobs

describe('a connection', () => {
  it.each([
    ['ASC', ''],
    ['DESC', ''],
    ['DESC', ', nulls: LAST'],
  ] as const)(
    'ordered by a nullable moment %s%s gives every row once, there and back',
    async (direction, nulls) => {
      const client = await databases.client('platform')
      const { rows } = await client.query(
        `SELECT id FROM training_jobs ORDER BY created_at ${direction}${nulls.replace(', nulls:', ' NULLS')}, id ${direction}`,
      )
      const whole = rows.map(({ id }: { id: number }) => id)
      const text = document(direction, nulls)

      const forward: number[] = []
      for (let after: string | undefined; ; ) {
        const { edges, pageInfo } = await page(text, { first: 200, after })
        forward.push(...edges.map(({ node }) => node.databaseId))
        expect(pageInfo.hasPreviousPage).toBe(after !== undefined)
        expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor)
        if (!pageInfo.hasNextPage) break
        after = pageInfo.endCursor
      }
      expect(forward).toEqual(whole)

      const backward: number[] = []
      for (let before: string | undefined; ; ) {
        const { edges, pageInfo } = await page(text, { last: 200, before })
        backward.unshift(...edges.map(({ node }) => node.databaseId))
        if (!pageInfo.hasPreviousPage) break
        before = pageInfo.startCursor
      }
      expect(backward).toEqual(whole)
    },
  )

  it('below many rows gives each its own page, in its own order', async () => {
    const { projects } = await gateway.query<{
      projects: {
        nodes: { databaseId: number; trainingJobs: { totalCount: number; nodes: { databaseId: number }[] } }[]
      }
    }>(
      '{ projects(first: 100) { nodes { databaseId trainingJobs(first: 3, orderBy: { field: EPOCHS, direction: DESC }) { totalCount nodes { databaseId } } } } }',
    )
    const client = await databases.client('platform')
    for (const project of projects.nodes) {
      const { rows } = await client.query(
        'SELECT id FROM training_jobs WHERE project_id = $1 ORDER BY epochs DESC, id DESC',
        [project.databaseId],
      )
      expect(project.trainingJobs.totalCount).toBe(rows.length)
      expect(project.trainingJobs.nodes.map(({ databaseId }) => databaseId)).toEqual(
        rows.slice(0, 3).map(({ id }) => id),
      )
    }
    expect(projects.nodes.length).toBeGreaterThan(30)
  })

  it('is counted only when asked for, and not read when only counted', async () => {
    expect((await gateway.measure('{ trainingJobs { nodes { databaseId } } }')).statements).toEqual({
      platform: 2,
    })
    expect((await gateway.measure('{ trainingJobs { totalCount } }')).statements).toEqual({ platform: 1 })
    expect((await gateway.measure('{ trainingJobs { pageInfo { hasNextPage } } }')).statements).toEqual({
      platform: 1,
    })
  })

  it('answers an empty page with no cursors', async () => {
    const { edges, pageInfo } = await page(document('ASC', ''), { first: 0 })
    expect(edges).toEqual([])
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    })
  })
})

describe('values', () => {
  it('keep microseconds, alone and below a join, and read NaN and infinity as null', async () => {
    const client = await databases.client('platform')
    await client.query(`UPDATE projects SET created_at = '2026-03-01 10:11:12.000001' WHERE id = 1`)
    await client.query(
      `UPDATE training_jobs SET project_id = 1, created_at = '2026-03-01 10:11:12.654321', final_accuracy = 'NaN', learning_rate = '-Infinity' WHERE id = 7`,
    )
    const { trainingJob } = await gateway.query<{ trainingJob: object }>(
      '{ trainingJob(databaseId: 7) { createdAt finalAccuracy learningRate project { createdAt } } }',
    )
    expect(trainingJob).toEqual({
      createdAt: '2026-03-01T10:11:12.654321Z',
      finalAccuracy: null,
      learningRate: null,
      project: { createdAt: '2026-03-01T10:11:12.000001Z' },
    })
  })

  it('of an enumeration that a writer invented read as UNKNOWN, with the text beside', async () => {
    const client = await databases.client('users')
    await client.query(`ALTER TYPE userrole ADD VALUE 'superhero'`)
    await client.query(`UPDATE users SET system_role = 'superhero' WHERE id = 9`)
    const { user } = await gateway.query<{ user: object }>(
      '{ user(databaseId: 9) { systemRole systemRoleRaw } }',
    )
    expect(user).toEqual({ systemRole: 'UNKNOWN', systemRoleRaw: 'superhero' })
  })
})
