import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterTraceFolder } from '../support/cluster-trace/folder.ts'
import { loadClusterTrace } from '../support/cluster-trace/load.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

const folder = clusterTraceFolder()
const title = `reservations of a real cluster${folder ? '' : ' (skipped: the trace is not at hand)'}`

/** Lines of a file of the trace as lists of values; on purpose not by the loader's own reader. */
const linesOf = (file: string): string[][] =>
  readFileSync(join(folder ?? '', file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

const add = (sums: Map<string, number>, key: string, value: number) =>
  sums.set(key, (sums.get(key) ?? 0) + value)

/** The kind of GPU that a line of tasks.csv asks for: number of GPUs and wanted models are its fourth and sixth. */
const kindOf = (line: readonly string[]) =>
  line[3] === '0' ? 'cpu' : (line[5]?.split('|')[0]?.toLowerCase() ?? '')

interface Kinds {
  readonly gpuTypes: {
    readonly nodes: readonly {
      readonly databaseId: string
      readonly availability: { readonly total: number; readonly inUse: number; readonly queued: number }
      readonly reservations: { readonly totalCount: number }
    }[]
  }
}

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

  it('has of each kind the GPUs of its machines, and in use and waited for what its tasks ask', async () => {
    const totals = new Map<string, number>()
    for (const line of linesOf('nodes.csv')) add(totals, line[4]?.toLowerCase() || 'cpu', Number(line[3]))
    const [inUse, queued, asked] = [new Map(), new Map(), new Map()] as Map<string, number>[]
    for (const line of linesOf('tasks.csv')) {
      add(asked as Map<string, number>, kindOf(line), 1)
      if (line[7] === 'Running') add(inUse as Map<string, number>, kindOf(line), Number(line[3]))
      if (line[7] === 'Pending') add(queued as Map<string, number>, kindOf(line), Number(line[3]))
    }
    const { data, statements } = await gateway.measure<Kinds>(
      '{ gpuTypes { nodes { databaseId availability { total inUse queued } reservations(first: 0) { totalCount } } } }',
    )
    expect(statements).toEqual({ gpudev: 4 })
    expect(data.gpuTypes.nodes).toEqual(
      [...totals.keys()].toSorted().map((kind) => ({
        databaseId: kind,
        availability: {
          total: totals.get(kind),
          inUse: inUse?.get(kind) ?? 0,
          queued: queued?.get(kind) ?? 0,
        },
        reservations: { totalCount: asked?.get(kind) ?? 0 },
      })),
    )
  })

  it('leads from each user to their reservations, by status, as the trace counts them', async () => {
    const counts = new Map<string, number>()
    const words = { Succeeded: 'EXPIRED', Running: 'ACTIVE', Failed: 'FAILED', Pending: 'QUEUED' } as const
    for (const line of linesOf('tasks.csv'))
      add(counts, `${line[6]?.toLowerCase()} ${words[line[7] as keyof typeof words]}`, 1)
    const aliases = Object.values(words).map(
      (status) => `${status}: reservations(first: 0, filter: { status: { eq: ${status} } }) { totalCount }`,
    )
    const { gpuUsers } = await gateway.query<{
      gpuUsers: { nodes: readonly (Record<string, { totalCount: number }> & { username: string })[] }
    }>(`{ gpuUsers { nodes { username ${aliases.join(' ')} } } }`)
    const found = gpuUsers.nodes.flatMap((user) =>
      Object.values(words).map((status) => [`${user.username} ${status}`, user[status]?.totalCount] as const),
    )
    expect(new Map(found.filter(([, count]) => count))).toEqual(new Map([...counts].toSorted()))
    expect(found.reduce((sum, [, count]) => sum + (count ?? 0), 0)).toBe(linesOf('tasks.csv').length)
  })
})
