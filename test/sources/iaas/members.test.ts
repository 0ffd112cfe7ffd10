import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { startGateway, type TestGateway } from '../../support/gateway.ts'

let databases: TestDatabases
let gateway: TestGateway
/** Nodes of each deployment, as they are due. */
let due: Map<string, { node: string; status: string | null; joined: string | null }[]>

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  const client = await databases.client('iaas')
  await client.query(`UPDATE deployment_nodes SET joined_at = NULL WHERE node_id::text < '4'`)
  await client.query(
    `UPDATE deployment_nodes SET joined_at = '2026-10-01 10:00:00.000001+00' WHERE node_id::text > 'b'`,
  )
  const { rows } = await client.query<{
    deployment: string
    node: string
    status: string
    joined: string | null
  }>(
    `SELECT deployment_id AS deployment, node_id AS node, status,
       to_char(joined_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS joined
     FROM deployment_nodes ORDER BY joined_at DESC NULLS LAST, node_id DESC`,
  )
  due = Map.groupBy(rows, ({ deployment }) => deployment)
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface Members {
  readonly totalCount: number
  readonly edges: readonly {
    readonly node: { readonly databaseId: string }
    readonly statusRaw: string
    readonly status: string
    readonly joinedAt: string | null
  }[]
  readonly nodes: readonly { readonly databaseId: string }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

interface Answer {
  readonly llmDeployments: {
    readonly nodes: readonly { readonly databaseId: string; readonly members: Members }[]
  }
}

const document = `query ($first: Int, $after: String) { llmDeployments(first: 20) { nodes { databaseId
  members(first: $first, after: $after) {
    totalCount edges { status statusRaw joinedAt node { databaseId region { code } } } nodes { databaseId }
    pageInfo { hasNextPage endCursor }
  } } } }`

describe('members of deployments', () => {
  it('are the nodes that the table of memberships names, with what it says of them', async () => {
    const { data, statements } = await gateway.measure<Answer>(document, { first: 50 })
    const { nodes: deployments } = data.llmDeployments
    expect(due.size).toBeGreaterThan(5)
    for (const { databaseId, members } of deployments) {
      const expected = due.get(databaseId) ?? []
      expect(members.totalCount).toBe(expected.length)
      expect(
        members.edges.map(({ node, statusRaw, joinedAt }) => [node.databaseId, statusRaw, joinedAt]),
      ).toEqual(expected.map(({ node, status, joined }) => [node, status, joined]))
      expect(members.nodes.map(({ databaseId: node }) => node)).toEqual(expected.map(({ node }) => node))
      for (const { status, statusRaw } of members.edges) expect(status).toBe(statusRaw.toUpperCase())
    }
    // Keys and rows of deployments, memberships, their number, and the nodes with their regions.
    expect(statements).toEqual({ iaas: 5 })
  })

  it('are leafed through one by one, over ties and members that never said when they joined', async () => {
    const [deployment] = [...due].toSorted(([, a], [, b]) => b.length - a.length)
    const [key = '', expected = []] = deployment ?? []
    const pageAfter = async (after: string | null): Promise<Members> => {
      const { llmDeployment } = await gateway.query<{ llmDeployment: { members: Members } }>(
        `query ($key: UUID!, $after: String) { llmDeployment(databaseId: $key) { members(first: 1, after: $after) {
          nodes { databaseId } pageInfo { hasNextPage endCursor } } } }`,
        { key, after },
      )
      return llmDeployment.members
    }
    const seen: string[] = []
    for (let page = await pageAfter(null); ; page = await pageAfter(page.pageInfo.endCursor)) {
      seen.push(...page.nodes.map(({ databaseId }) => databaseId))
      if (!page.pageInfo.hasNextPage || seen.length > expected.length) break
    }
    expect(expected.length).toBeGreaterThan(2)
    expect(seen).toEqual(expected.map(({ node }) => node))
  })

  it('are not there where the table is not, and nothing else is gone with it', async () => {
    await using own = await cloneDatabases({ seeded: true })
    const client = await own.client('iaas')
    await client.query('DROP TABLE deployment_nodes')
    await using without = await startGateway({ urls: own.urls })
    const { data, errors } = await without.execute<Answer>(
      '{ llmDeployments(first: 1) { nodes { name nodes { totalCount } members { totalCount } } } }',
    )
    expect(data?.llmDeployments.nodes).toEqual([
      { name: expect.any(String), nodes: { totalCount: expect.any(Number) }, members: null },
    ])
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['SOURCE_MISMATCH'])
  })
})
