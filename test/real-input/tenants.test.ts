import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterTraceFolder } from '../support/cluster-trace/folder.ts'
import { loadClusterTrace } from '../support/cluster-trace/load.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

const folder = clusterTraceFolder()
const title = `tenants of a real service${folder ? '' : ' (skipped: the trace is not at hand)'}`

/** Lines of a file of the trace as lists of values; on purpose not by the loader's own reader. */
const linesOf = (file: string): string[][] =>
  readFileSync(join(folder ?? '', file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

const range = { from: '2024-11-15T00:00:00Z', to: '2024-12-09T00:00:00Z' }

interface Group {
  readonly model: { readonly name: string } | null
  readonly tenant: { readonly name: string } | null
  readonly start: string | null
  readonly requests: string
  readonly promptTokens: string
  readonly costMicrodollars: string
  readonly latencyP50Ms: number | null
}

interface Sum {
  requests: number
  prompt: number
  seconds: number[]
}

/** Sums over the requests that succeeded, by what a line says. */
function sums(label: (line: readonly string[]) => string): Map<string, Sum> {
  const found = new Map<string, Sum>()
  for (const line of linesOf('inference-requests.csv')) {
    if (line[2] !== 'SUCCEED') continue
    const sum = found.get(label(line)) ?? { requests: 0, prompt: 0, seconds: [] }
    sum.requests++
    sum.prompt += Number(line[5] || 0) + Number(line[6] || 0)
    sum.seconds.push(Number(line[3]))
    found.set(label(line), sum)
  }
  return found
}

const figuresOf = ({ requests, prompt, seconds }: Sum) => ({
  requests: String(requests),
  promptTokens: String(prompt),
  costMicrodollars: String(seconds.reduce((total, one) => total + Math.round(one * 1250), 0)),
})

describe.skipIf(!folder)(title, () => {
  let databases: TestDatabases
  let gateway: TestGateway

  beforeAll(async () => {
    databases = await cloneDatabases()
    await loadClusterTrace({ urls: databases.urls, folder: folder ?? '' })
    gateway = await startGateway({ urls: databases.urls })
  })

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await databases?.[Symbol.asyncDispose]()
  })

  const usage = async (groupBy: string, more = '') => {
    const document = `query ($from: DateTime!, $to: DateTime!) {
      usage(from: $from, to: $to, groupBy: [${groupBy}], limit: 3000 ${more}) {
        model { name } tenant { name } start requests promptTokens costMicrodollars } }`
    return (await gateway.query<{ usage: Group[] }>(document, range)).usage
  }

  const figures = ({ requests, promptTokens, costMicrodollars }: Group) => ({
    requests,
    promptTokens,
    costMicrodollars,
  })

  it('used by model what the trace’s own lines add up to', async () => {
    const expected = sums((line) => line[9] || 'default')
    const groups = await usage('MODEL')
    expect(groups).toHaveLength(expected.size)
    for (const group of groups)
      expect(figures(group), group.model?.name).toEqual(
        figuresOf(expected.get(group.model?.name ?? '') as Sum),
      )
  })

  it('used by hour and by day what the trace’s own lines add up to', async () => {
    for (const [unit, length] of [
      ['HOUR', 13],
      ['DAY', 10],
    ] as const) {
      const expected = sums((line) => (line[0] ?? '').slice(0, length))
      const groups = await usage(unit)
      expect(groups.map(({ start }) => start?.slice(0, length).replace('T', ' '))).toEqual(
        [...expected.keys()].toSorted(),
      )
      for (const group of groups) {
        const label = group.start?.slice(0, length).replace('T', ' ') ?? ''
        expect(figures(group), label).toEqual(figuresOf(expected.get(label) as Sum))
      }
    }
  })

  it('used, one tenant by one, what the trace’s own lines add up to, and are too many for one answer', async () => {
    const expected = sums((line) => line[4] ?? '')
    const { errors } = await gateway.execute(
      `query ($from: DateTime!, $to: DateTime!) { usage(from: $from, to: $to, groupBy: [TENANT], limit: 3000) { requests } }`,
      range,
    )
    expect(errors?.[0]?.extensions?.code).toBe('FILTER_TOO_BROAD')
    const groups = await usage('TENANT', ', filter: { tenant: { name: { startsWith: "G1" } } }')
    const due = [...expected].filter(([name]) => name.startsWith('G1'))
    expect(due.length).toBeGreaterThan(500)
    expect(groups).toHaveLength(due.length)
    for (const group of groups)
      expect(figures(group)).toEqual(figuresOf(expected.get(group.tenant?.name ?? '') as Sum))
  })

  it('have nodes by kind of GPU as the cluster has machines', async () => {
    const machines = linesOf('nodes.csv').filter((line) => Number(line[3]) > 0)
    const kinds = [...new Set(machines.map((line) => line[4] ?? ''))]
    const answer = await gateway.query<Record<string, { totalCount: number }>>(
      `{ ${kinds.map((kind) => `${kind}: llmNodes(filter: { gpuType: { eq: "${kind}" } }) { totalCount }`).join('\n')} }`,
    )
    expect(Object.fromEntries(kinds.map((kind) => [kind, answer[kind]?.totalCount]))).toEqual(
      Object.fromEntries(kinds.map((kind) => [kind, machines.filter((line) => line[4] === kind).length])),
    )
  })

  it('leaf through the dearest requests, page by page, each once', async () => {
    const dearest = linesOf('inference-requests.csv')
      .filter((line) => line[2] === 'SUCCEED' && Number(line[3]) >= 60)
      .map((line) => Math.round(Number(line[3]) * 1250))
      .toSorted((a, b) => b - a)
    const seen: number[] = []
    for (let after: string | null = null; ; ) {
      const page: {
        usageRecords: {
          nodes: { costMicrodollars: string; apiKey: { name: string }; tenant: { name: string } }[]
          pageInfo: { hasNextPage: boolean; endCursor: string | null }
        }
      } = await gateway.query(
        `query ($after: String) {
          usageRecords(first: 200, after: $after, filter: { latencyMs: { gte: 60000 } }, orderBy: { field: COST_MICRODOLLARS, direction: DESC }) {
            nodes { costMicrodollars apiKey { name } tenant { name } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      for (const { costMicrodollars, apiKey, tenant } of page.usageRecords.nodes) {
        seen.push(Number(costMicrodollars))
        expect(apiKey.name).toBe(tenant.name)
      }
      after = page.usageRecords.pageInfo.endCursor
      if (!page.usageRecords.pageInfo.hasNextPage) break
    }
    expect(seen.length).toBeGreaterThan(300)
    expect(seen).toEqual(dearest)
  })
})
