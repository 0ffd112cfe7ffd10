import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { anyAsked, anyPage, argumentsOf, type PageAsked, selectionOf } from './asked.ts'
import { ordered, type Row, readTables, rowAnswer, type Tables } from './expected.ts'

let databases: TestDatabases
let gateway: TestGateway
let tables: Tables

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  gateway = await startGateway({
    urls: databases.urls,
    // What random documents come to is of no interest here.
    env: { MAX_TOKENS: '20000', MAX_ALIASES: '500', MAX_COST: '100000' },
  })
  tables = await readTables((source) => databases.client(source))
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

const rowsOf = (type: string) => tables.get(type) as readonly Row[]
const jobsOf = (project: number) => rowsOf('TrainingJob').filter((job) => job.project_id === project)

describe('a random document, four levels deep, with one field under several aliases', () => {
  it.each([
    ['project', 'Project'],
    ['user', 'User'],
    ['organization', 'Organization'],
    ['trainingJob', 'TrainingJob'],
  ])('below %s answers what the tables hold', async (lookup, type) => {
    const roots = rowsOf(type).map(({ id }) => id as number)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...roots), anyAsked(type, 4), async (root, asked) => {
        const row = rowsOf(type).find(({ id }) => id === root) as Row
        const document = `{ ${lookup}(databaseId: ${root}) { ${selectionOf(asked)} } }`
        expect(await gateway.query(document)).toEqual({ [lookup]: rowAnswer(tables, type, row, asked) })
      }),
      { numRuns: 15 },
    )
  })
})

describe('a cursor', () => {
  interface Jobs {
    readonly jobs: {
      readonly edges: readonly { readonly cursor: string; readonly node: { readonly databaseId: number } }[]
    }
  }

  it('of one connection names a place below every other parent of the same order', async () => {
    const projects = rowsOf('Project').map(({ id }) => id as number)
    await fc.assert(
      fc.asyncProperty(
        anyPage('TrainingJob'),
        fc.nat(199),
        fc.tuple(fc.constantFrom(...projects), fc.constantFrom(...projects)),
        async ({ orderBy }, place, parents) => {
          const jobs = (page: PageAsked) =>
            `jobs: trainingJobs(${argumentsOf(page)}) { edges { cursor node { databaseId } } }`
          const { jobs: everywhere } = await gateway.query<Jobs>(`{ ${jobs({ orderBy, first: 200 })} }`)
          const { cursor, node } = everywhere.edges[place] as Jobs['jobs']['edges'][number]
          const page = { orderBy, first: 3, after: cursor }
          const answer = await gateway.query<Record<string, Jobs>>(
            `{ ${parents.map((id, index) => `p${index}: project(databaseId: ${id}) { ${jobs(page)} }`).join(' ')} }`,
          )
          const whole = ordered('TrainingJob', rowsOf('TrainingJob'), page).map(({ id }) => id as number)
          const beyond = whole.slice(whole.indexOf(node.databaseId) + 1)
          for (const [index, parent] of parents.entries()) {
            const own = new Set(jobsOf(parent).map(({ id }) => id))
            expect(answer[`p${index}`]?.jobs.edges.map((edge) => edge.node.databaseId)).toEqual(
              beyond.filter((id) => own.has(id)).slice(0, 3),
            )
          }
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('@include and @skip', () => {
  it('on edges, nodes, pageInfo and counts leave the rest of a page as it is', async () => {
    const document = `query ($yes: Boolean!, $no: Boolean = false) {
      trainingJobs(first: 3) {
        nodes @include(if: $yes) { databaseId project @skip(if: $yes) { databaseId } }
        edges @skip(if: $no) { cursor @skip(if: $yes) node { databaseId } }
        pageInfo @include(if: $no) { endCursor }
        totalCount @skip(if: $yes)
      }
    }`
    const nodes = ordered('TrainingJob', rowsOf('TrainingJob'), {
      orderBy: [{ field: 'databaseId', direction: 'DESC' }],
    })
      .slice(0, 3)
      .map(({ id }) => ({ databaseId: id }))
    expect(await gateway.query(document, { yes: true })).toEqual({
      trainingJobs: { nodes, edges: nodes.map((node) => ({ node })) },
    })
  })
})

describe('nodes', () => {
  it('answers types of both databases beside each other, by fragments that share an alias', async () => {
    const globalId = (type: string, key: number) => Buffer.from(`${type}:${key}`).toString('base64')
    const project = rowsOf('TrainingJob').find((job) => job.project_id !== null)?.project_id as number
    const organization = rowsOf('User').find((user) => user.organization_id !== null)
      ?.organization_id as number
    const { nodes } = await gateway.query(
      `query ($ids: [ID!]!) {
        nodes(ids: $ids) {
          __typename
          id
          ... on Project { rows: trainingJobs(last: 2, orderBy: { field: DATABASE_ID }) { nodes { databaseId } } }
          ... on Organization { rows: users(first: 2, orderBy: { field: DATABASE_ID }) { nodes { databaseId } } }
        }
      }`,
      {
        ids: [
          globalId('Organization', organization),
          globalId('Project', project),
          globalId('Project', 999_999),
          globalId('Organization', organization),
        ],
      },
    )
    const keys = (rows: readonly Row[]) =>
      rows.map(({ id }) => id as number).toSorted((left, right) => left - right)
    const answer = (type: string, key: number, rows: readonly number[]) => ({
      __typename: type,
      id: globalId(type, key),
      rows: { nodes: rows.map((databaseId) => ({ databaseId })) },
    })
    const members = keys(rowsOf('User').filter((user) => user.organization_id === organization)).slice(0, 2)
    expect(nodes).toEqual([
      answer('Organization', organization, members),
      answer('Project', project, keys(jobsOf(project)).slice(-2)),
      null,
      answer('Organization', organization, members),
    ])
  })
})
