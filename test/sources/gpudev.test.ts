import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

let databases: TestDatabases
let gateway: TestGateway
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  client = await databases.client('gpudev')
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface Counted {
  readonly databaseId: string
  readonly availability: {
    readonly total: number | null
    readonly inUse: number
    readonly queued: number
    readonly available: number | null
  }
}

const addReservation = (id: string, values: object = {}) =>
  client.query(
    `INSERT INTO reservations (reservation_id, user_id, status, duration_hours, created_at, status_history, name)
     SELECT $1, coalesce(r.user_id, 'gina'), 'expired', 1, '2026-11-01', r.status_history, r.name
     FROM jsonb_populate_record(NULL::reservations, $2) r`,
    [id, JSON.stringify(values)],
  )

describe('what is free of a kind of GPU', () => {
  it('is what the service’s own API counts, for all kinds in one statement', async () => {
    const { data, statements } = await gateway.measure<{ gpuTypes: { nodes: Counted[] } }>(
      '{ gpuTypes { nodes { databaseId availability { total inUse queued available } } } }',
    )
    expect(statements).toEqual({ gpudev: 3 })
    const [kinds, reservations] = await Promise.all([
      client.query('SELECT gpu_type, total_cluster_gpus FROM gpu_types'),
      client.query('SELECT gpu_type, status, gpu_count FROM reservations'),
    ])
    const sum = (kind: string, ...statuses: string[]) =>
      reservations.rows
        .filter((row) => row.gpu_type === kind && statuses.includes(row.status))
        .reduce((gpus, row) => gpus + row.gpu_count, 0)
    expect(kinds.rows).toHaveLength(10)
    expect(data.gpuTypes.nodes).toEqual(
      kinds.rows
        .toSorted((a, b) => (a.gpu_type < b.gpu_type ? -1 : 1))
        .map(({ gpu_type, total_cluster_gpus: total }) => {
          const inUse = sum(gpu_type, 'active', 'preparing')
          const queued = sum(gpu_type, 'queued', 'pending')
          return {
            databaseId: gpu_type,
            availability: { total, inUse, queued, available: total - inUse },
          }
        }),
    )
    expect(data.gpuTypes.nodes.some(({ availability }) => availability.queued > 0)).toBe(true)
  })

  it('is below nothing where more is in use than there is said to be, and unknown without a total', async () => {
    await client.query(`INSERT INTO gpu_types (gpu_type, instance_type, max_gpus, cpus, memory_gb, total_cluster_gpus)
      VALUES ('over', 'i', 8, 1, 1, 2), ('unknown', 'i', 8, 1, 1, NULL)`)
    await client.query(`INSERT INTO reservations (reservation_id, user_id, status, gpu_type, gpu_count, duration_hours, created_at)
      VALUES ('o1', 'gina', 'active', 'over', 3, 1, now()), ('o2', 'gina', 'creating_server', 'over', 4, 1, now())`)
    const { over, unknown } = await gateway.query<Record<'over' | 'unknown', Counted>>(
      `{ over: gpuType(databaseId: "over") { availability { total inUse available } }
         unknown: gpuType(databaseId: "unknown") { availability { total inUse available } } }`,
    )
    expect(over.availability).toEqual({ total: 2, inUse: 3, available: -1 })
    expect(unknown.availability).toEqual({ total: null, inUse: 0, available: null })
    await client.query(`DELETE FROM gpu_types WHERE gpu_type IN ('over', 'unknown')`)
  })
})

describe('the history of a reservation', () => {
  const history = async (id: string) => {
    const { gpuReservation } = await gateway.query<{ gpuReservation: { statusHistory: unknown } }>(
      `{ gpuReservation(databaseId: "${id}") { statusHistory { status statusRaw at message failureReason } } }`,
    )
    return gpuReservation.statusHistory
  }

  it('is its steps, typed', async () => {
    await addReservation('h1', {
      status_history: [
        { status: 'pending', timestamp: '2026-01-02T03:04:05.123456+00:00', message: 'taken' },
        { status: 'reticulating', timestamp: '2026-01-02T05:04:05+02:00' },
        { status: 'failed', timestamp: '2026-01-02T03:04:06', failure_reason: 'no disk' },
      ],
    })
    const none = { message: null, failureReason: null }
    expect(await history('h1')).toEqual([
      {
        ...none,
        status: 'PENDING',
        statusRaw: 'pending',
        at: '2026-01-02T03:04:05.123456Z',
        message: 'taken',
      },
      { ...none, status: 'UNKNOWN', statusRaw: 'reticulating', at: '2026-01-02T03:04:05.000000Z' },
      {
        ...none,
        status: 'FAILED',
        statusRaw: 'failed',
        at: '2026-01-02T03:04:06.000000Z',
        failureReason: 'no disk',
      },
    ])
  })

  it.each([
    ['nothing', null, []],
    ['a text', 'pending', []],
    ['an object', { status: 'pending' }, []],
    ['a list of odd things', [1, null, 'pending', ['pending'], true], []],
    [
      'steps of odd values',
      [{ status: 7, timestamp: 'yesterday', message: { a: 1 } }],
      [{ status: null, statusRaw: null, at: null, message: null, failureReason: null }],
    ],
  ])('takes %s for what it is', async (what, value, expected) => {
    await addReservation(what, { status_history: value })
    expect(await history(what)).toEqual(expected)
  })
})

describe('whose a reservation is', () => {
  it('goes by the name, in rows of old by the number, and by nothing that could be both', async () => {
    await client.query(
      "INSERT INTO api_users (user_id, username) VALUES (901, 'nina'), (902, '901'), (903, 'omar')",
    )
    const owners = { byName: 'nina', ambiguous: '901', byNumber: '903', nobody: 'ghost' }
    for (const [id, user] of Object.entries(owners)) await addReservation(id, { user_id: user })
    const { data, statements } = await gateway.measure<{
      gpuReservations: { nodes: { databaseId: string; user: { username: string } | null }[] }
    }>(
      `{ gpuReservations(filter: { databaseId: { in: ["byName", "ambiguous", "byNumber", "nobody"] } }) {
           nodes { databaseId user { username } } } }`,
    )
    expect(
      Object.fromEntries(data.gpuReservations.nodes.map((one) => [one.databaseId, one.user?.username])),
    ).toEqual({
      byName: 'nina',
      ambiguous: '901',
      byNumber: 'omar',
      nobody: undefined,
    })
    expect(statements).toEqual({ gpudev: 4 })
    const { gpuUsers } = await gateway.query<{
      gpuUsers: { nodes: { username: string; reservations: { totalCount: number; nodes: object[] } }[] }
    }>(
      `{ gpuUsers(filter: { databaseId: { in: [901, 902, 903] } }, orderBy: [{ field: DATABASE_ID, direction: ASC }]) {
           nodes { username reservations { totalCount nodes { databaseId } } } } }`,
    )
    expect(gpuUsers.nodes).toEqual([
      { username: 'nina', reservations: { totalCount: 1, nodes: [{ databaseId: 'byName' }] } },
      { username: '901', reservations: { totalCount: 1, nodes: [{ databaseId: 'ambiguous' }] } },
      { username: 'omar', reservations: { totalCount: 1, nodes: [{ databaseId: 'byNumber' }] } },
    ])
    const { some, whose } = await gateway.query<Record<'some' | 'whose', { nodes: object[] }>>(
      `{ some: gpuUsers(filter: { reservations: { some: { databaseId: { eq: "byNumber" } } } }) { nodes { username } }
         whose: gpuReservations(filter: { user: { username: { eq: "omar" } } }) { nodes { databaseId } } }`,
    )
    expect(some.nodes).toEqual([{ username: 'omar' }])
    expect(whose.nodes).toEqual([{ databaseId: 'byNumber' }])
  })
})

describe('a reservation of several nodes', () => {
  it('is the one that stands for all, with its nodes', async () => {
    const { rows } = await client.query(
      `SELECT master_reservation_id AS master, count(*)::int AS count FROM reservations
       WHERE is_multinode GROUP BY 1 ORDER BY 2 DESC LIMIT 1`,
    )
    const [{ master, count }] = rows
    expect(count).toBeGreaterThan(1)
    const { gpuReservation } = await gateway.query<{
      gpuReservation: { totalNodes: number; nodes: { totalCount: number; nodes: object[] } }
    }>(
      `{ gpuReservation(databaseId: "${master}") { totalNodes
           nodes(orderBy: [{ field: NODE_INDEX, direction: ASC }]) { totalCount nodes { nodeIndex masterReservation { databaseId } } } } }`,
    )
    expect(gpuReservation.totalNodes).toBe(count)
    expect(gpuReservation.nodes).toEqual({
      totalCount: count,
      nodes: Array.from({ length: count }, (_, nodeIndex) => ({
        nodeIndex,
        masterReservation: { databaseId: master },
      })),
    })
  })
})

describe('a database without the tables that an owner may do without', () => {
  it('answers all else, is available, and says of those that they are not there', async () => {
    await using fresh = await cloneDatabases({ seeded: true })
    const owner = await fresh.client('gpudev')
    await owner.query('DROP TABLE domain_mappings, alb_target_groups')
    await using without = await startGateway({ urls: fresh.urls })
    const { data, errors } = await without.execute<{
      gpuReservations: { nodes: { databaseId: string; domainMappings: object | null }[] }
      sources: { name: string; status: string }[]
      domainMappings: object | null
    }>(
      `{ gpuReservations(first: 1) { nodes { databaseId domainMappings { totalCount } } }
         domainMappings { totalCount } sources { name status } }`,
    )
    expect(data?.gpuReservations.nodes).toEqual([{ databaseId: expect.any(String), domainMappings: null }])
    expect(data?.domainMappings).toBeNull()
    expect(data?.sources).toContainEqual({ name: 'gpudev', status: 'AVAILABLE' })
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['SOURCE_MISMATCH', 'SOURCE_MISMATCH'])
    expect(errors?.[0]?.message).toMatch(/Nothing has to be done/)
  })
})
