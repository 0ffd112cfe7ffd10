import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Disturbance } from '../../../src/embedded/labeler/stand-in.ts'
import { cloneDatabases } from '../../support/databases.ts'
import { openGraph, user } from '../../support/graph.ts'
import { type LabelerWorld, openLabelerWorld, secret } from './labeler-kit.ts'

const engineer = { id: 2, role: 'standard_engineer' } as const

let world: LabelerWorld
let keys: string[]
beforeAll(async () => {
  world = await openLabelerWorld({ LABELER_TIMEOUT: '0.4', LABELER_MAX_CALLS: '20' })
  const { rows } = await world.datasets.query(
    "SELECT id FROM datasets WHERE visibility = 'public' ORDER BY id",
  )
  keys = rows.map(({ id }) => id)
})
afterAll(() => world[Symbol.asyncDispose]())
afterEach(async () => {
  world.standIn.disturb()
  await recovered()
})

/** A key that no test has asked for, so that no cache knows it. */
const fresh = (): string => {
  const key = keys.pop()
  if (!key) throw new Error('every dataset has been asked for')
  return key
}

interface Told {
  readonly status: string
  readonly reason: string | null
}

async function told(): Promise<Told> {
  const { sources } = await world.query<{ sources: (Told & { name: string })[] }>(
    { id: 1, role: 'admin' },
    '{ sources { name status reason } }',
  )
  return sources.find(({ name }) => name === 'labeler') as Told
}

test('a Labeler that goes away is told to be away, though nobody asks it for anything', async () => {
  world.standIn.disturb(() => ({ isCut: true }))
  while ((await told()).status === 'AVAILABLE') await new Promise(setImmediate)
  expect(await told()).toMatchObject({
    status: 'UNAVAILABLE',
    reason: expect.stringMatching(/no connection/),
  })
})

/** Waits for the probe; each look is a request of its own. */
async function recovered(): Promise<void> {
  while ((await told()).status !== 'AVAILABLE') await new Promise(setImmediate)
}

const codesOf = (errors: readonly object[] | undefined) =>
  errors?.map((error) => (error as { extensions?: { code?: string } }).extensions?.code)

async function ask(key: string, fields = 'name description numImages') {
  const answer = await world.ask<{ dataset: object | null; project: object }>(
    { ...engineer, role: 'admin' },
    `{ dataset(databaseId: "${key}") { ${fields} } project(databaseId: 1) { databaseId } }`,
  )
  // Whatever the Labeler does, the rest answers.
  expect(answer.data?.project).toEqual({ databaseId: 1 })
  return { dataset: answer.data?.dataset, errors: answer.errors, codes: codesOf(answer.errors) }
}

const once = (disturbance: Disturbance, count = 1) => {
  let left = count
  world.standIn.disturb(({ path }) => (path !== '/health' && left-- > 0 ? disturbance : undefined))
}
const calls = (disturbance: Disturbance) =>
  world.standIn.disturb(({ path }) => (path === '/health' ? undefined : disturbance))

describe('a Labeler', () => {
  test('that fails for a moment is asked again', async () => {
    for (const disturbance of [{ status: 503 }, { isCut: true }, { status: 429 }]) {
      once(disturbance, 2)
      const { dataset, errors } = await ask(fresh())
      expect(errors).toBeUndefined()
      expect(dataset).toMatchObject({ name: expect.any(String) })
    }
  })

  test('that asks to be left alone is, for as long as it says', async () => {
    const key = 'ds_of_rest'
    const rest: Disturbance = { status: 429, headers: { 'retry-after': '1' } }
    const answer: Disturbance = {
      status: 200,
      body: JSON.stringify({ id: key, name: 'Rested', visibility: 'public' }),
    }
    const came: number[] = []
    world.standIn.disturb(({ path }) => {
      if (path === '/health') return undefined
      return came.push(performance.now()) === 1 ? rest : answer
    })
    expect((await ask(key)).codes).toEqual(['SOURCE_OVERLOADED'])
    expect((await ask(key)).codes).toEqual(['SOURCE_OVERLOADED'])
    expect(came).toHaveLength(1)
    expect((await told()).status).toBe('AVAILABLE')
    while ((await ask(key)).dataset === null);
    expect(came).toHaveLength(2)
    expect((came[1] as number) - (came[0] as number)).toBeGreaterThan(990)
  })

  test('that asks to be left alone until a moment that is over is asked again', async () => {
    once({ status: 503, headers: { 'retry-after': new Date(0).toUTCString() } }, 2)
    const { dataset, errors } = await ask('ds_of_nobody')
    expect({ dataset, errors }).toEqual({ dataset: null, errors: undefined })
  })

  test('that is silent costs its time-out once; then it is unavailable at once, until a probe succeeds', async () => {
    world.standIn.disturb(() => ({ isSilent: true }))
    const key = fresh()
    expect((await ask(key)).codes).toEqual(['SOURCE_TIMEOUT'])
    const before = performance.now()
    expect((await ask(key)).codes).toEqual(['SOURCE_UNAVAILABLE'])
    expect(performance.now() - before).toBeLessThan(300)
    expect(await told()).toEqual({
      name: 'labeler',
      status: 'UNAVAILABLE',
      reason: 'it does not answer within 400 ms',
    })
    world.standIn.disturb()
    await recovered()
    expect((await ask(key)).dataset).toMatchObject({ name: expect.any(String) })
  })

  test('that answers slowly, but in time, is waited for', async () => {
    calls({ delay: 150 })
    expect((await ask(fresh())).errors).toBeUndefined()
  })

  test.each([
    ['no JSON', { body: '<html>' }],
    ['a list', { body: '[]' }],
    ['another shape', { body: '{"data":{}}' }],
    ['null', { body: 'null' }],
    ['another dataset', { body: '{"id":"ds_other","visibility":"public","name":"Other"}' }],
    ['another status', { status: 418 }],
    ['a refusal', { status: 401 }],
    ['a redirect elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:1/stolen' } }],
    ['a redirect without end', { status: 307, headers: { location: '?again' } }],
    ['more than anybody reads', { body: JSON.stringify({ id: 'x'.repeat(9_000_000) }) }],
  ])('that answers with %s disables that field with an error that says so', async (_, disturbance) => {
    calls(disturbance)
    const { dataset, codes, errors } = await ask(fresh())
    expect(errors?.[0]?.message).not.toContain('127.0.0.1')
    expect(dataset).toBeNull()
    expect(codes).toEqual(['SOURCE_MISMATCH'])
    expect((await told()).status).toBe('AVAILABLE')
  })

  test('that gives a member another type disables that member alone', async () => {
    const key = fresh()
    calls({ body: JSON.stringify({ id: key, name: 'As ever', visibility: 'public', num_images: 'many' }) })
    const { dataset, codes } = await ask(key)
    expect(dataset).toEqual({ name: 'As ever', description: null, numImages: null })
    expect(codes).toEqual(['SOURCE_MISMATCH'])
  })

  test('that gives another dataset in a batch, or none by an odd name, shows none', async () => {
    const [key, other] = keys as [string, string]
    const body = JSON.stringify({ datasets: { [key]: { id: other, name: 'Other' } } })
    world.standIn.disturb(({ path }) => (path.endsWith('/batch') ? { body } : undefined))
    for (const asked of [key, 'constructor', '__proto__']) {
      const { dataset, errors } = await ask(asked, 'databaseId name')
      expect(errors).toBeUndefined()
      expect(dataset).toBeNull()
    }
  })

  test('that writes moments as it likes disables those alone that are none', async () => {
    const key = 'ds_of_moments'
    const moments = { created_at: '2026-11-21 08:00:00.5+0100', updated_at: 'yesterday' }
    const body = JSON.stringify({ id: key, name: 'As ever', visibility: 'public', ...moments })
    calls({ status: 200, body })
    const { dataset, codes } = await ask(key, 'name description createdAt updatedAt')
    expect(dataset).toEqual({
      name: 'As ever',
      description: null,
      createdAt: '2026-11-21T07:00:00.500000Z',
      updatedAt: null,
    })
    expect(codes).toEqual(['SOURCE_MISMATCH'])
  })

  test('that will not say who may see a dataset shows it to nobody', async () => {
    const { rows } = await world.datasets.query(
      "SELECT id FROM datasets WHERE visibility <> 'public' AND owner_id <> 2 LIMIT 3",
    )
    const disturbances = [{ status: 500 }, { body: '{"has_access":"yes"}' }, { status: 404 }]
    for (const [index, disturbance] of disturbances.entries()) {
      world.standIn.disturb(({ path }) => (path.includes('/permissions/') ? disturbance : undefined))
      const { dataset, codes } = await ask(rows[index].id)
      expect(dataset).toBeNull()
      expect(codes?.[0]).toBe(['SOURCE_UNAVAILABLE', 'SOURCE_MISMATCH', undefined][index])
    }
  })

  test('is called only so often for one request', async () => {
    const ids = keys.slice(0, 25).map((key) => `"${Buffer.from(`Dataset:${key}`).toString('base64')}"`)
    const { data, errors } = await world.ask<{ nodes: (object | null)[] }>(
      engineer,
      `{ nodes(ids: [${ids}]) { id ... on Dataset { description } } }`,
    )
    expect(data?.nodes.filter(Boolean)).toHaveLength(20)
    expect(new Set(codesOf(errors))).toEqual(new Set(['COST_LIMIT']))
  })

  test('is not there where it is not configured, or does not share the secret', async () => {
    await using databases = await cloneDatabases()
    await using without = await openGraph(databases.urls)
    await using other = await openGraph(databases.urls, {
      LABELER_API_URL: world.standIn.url,
      SERVICE_JWT_SECRET: `${secret}, or not`,
    })
    for (const [graph, code] of [
      [without, 'SOURCE_NOT_CONFIGURED'],
      [other, 'SOURCE_MISMATCH'],
    ] as const) {
      const viewer = await graph.viewer(user({ id: 2 }))
      const { errors } = await graph.ask(viewer, `{ dataset(databaseId: "${fresh()}") { description } }`)
      expect(codesOf(errors)).toEqual([code])
    }
  })
})
