import fc from 'fast-check'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

let databases: TestDatabases
let gateway: TestGateway
let platform: Client
let inference: Client
let gpudev: Client

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  platform = await databases.client('platform')
  inference = await databases.client('inference')
  gpudev = await databases.client('gpudev')
  // Ties within a table, over tables and over databases, times without a value, and one past all others.
  await platform.query(`UPDATE training_jobs SET created_at = '2026-01-01 00:00:00.000001' WHERE id % 3 = 0`)
  await platform.query(`UPDATE training_jobs SET created_at = NULL, started_at = NULL WHERE id % 7 = 0`)
  await platform.query(`UPDATE training_jobs SET created_at = NULL WHERE id % 11 = 0`)
  await platform.query(`UPDATE training_jobs SET created_at = 'infinity' WHERE id = 5`)
  await platform.query(`UPDATE test_runs SET created_at = '2026-01-01 00:00:00.000001' WHERE id % 2 = 0`)
  await inference.query(`UPDATE jobs SET start_time = '2026-01-01 00:00:00.000001' WHERE id < '5'`)
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface JobNode {
  readonly __typename: string
  readonly databaseId: number | string
  readonly state: string
  readonly source: string
}

interface Answer {
  readonly jobs: {
    readonly totalCount: number
    readonly missing: readonly { readonly source: string; readonly code: string }[]
    readonly nodes: readonly JobNode[]
    readonly edges: readonly { readonly cursor: string }[]
    readonly pageInfo: {
      readonly hasNextPage: boolean
      readonly hasPreviousPage: boolean
      readonly startCursor: string | null
      readonly endCursor: string | null
    }
  }
}

const kinds = [
  ['TrainingJob', 'training_jobs', 'id', 'coalesce(created_at, started_at)', 'true'],
  ['ExportJob', 'export_jobs', 'id', 'coalesce(created_at, started_at)', 'true'],
  ['TestRun', 'test_runs', 'id', 'coalesce(created_at, started_at)', 'true'],
  ['InferenceJob', 'inference_jobs', 'id', 'coalesce(created_at, started_at)', 'true'],
  ['SlurmJob', 'jobs', 'id', 'start_time', 'true'],
  ['Inference', 'inference', 'predict_id', 'coalesce(created_at, start_time)', 'job_id IS NULL'],
  [
    'GpuReservation',
    'reservations',
    'reservation_id',
    'coalesce(created_at, launched_at)',
    'coalesce(node_index, 0) = 0 OR master_reservation_id = reservation_id OR master_reservation_id IS NULL',
  ],
] as const

const sourceOf = (type: string) =>
  type === 'GpuReservation'
    ? 'gpudev'
    : type === 'SlurmJob' || type === 'Inference'
      ? 'inference'
      : 'platform'

interface Listed {
  readonly type: string
  readonly source: string
  readonly key: number | string
  /** Microseconds since 1970; null for none. */
  readonly at: number | null
}

/** The whole feed, merged here from the tables. */
async function merged(): Promise<Listed[]> {
  const all: Listed[] = []
  for (const [type, table, key, at, listed] of kinds) {
    const source = sourceOf(type)
    const client = { platform, inference, gpudev }[source]
    const { rows } = await client.query(
      `SELECT ${key} AS key, (extract(epoch FROM ${at}) * 1000000)::float8 AS at FROM ${table} WHERE ${listed}`,
    )
    for (const row of rows) all.push({ type, source, key: row.key, at: row.at })
  }
  const order = (left: Listed, right: Listed) => {
    const [a, b] = [left.at ?? Number.MAX_VALUE, right.at ?? Number.MAX_VALUE]
    const [first, second] = [left.at === null ? 1 : 0, right.at === null ? 1 : 0]
    if (first !== second) return second - first
    if (a !== b) return b > a ? 1 : -1
    if (left.source !== right.source) return left.source < right.source ? -1 : 1
    if (left.key !== right.key) return left.key < right.key ? -1 : 1
    return left.type < right.type ? -1 : 1
  }
  return all.sort(order)
}

const names = (list: readonly Listed[]) => list.map(({ type, key }) => `${type} ${key}`)
const namesOf = (nodes: readonly JobNode[]) =>
  nodes.map(({ __typename, databaseId }) => `${__typename} ${databaseId}`)

const keys = kinds.map(([type]) => `... on ${type} { ${type}: databaseId }`).join(' ')
const selection = `missing { source code } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor } nodes { __typename state source ${keys} }`

async function page(asked: TestGateway, args: string, more = ''): Promise<Answer['jobs']> {
  const { jobs } = await asked.query<Answer>(`{ jobs(${args}) { ${more} ${selection} } }`)
  const nodes = jobs.nodes.map((node) => ({
    ...node,
    databaseId: (node as unknown as Record<string, number | string>)[node.__typename] as number | string,
  }))
  return { ...jobs, nodes }
}

describe('the feed of jobs', () => {
  it('is the merge of every source’s jobs, leafed forwards and backwards', async () => {
    const whole = names(await merged())
    const forwards: string[] = []
    for (let after = ''; ; ) {
      const { nodes, pageInfo } = await page(gateway, `first: 97${after}`)
      forwards.push(...namesOf(nodes))
      if (!pageInfo.hasNextPage) break
      after = `, after: "${pageInfo.endCursor}"`
    }
    expect(forwards).toEqual(whole)
    const backwards: string[] = []
    for (let before = ''; ; ) {
      const { nodes, pageInfo } = await page(gateway, `last: 120${before}`)
      backwards.unshift(...namesOf(nodes))
      if (!pageInfo.hasPreviousPage) break
      before = `, before: "${pageInfo.startCursor}"`
    }
    expect(backwards).toEqual(whole)
  })

  it('goes on after any job, and before any, wherever ties and empty times lie', async () => {
    const whole = names(await merged())
    const cursors: string[] = []
    for (let after = ''; ; ) {
      const { edges, pageInfo } = await page(gateway, `first: 200${after}`)
      cursors.push(...edges.map(({ cursor }) => cursor))
      if (!pageInfo.hasNextPage) break
      after = `, after: "${pageInfo.endCursor}"`
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 6 }), async (place, size) => {
        const following = await page(gateway, `first: ${size}, after: "${cursors[place]}"`)
        expect(namesOf(following.nodes)).toEqual(whole.slice(place + 1, place + 1 + size))
        const preceding = await page(gateway, `last: ${size}, before: "${cursors[place]}"`)
        expect(namesOf(preceding.nodes)).toEqual(whole.slice(Math.max(0, place - size), place))
        const end = Math.min(whole.length - 1, place + 9)
        const between = await page(
          gateway,
          `first: 20, after: "${cursors[place]}", before: "${cursors[end]}"`,
        )
        expect(namesOf(between.nodes)).toEqual(whole.slice(place + 1, end))
      }),
      { numRuns: 60 },
    )
  })

  it('loses and repeats none while others are made and deleted', async () => {
    const whole = new Set(names(await merged()))
    const found: string[] = []
    for (let after = '', round = 0; ; round++) {
      const { nodes, pageInfo } = await page(gateway, `first: 60${after}`)
      found.push(...namesOf(nodes))
      await inference.query(
        `INSERT INTO jobs (id, sbatch_id, fold_index, job_type, status, start_time)
           VALUES (gen_random_uuid(), '${900_000 + round}', 0, 'TRAINING', 'RUNNING', now())`,
      )
      await platform.query(
        `INSERT INTO test_runs (training_job_id, checkpoint_path, dataset_path, status, task_type, created_at)
           SELECT min(id), 'x', 'y', 'pending', 'z', now() FROM training_jobs`,
      )
      if (!pageInfo.hasNextPage) break
      after = `, after: "${pageInfo.endCursor}"`
    }
    const old = found.filter((name) => whole.has(name))
    expect(old.length).toBe(whole.size)
    expect(new Set(found).size).toBe(found.length)
    await inference.query(
      `DELETE FROM jobs WHERE start_time > now() - interval '1 hour' AND sbatch_id LIKE '9000__'`,
    )
  })

  it('costs one statement a source and page, with every column of every type', async () => {
    const columns = `${keys} ... on TrainingJob { modelName notes advancedConfig } ... on SlurmJob { sbatchId }`
    const { statements } = await gateway.measure(
      `{ jobs(first: 200) { edges { cursor } nodes { id state nativeStatus queuedAt startedAt finishedAt duration error source ${columns} } } }`,
    )
    expect(statements).toEqual({ platform: 1, inference: 1, gpudev: 1 })
  })

  it('costs one statement a field and source more for what is worked out or lies elsewhere', async () => {
    const { statements } = await gateway.measure(
      `{ jobs(first: 200) { nodes { progress owner { ... on User { fullName } } isStale queuePosition ... on TrainingJob { project { name } } } } }`,
    )
    // The page; epochs, owners, signs and projects as far as it has any. The page; progress, the queue. The people.
    expect(statements.platform).toBeLessThanOrEqual(5)
    expect(statements).toMatchObject({ inference: 3, users: 1 })
  })

  it('costs a statement each for the waits and the users of reservations', async () => {
    const { statements } = await gateway.measure(
      `{ jobs(first: 50, filter: { type: { eq: GPU_RESERVATION } }) {
        nodes { state isStale queuePosition pendingReason owner { ... on GpuUser { username } } }
      } }`,
    )
    // The page, the waits, which users they are, and their rows.
    expect(statements).toEqual({ gpudev: 4 })
  })

  it('counts by source, type and state in one statement a source', async () => {
    const { data, statements } = await gateway.measure<{
      jobCounts: { counts: { source: string; type: string; state: string; count: number }[] }
    }>('{ jobCounts { counts { source type state count } } }')
    expect(statements).toEqual({ platform: 1, inference: 1, gpudev: 1 })
    const total = data.jobCounts.counts.reduce((sum, { count }) => sum + count, 0)
    expect(total).toBe((await merged()).length)
    const { rows } = await platform.query(
      `SELECT count(*)::integer AS n FROM training_jobs WHERE status IN ('cancelled', 'stopped')`,
    )
    expect(
      data.jobCounts.counts.find(({ type, state }) => type === 'TrainingJob' && state === 'CANCELLED')?.count,
    ).toBe(rows[0].n)
  })

  it('is narrowed by state, type, source and time', async () => {
    const total = async (filter: string) =>
      (await page(gateway, `first: 1, filter: ${filter}`, 'totalCount')).totalCount
    const { rows } = await platform.query(
      `SELECT (SELECT count(*) FROM training_jobs WHERE status = 'running')::integer AS running,
        (SELECT count(*) FROM export_jobs)::integer AS exports,
        (SELECT count(*) FROM training_jobs WHERE created_at < '2026-01-01 00:00:00.000001')::integer AS early`,
    )
    const [{ running, exports, early }] = rows
    expect(await total('{ type: { eq: TRAINING_JOB }, state: { eq: RUNNING } }')).toBe(running)
    expect(await total('{ type: { eq: EXPORT_JOB } }')).toBe(exports)
    expect(
      await total('{ type: { in: [TRAINING_JOB] }, queuedAt: { lt: "2026-01-01T00:00:00.000001Z" } }'),
    ).toBe(early)
    const all = (await merged()).length
    const here = await total('{ source: { eq: "platform" } }')
    expect(here + (await total('{ source: { ne: "platform" } }'))).toBe(all)
    expect(await total('{ source: { startsWith: "PLAT", ignoreCase: true } }')).toBe(here)
    expect(
      (await total('{ state: { in: [RUNNING, QUEUED] } }')) +
        (await total('{ state: { notIn: [RUNNING, QUEUED] } }')),
    ).toBe(all)
  })

  it('places what waits for the same kind of GPU by when it was asked for', async () => {
    const { jobs } = await gateway.query<{
      jobs: { nodes: { key: string; queuePosition: number; pendingReason: string | null }[] }
    }>(
      `{ jobs(first: 200, filter: { type: { eq: GPU_RESERVATION }, state: { eq: QUEUED } }) {
        nodes { queuePosition pendingReason ... on GpuReservation { key: databaseId } }
      } }`,
    )
    const { rows } = await gpudev.query(
      `SELECT gpu_type, array_agg(reservation_id ORDER BY created_at, reservation_id) AS line FROM reservations
        WHERE status IN ('pending', 'queued') AND master_reservation_id IS NULL GROUP BY 1`,
    )
    expect(rows.length).toBeGreaterThan(0)
    for (const { line } of rows as { line: string[] }[])
      for (const [index, key] of line.entries()) {
        const waiting = jobs.nodes.find((node) => node.key === key)
        expect(waiting?.queuePosition, key).toBe(index + 1)
        expect(waiting?.pendingReason, key).toBeTruthy()
      }
  })

  it('leaves out a source that is down, and says which', async () => {
    await using proxy = await startTcpProxy(databases.urls.inference)
    await using asked = await startGateway({ urls: { ...databases.urls, inference: proxy.url } })
    const whole = await page(asked, 'first: 5')
    expect(whole.missing).toEqual([])
    await proxy.refuse()
    const left = await page(asked, 'first: 200', 'totalCount')
    expect(left.missing).toEqual([{ source: 'inference', code: 'SOURCE_UNAVAILABLE' }])
    expect(left.nodes.map(({ source }) => source)).not.toContain('inference')
    expect(left.totalCount).toBe((await merged()).filter(({ source }) => source !== 'inference').length)
    const { data, errors } = await asked.execute('{ jobs { totalCount } }')
    expect(data).toEqual({ jobs: { totalCount: null } })
    expect(errors?.[0]?.message).toMatch(/^The jobs of inference cannot be counted/)
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'SOURCE_UNAVAILABLE', source: 'inference' })
  })

  it('refuses a cursor that it did not make', async () => {
    const { errors } = await gateway.execute('{ jobs(after: "nonsense") { nodes { id } } }')
    expect(errors?.[0]?.extensions?.code).toBe('BAD_CURSOR')
    const { errors: damaged } = await gateway.execute(
      `{ jobs(after: "${Buffer.from(JSON.stringify(['x', '1', 'platform', '1', 'y'])).toString('base64url')}") { nodes { id } } }`,
    )
    expect(damaged?.[0]?.extensions?.code).toBe('BAD_CURSOR')
  })
})
