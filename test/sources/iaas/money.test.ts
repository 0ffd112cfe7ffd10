import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { startGateway, type TestGateway } from '../../support/gateway.ts'

/** More digits than a double has, more than 64 bits have, and zeros at the end that a number would lose. */
const price = '12345678901234567.123456789012345000'
const micros = '9007199254740993'

let databases: TestDatabases
let gateway: TestGateway
let ids: { region: string; node: string; model: string; tenant: string; environment: string; usage: string }

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  const client = await databases.client('iaas')
  await client.query('ALTER TABLE regions ALTER cost_multiplier TYPE numeric')
  await client.query('ALTER TABLE models ALTER price_input_per_million TYPE numeric')
  const { rows } = await client.query<typeof ids>(
    `SELECT u.id AS usage, u.tenant_id AS tenant, u.environment_id AS environment, n.id AS node, r.id AS region, m.id AS model
     FROM usage_records u JOIN nodes n ON n.id = u.node_id JOIN regions r ON r.id = n.region_id JOIN models m ON m.id = n.model_id
     WHERE u.region_id = r.id AND u.model_id = m.id ORDER BY u.id LIMIT 1`,
  )
  if (!rows[0]) throw new Error('The seed has no such record.')
  ids = rows[0]
  await client.query('UPDATE regions SET cost_multiplier = $1 WHERE id = $2', [price, ids.region])
  await client.query('UPDATE models SET price_input_per_million = $1 WHERE id = $2', [price, ids.model])
  await client.query('UPDATE usage_records SET cost_microdollars = $1 WHERE id = $2', [micros, ids.usage])
  await client.query('UPDATE environments SET quota_tokens_per_day = $1 WHERE id = $2', [
    micros,
    ids.environment,
  ])
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

describe('a number with more digits than a double has', () => {
  it('keeps them all, by lookup, node, page and relations of any depth', async () => {
    const answer = await gateway.query(
      `query ($region: UUID!, $node: UUID!, $usage: UUID!) {
        region(databaseId: $region) { costMultiplier nodes(first: 1) { nodes { region { costMultiplier } } } }
        llmNode(databaseId: $node) { status region { costMultiplier } model { priceInputPerMillion } }
        usageRecord(databaseId: $usage) {
          costMicrodollars environment { quotaTokensPerDay }
          node { region { costMultiplier } model { priceInputPerMillion } }
          region { costMultiplier }
        }
        usageRecords(first: 1, filter: { databaseId: { eq: $usage } }) {
          nodes { costMicrodollars region { costMultiplier } node { region { costMultiplier } } }
        }
      }`,
      { region: ids.region, node: ids.node, usage: ids.usage },
    )
    const region = { costMultiplier: price }
    const model = { priceInputPerMillion: price }
    expect(answer).toEqual({
      region: { ...region, nodes: { nodes: [{ region }] } },
      llmNode: { status: expect.any(String), region, model },
      usageRecord: {
        costMicrodollars: micros,
        environment: { quotaTokensPerDay: micros },
        node: { region, model },
        region,
      },
      usageRecords: { nodes: [{ costMicrodollars: micros, region, node: { region } }] },
    })
  })

  it('is found by them all, and orders pages by them all', async () => {
    const client = await databases.client('iaas')
    await client.query(
      `UPDATE billing_events SET amount_microdollars = 9007199254740992 + n FROM
       (SELECT id, row_number() OVER (ORDER BY id) AS n FROM billing_events) x WHERE x.id = billing_events.id`,
    )
    const { rows } = await client.query<{ amount: string }>(
      'SELECT amount_microdollars::text AS amount FROM billing_events ORDER BY amount_microdollars DESC',
    )
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const { billingEvents } = await gateway.query<{
        billingEvents: {
          nodes: { amountMicrodollars: string }[]
          pageInfo: { hasNextPage: boolean; endCursor: string }
        }
      }>(
        `query ($after: String) {
          billingEvents(first: 37, after: $after, orderBy: { field: AMOUNT_MICRODOLLARS, direction: DESC }) {
            nodes { amountMicrodollars } pageInfo { hasNextPage endCursor }
          }
        }`,
        { after },
      )
      seen.push(...billingEvents.nodes.map(({ amountMicrodollars }) => amountMicrodollars))
      if (!billingEvents.pageInfo.hasNextPage) break
      after = billingEvents.pageInfo.endCursor
    }
    expect(seen).toEqual(rows.map(({ amount }) => amount))
    const count = async (filter: string) =>
      (
        await gateway.query<{ regions: { totalCount: number } }>(
          `{ regions(filter: { costMultiplier: ${filter} }) { totalCount } }`,
        )
      ).regions.totalCount
    expect(await count(`{ eq: "${price}" }`)).toBe(1)
    expect(await count(`{ eq: "${price.replace('345000', '345001')}" }`)).toBe(0)
    expect(await count(`{ in: [${price}] }`)).toBe(1)
    expect(await count(`{ gt: "${price.replace('345000', '344999')}" }`)).toBe(1)
    const { usageRecords } = await gateway.query<{ usageRecords: { totalCount: number } }>(
      `{ usageRecords(filter: { costMicrodollars: { eq: ${micros} } }) { totalCount } }`,
    )
    expect(usageRecords.totalCount).toBe(1)
  })

  it('is null where it is none', async () => {
    const client = await databases.client('iaas')
    await client.query(`UPDATE models SET price_output_per_million = 'NaN' WHERE id = $1`, [ids.model])
    const { llmModel } = await gateway.query<{ llmModel: object }>(
      'query ($id: UUID!) { llmModel(databaseId: $id) { priceOutputPerMillion priceInputPerMillion } }',
      { id: ids.model },
    )
    expect(llmModel).toEqual({ priceOutputPerMillion: null, priceInputPerMillion: price })
  })
})

describe('a key that is a UUID', () => {
  it('is found in upper case too, and what is none is told so', async () => {
    const { tenant } = await gateway.query<{ tenant: object }>(
      'query ($id: UUID!) { tenant(databaseId: $id) { databaseId } }',
      { id: ids.tenant.toUpperCase() },
    )
    expect(tenant).toEqual({ databaseId: ids.tenant })
    const id = Buffer.from('Tenant:42').toString('base64')
    const { errors } = await gateway.execute('query ($id: ID!) { node(id: $id) { id } }', { id })
    expect(errors?.[0]?.extensions?.code).toBe('BAD_ID')
  })
})

describe('lists and seconds', () => {
  it('are filtered as what they are', async () => {
    const client = await databases.client('iaas')
    await client.query(
      `UPDATE notification_config SET event_types = '{node.launched,apikey.created}'
       WHERE id = (SELECT id FROM notification_config ORDER BY id LIMIT 1)`,
    )
    const { rows } = await client.query<{ every: number; some: number; none: number }>(
      `SELECT count(*) FILTER (WHERE event_types @> '{node.launched}')::int AS every,
         count(*) FILTER (WHERE event_types && '{node.launched,tenant.created}')::int AS some,
         count(*) FILTER (WHERE event_types IS NULL)::int AS none FROM notification_config`,
    )
    const answer = await gateway.query<Record<string, { totalCount: number }>>(`{
      every: notificationConfigs(filter: { eventTypes: { has: "node.launched" } }) { totalCount }
      some: notificationConfigs(filter: { eventTypes: { hasSome: ["node.launched", "tenant.created"] } }) { totalCount }
      none: notificationConfigs(filter: { eventTypes: { isNull: true } }) { totalCount }
    }`)
    expect(Object.fromEntries(Object.entries(answer).map(([name, page]) => [name, page.totalCount]))).toEqual(
      rows[0],
    )
    expect(rows[0]?.every).toBeGreaterThan(0)
    const sky = await databases.client('skypilot')
    const { rows: middle } = await sky.query<{ seconds: number; later: number }>(
      `SELECT m AS seconds, (SELECT count(*)::int FROM clusters WHERE launched_at >= m) AS later
       FROM (SELECT launched_at AS m FROM clusters ORDER BY 1 OFFSET 9 LIMIT 1) x`,
    )
    const { seconds = 0, later } = middle[0] ?? {}
    const moment = new Date(seconds * 1000).toISOString()
    const { skyClusters, same } = await gateway.query<{
      skyClusters: { totalCount: number }
      same: { nodes: { launchedAt: string }[] }
    }>(
      `query ($moment: DateTime!) {
        skyClusters(filter: { launchedAt: { gte: $moment } }) { totalCount }
        same: skyClusters(filter: { launchedAt: { in: [$moment] } }) { nodes { launchedAt } }
      }`,
      { moment },
    )
    expect(skyClusters.totalCount).toBe(later)
    expect(same.nodes[0]?.launchedAt).toBe(moment.replace('.000Z', '.000000Z'))
  })
})
