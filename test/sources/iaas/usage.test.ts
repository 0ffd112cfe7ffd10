import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IaasWorld, openIaasWorld } from '../../mutations/iaas/iaas-world.ts'
import { startGateway } from '../../support/gateway.ts'

/** A record as SQL reads it, for sums that share nothing with the graph's. */
interface Row {
  readonly tenant: string
  readonly environment: string
  readonly key: string | null
  readonly model: string | null
  /** Milliseconds since 1970. */
  readonly at: number | null
  readonly prompt: number
  readonly total: number
  readonly cached: number
  readonly cost: string | null
  readonly latency: number | null
}

let world: IaasWorld
let rows: Row[]

const from = '2026-10-25T00:00:00Z'
const to = '2026-10-30T12:30:00Z'

beforeAll(async () => {
  world = await openIaasWorld()
  await world.iaas.query(
    `UPDATE usage_records SET cost_microdollars = 9007199254740993 WHERE id IN (
       SELECT id FROM usage_records WHERE timestamp >= $1 AND timestamp < $2 ORDER BY id LIMIT 40)`,
    [from, to],
  )
  const read = await world.iaas.query<Row>(
    `SELECT tenant_id AS tenant, environment_id AS environment, api_key_id AS key, model_id AS model,
       (extract(epoch FROM timestamp) * 1000)::float8 AS at, prompt_tokens AS prompt, total_tokens AS total,
       coalesce(cached_tokens, 0) AS cached, cost_microdollars::text AS cost, latency_ms AS latency FROM usage_records`,
  )
  rows = read.rows.filter(({ at }) => at !== null && at >= Date.parse(from) && at < Date.parse(to))
})

afterAll(() => world[Symbol.asyncDispose]())

interface Group {
  readonly tenant: { readonly databaseId: string } | null
  readonly environment: { readonly databaseId: string } | null
  readonly apiKey: { readonly databaseId: string } | null
  readonly model: { readonly databaseId: string } | null
  readonly start: string | null
  readonly requests: string
  readonly promptTokens: string
  readonly totalTokens: string
  readonly cachedTokens: string
  readonly costMicrodollars: string
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
}

const document = `query ($from: DateTime!, $to: DateTime!, $by: [UsageDimension!]!, $filter: UsageRecordFilter) {
  usage(from: $from, to: $to, groupBy: $by, filter: $filter, limit: 2000) {
    tenant { databaseId } environment { databaseId } apiKey { databaseId } model { databaseId } start
    requests promptTokens totalTokens cachedTokens costMicrodollars latencyP50Ms latencyP95Ms } }`

const unit = { DAY: 86_400_000, HOUR: 3_600_000 }

/** The same sums in JavaScript, by the label of each group. */
function summed(list: readonly Row[], by: readonly string[]): Map<string, object> {
  const groups = new Map<string, Row[]>()
  for (const row of list) {
    const start = by.includes('HOUR') ? unit.HOUR : by.includes('DAY') ? unit.DAY : 0
    const label = JSON.stringify([
      by.includes('TENANT') ? row.tenant : null,
      by.includes('ENVIRONMENT') ? row.environment : null,
      by.includes('KEY') ? row.key : null,
      by.includes('MODEL') ? row.model : null,
      start ? new Date(Math.floor((row.at as number) / start) * start).toISOString() : null,
    ])
    groups.set(label, [...(groups.get(label) ?? []), row])
  }
  const sum = (members: readonly Row[], value: (row: Row) => string | number | null) =>
    members.reduce((total, row) => total + BigInt(value(row) ?? 0), 0n).toString()
  return new Map(
    [...groups].map(([label, members]) => {
      const latencies = members
        .map(({ latency }) => latency)
        .filter((one) => one !== null)
        .toSorted((a, b) => a - b)
      return [
        label,
        {
          requests: String(members.length),
          promptTokens: sum(members, ({ prompt }) => prompt),
          totalTokens: sum(members, ({ total }) => total),
          cachedTokens: sum(members, ({ cached }) => cached),
          costMicrodollars: sum(members, ({ cost }) => cost),
          latencyP50Ms: quantile(latencies, 0.5),
          latencyP95Ms: quantile(latencies, 0.95),
        },
      ]
    }),
  )
}

function quantile(sorted: readonly number[], share: number): unknown {
  if (sorted.length === 0) return null
  const place = share * (sorted.length - 1)
  const [low = 0, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return expect.closeTo(low + (high - low) * (place - Math.floor(place)), 6)
}

const labelOf = ({ tenant, environment, apiKey, model, start }: Group) =>
  JSON.stringify([
    tenant?.databaseId ?? null,
    environment?.databaseId ?? null,
    apiKey?.databaseId ?? null,
    model?.databaseId ?? null,
    start?.replace('000Z', 'Z') ?? null,
  ])

const figures = ({ tenant, environment, apiKey, model, start, ...rest }: Group) => rest

describe('usage', () => {
  it.each([
    [[]],
    [['TENANT']],
    [['MODEL']],
    [['KEY']],
    [['ENVIRONMENT', 'DAY']],
    [['DAY']],
    [['MODEL', 'HOUR']],
    [['TENANT', 'MODEL', 'KEY', 'DAY']],
  ])('by %j is the sum of the records, to the last digit', async (by) => {
    const { usage } = await world.query<{ usage: Group[] }>(document, 'admin', { from, to, by })
    const expected = summed(rows, by)
    expect(usage.map(labelOf).toSorted()).toEqual([...expected.keys()].toSorted())
    for (const group of usage) expect(figures(group)).toEqual(expected.get(labelOf(group)))
    expect(usage.map(({ start }) => start ?? '')).toEqual(usage.map(({ start }) => start ?? '').toSorted())
  })

  it('is a tenant’s own to its key, and nobody’s to people who are no administrators', async () => {
    const own = rows.filter(({ tenant }) => tenant === world.tenant)
    const { usage } = await world.query<{ usage: Group[] }>(document, 'readOnly', {
      from,
      to,
      by: ['TENANT'],
    })
    const expected = summed(own, ['TENANT'])
    expect(usage.map(labelOf)).toEqual([...expected.keys()])
    expect(usage.map(figures)).toEqual([...expected.values()])
    const filter = { tenantId: { eq: world.otherTenant } }
    const other = await world.query<{ usage: Group[] }>(document, 'tenantAdmin', {
      from,
      to,
      by: ['DAY'],
      filter,
    })
    expect(other.usage).toEqual([])
    expect((await world.query<{ usage: Group[] }>(document, 'engineer', { from, to, by: [] })).usage).toEqual(
      [],
    )
  })

  it('takes the filter of records', async () => {
    const filter = { totalTokens: { gt: 3000 }, model: { family: { eq: 'llama' } } }
    const { usage } = await world.query<{ usage: Group[] }>(document, 'admin', { from, to, by: [], filter })
    const { rows: llama } = await world.iaas.query<{ id: string }>(
      "SELECT id FROM models WHERE family = 'llama'",
    )
    const ids = llama.map(({ id }) => id)
    const due = rows.filter(({ total, model }) => total > 3000 && model && ids.includes(model))
    expect(usage.map(({ requests }) => requests)).toEqual([String(due.length)])
  })

  it('is one statement, and one for each kind of row that it shows', async () => {
    await using open = await startGateway({ urls: world.databases.urls })
    const by = ['TENANT', 'ENVIRONMENT', 'KEY', 'MODEL', 'DAY']
    const { statements } = await open.measure(document, { from, to, by })
    expect(statements).toEqual({ iaas: 5 })
    const short = document.replace(/tenant \{.*start/s, 'start')
    expect((await open.measure(short, { from, to, by: ['HOUR'] })).statements).toEqual({ iaas: 1 })
  })

  it.each([
    [{ from: to, to: from, by: [] }, 'BAD_INPUT'],
    [{ from, to, by: ['HOUR', 'KEY'], limit: 3 }, 'FILTER_TOO_BROAD'],
    [{ from, to, by: [], limit: 5001 }, 'PAGE_SIZE'],
  ])('asked for with %j is refused with %s', async (variables, code) => {
    const short = `query ($from: DateTime!, $to: DateTime!, $by: [UsageDimension!]!, $limit: Int! = 10) {
      usage(from: $from, to: $to, groupBy: $by, limit: $limit) { requests } }`
    await expect(world.query(short, 'admin', variables)).rejects.toThrow(code)
  })
})
