import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/auth/principal.ts'
import { globalId } from '../../policy/names.ts'
import { labelerService, tenantKey } from '../../support/graph.ts'
import { type LabelerWorld, openLabelerWorld } from './labeler-kit.ts'

let world: LabelerWorld
beforeAll(async () => {
  world = await openLabelerWorld()
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => void world.calls())

const admin = { id: 1, role: 'admin' } as const
const engineer = { id: 2, role: 'standard_engineer' } as const

interface Stored {
  readonly id: string
  readonly name: string
  readonly owner_id: number
  readonly visibility: string
  readonly num_images: number
}

const stored = async (condition = 'true'): Promise<Stored[]> =>
  (await world.datasets.query(`SELECT * FROM datasets WHERE ${condition} ORDER BY created_at DESC, id DESC`))
    .rows

/** Keys of the datasets that a user may see, as the Labeler's tables say. */
const seenBy = async (user: number): Promise<Set<string>> => {
  const access = 'SELECT FROM dataset_permissions p WHERE p.dataset_id = datasets.id AND p.user_id ='
  const rows = await stored(`visibility = 'public' OR owner_id = ${user} OR EXISTS (${access} ${user})`)
  return new Set(rows.map(({ id }) => id))
}

interface Job {
  readonly datasetId: string | null
  readonly dataset: { readonly databaseId: string; readonly name: string } | null
}

describe('datasets behind a page of jobs', () => {
  const jobs = (fields: string) =>
    `{ trainingJobs(first: 200) { nodes { datasetId dataset { ${fields} } } } }`

  test('are one batch call, and a permission call for each, where that is all that is asked', async () => {
    const { trainingJobs } = await world.query<{ trainingJobs: { nodes: Job[] } }>(
      admin,
      jobs('databaseId name format numImages'),
    )
    const asked = new Set(trainingJobs.nodes.flatMap(({ datasetId }) => datasetId ?? []))
    expect(asked.size).toBeGreaterThan(8)
    const seen = await seenBy(admin.id)
    const names = new Map((await stored()).map(({ id, name }) => [id, name]))
    for (const { datasetId, dataset } of trainingJobs.nodes)
      expect(dataset?.name).toBe(datasetId !== null && seen.has(datasetId) ? names.get(datasetId) : undefined)
    expect(trainingJobs.nodes.some(({ datasetId, dataset }) => datasetId && !dataset)).toBe(true)

    const calls = world.calls()
    expect(calls.filter((call) => call.endsWith('/batch'))).toHaveLength(1)
    expect(calls.filter((call) => call.includes('/permissions/1'))).toHaveLength(asked.size)
    expect(calls).toHaveLength(1 + asked.size)

    await world.query(admin, jobs('name'))
    expect(world.calls()).toEqual(['POST /api/v1/platform/datasets/batch'])
  })

  test('are read one by one where more is asked, and permissions only for those of others', async () => {
    const { trainingJobs } = await world.query<{ trainingJobs: { nodes: Job[] } }>(
      { id: 4, role: 'admin' },
      jobs('name visibility classNames owner { fullName }'),
    )
    const asked = new Set(trainingJobs.nodes.flatMap(({ datasetId }) => datasetId ?? []))
    const restricted = (await stored("visibility <> 'public' AND owner_id <> 4")).filter(({ id }) =>
      asked.has(id),
    )
    const calls = world.calls()
    expect(calls.filter((call) => call.includes('/permissions/4'))).toHaveLength(restricted.length)
    expect(calls).toHaveLength(asked.size + restricted.length)

    await world.query({ id: 4, role: 'admin' }, jobs('name visibility owner { fullName }'))
    expect(world.calls()).toEqual([])
  })
})

describe('a dataset', () => {
  const everything = `id databaseId name description format labeled storageType annotationPath numClasses numImages
    classNames publishedTaskTypes tags visibility visibilityRaw ownerId version contentHash createdAt updatedAt
    storagePath owner { databaseId fullName }`

  test('shows all that the Labeler tells of it, and where it lies to administrators alone', async () => {
    const [row] = await stored("visibility = 'public' AND labeled AND owner_id <> 1")
    const id = globalId('Dataset', row?.id)
    const document = `{ dataset(databaseId: "${row?.id}") { ${everything} } node(id: "${id}") { __typename id } }`
    const { data, statements } = await world.ask<{ dataset: object; node: object }>(admin, document)
    expect(data?.node).toEqual({ __typename: 'Dataset', id })
    expect(statements).toMatchObject({ users: 1 })
    expect(data?.dataset).toMatchObject({
      id,
      databaseId: row?.id,
      name: row?.name,
      labeled: true,
      visibility: 'PUBLIC',
      visibilityRaw: 'public',
      numImages: row?.num_images,
      storagePath: `datasets/${row?.id}/`,
      owner: { databaseId: row?.owner_id },
      createdAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    })
    const { dataset } = await world.query<{ dataset: object }>(
      { id: 3 },
      `{ dataset(id: "${id}") { ${everything} } }`,
    )
    expect(dataset).toMatchObject({ name: row?.name, storagePath: null })
  })

  test('is there for its owner and for whom the Labeler names, and for nobody else', async () => {
    const rows = await stored("visibility <> 'public'")
    const people = [1, 2, 3, 4, 5, 6]
    for (const id of people) {
      const seen = await seenBy(id)
      const ids = rows.map((row) => JSON.stringify(globalId('Dataset', row.id)))
      const { nodes } = await world.query<{ nodes: ({ id: string } | null)[] }>(
        { id, role: 'standard_engineer' },
        `{ nodes(ids: [${ids}]) { id } }`,
      )
      expect(nodes.map((node) => node !== null)).toEqual(rows.map((row) => seen.has(row.id)))
    }
  })

  test('is not there for who is no person of the platform', async () => {
    const [row] = await stored("visibility = 'public'")
    const principals = [
      anonymous,
      labelerService,
      tenantKey({ tenantId: '00000000-0000-4000-8000-000000000001' }),
    ]
    for (const principal of principals) {
      const viewer = await world.graph.viewer(principal)
      const answer = await world.graph.ask(
        viewer,
        `{ dataset(databaseId: "${row?.id}") { name } datasets { nodes { name } } }`,
      )
      expect(answer).toMatchObject({ data: { dataset: null, datasets: { nodes: [] } } })
      expect(answer.errors).toBeUndefined()
    }
    const reader = { id: 2, audience: 'labeler' } as const
    expect(await world.query(reader, `{ dataset(databaseId: "${row?.id}") { name } }`)).toEqual({
      dataset: null,
    })
    expect(world.calls()).toEqual([])
  })

  test.each(['nothing', '../users', '..', 'a/b', 'a?b', '%2e%2e', 'ü'])(
    'is none by the key %s',
    async (key) => {
      expect(await world.query(admin, `{ dataset(databaseId: "${key}") { name description } }`)).toEqual({
        dataset: null,
      })
      for (const call of world.calls()) expect(call).toBe('GET /api/v1/platform/datasets/nothing')
    },
  )

  test('refuses ids of others', async () => {
    const { errors } = await world.ask(admin, `{ dataset(id: "${globalId('Project', 1)}") { name } }`)
    expect(errors?.[0]?.message).toContain('is not an id of a Dataset')
  })

  test('is read in calls of fifty at most', async () => {
    const ids = (await stored()).map(({ id }) => JSON.stringify(globalId('Dataset', id)))
    expect(ids.length).toBeGreaterThan(75)
    const { nodes } = await world.query<{ nodes: unknown[] }>(
      admin,
      `{ nodes(ids: [${ids}]) { id ... on Dataset { name } } }`,
    )
    expect(nodes.filter(Boolean)).toHaveLength((await seenBy(admin.id)).size)
    expect(world.calls().filter((call) => call.startsWith('POST'))).toHaveLength(2)
  })
})

describe('snapshots and invitations', () => {
  test('lead to their dataset', async () => {
    const { datasetSnapshots, invitations } = await world.query<
      Record<string, { nodes: { datasetId: string; dataset: { databaseId: string } | null }[] }>
    >(
      admin,
      `{ datasetSnapshots(first: 100) { nodes { datasetId dataset { databaseId } } }
         invitations(first: 100, filter: { datasetId: { isNull: false } }) { nodes { datasetId dataset { databaseId } } } }`,
    )
    const seen = await seenBy(admin.id)
    for (const list of [datasetSnapshots, invitations]) {
      expect(list?.nodes.length).toBeGreaterThan(0)
      for (const { datasetId, dataset } of list?.nodes ?? [])
        expect(dataset?.databaseId).toBe(seen.has(datasetId) ? datasetId : undefined)
    }
  })
})

describe('lists', () => {
  interface Page {
    readonly datasets: {
      readonly nodes: readonly { readonly databaseId: string; readonly numImages: number }[]
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
    }
  }

  async function walk(who: { id: number }, given: string, first: number): Promise<string[]> {
    const keys: string[] = []
    for (let after = 'null'; ; ) {
      const { datasets } = await world.query<Page>(
        who,
        `{ datasets(${given} first: ${first}, after: ${after}) { nodes { databaseId } pageInfo { hasNextPage endCursor } } }`,
      )
      keys.push(...datasets.nodes.map(({ databaseId }) => databaseId))
      if (!datasets.pageInfo.hasNextPage) return keys
      expect(datasets.pageInfo.endCursor).not.toBeNull()
      after = JSON.stringify(datasets.pageInfo.endCursor)
    }
  }

  test.each([1, 7, 50, 60, 200])(
    'hold every public dataset once, newest first, by pages of %i',
    async (first) => {
      const keys = (await stored("visibility = 'public'")).map(({ id }) => id)
      if (first === 1) expect((await walk(engineer, '', 1)).slice(0, 5)).toEqual(keys.slice(0, 5))
      else expect(await walk(engineer, '', first)).toEqual(keys)
    },
  )

  test('hold one’s own, and filter', async () => {
    const own = (await stored('owner_id = 2')).map(({ id }) => id)
    expect(own.length).toBeGreaterThan(2)
    expect(await walk(engineer, 'of: OWN', 3)).toEqual(own)
    const labeled = (await stored('owner_id = 2 AND NOT labeled')).map(({ id }) => id)
    expect(await walk(engineer, 'of: OWN, filter: { labeled: false }', 10)).toEqual(labeled)
  })

  test('go on past a page of which nothing may be shown', async () => {
    const [shown] = await stored("visibility = 'public'")
    const hidden = (await stored("visibility = 'private' AND owner_id <> 2")).slice(0, 2)
    world.standIn.disturb(({ path, query }) =>
      path.endsWith('/datasets') && query.get('page') === '1'
        ? { body: JSON.stringify({ total: 3, datasets: [...hidden, shown] }) }
        : undefined,
    )
    try {
      expect(await walk(engineer, '', 1)).toEqual([shown?.id])
    } finally {
      world.standIn.disturb()
    }
  })

  test('tell a task’s own number of images, and leave the dataset’s own as it is elsewhere', async () => {
    const { datasets } = await world.query<Page>(
      engineer,
      '{ datasets(filter: { taskType: "detection" }, first: 1) { nodes { databaseId numImages } } }',
    )
    const [node] = datasets.nodes
    const [row] = await stored(`id = '${node?.databaseId}'`)
    expect(node?.numImages).toBe(Math.floor((row?.num_images ?? 0) * 0.9))
    const { dataset } = await world.query<{ dataset: { numImages: number } }>(
      engineer,
      `{ dataset(databaseId: "${row?.id}") { numImages description } }`,
    )
    expect(dataset.numImages).toBe(row?.num_images)
  })

  test('refuse cursors of other lists, and pages that are too long', async () => {
    const { datasets } = await world.query<Page>(
      engineer,
      '{ datasets(first: 2) { nodes { databaseId numImages } pageInfo { hasNextPage endCursor } } }',
    )
    const after = JSON.stringify(datasets.pageInfo.endCursor)
    for (const given of [`of: OWN, after: ${after}`, `after: "nonsense"`, 'first: 201', 'first: -1']) {
      const { errors } = await world.ask(engineer, `{ datasets(${given}) { nodes { name } } }`)
      expect(errors).toHaveLength(1)
    }
  })
})
