import { afterAll, beforeAll, expect, it } from 'vitest'
import { anonymous, type Principal } from '../../src/auth/principal.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { gpuKey, labelerService, openGraph, type TestGraph, tenantKey, user } from '../support/graph.ts'

let databases: TestDatabases
let graph: TestGraph

beforeAll(async () => {
  databases = await cloneDatabases()
  graph = await openGraph({ ...databases.urls, inference: 'postgres://reader@127.0.0.1:1/nowhere' })
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

async function sourcesFor(principal: Principal) {
  const { data, errors } = await graph.ask<{ sources: { name: string; reason: string | null }[] }>(
    await graph.viewer(principal),
    '{ sources { name status since reason differences { found } watching { state reason unwatchedTables { table } } } }',
  )
  expect(errors).toBeUndefined()
  return data?.sources.find(({ name }) => name === 'inference')
}

it('are told of to administrators whole: why one does not answer, what it lacks, how it is watched', async () => {
  expect(await sourcesFor(user({ id: 1, role: 'admin' }))).toEqual({
    name: 'inference',
    status: 'UNAVAILABLE',
    since: expect.any(String),
    reason: 'no server listens at 127.0.0.1:1',
    differences: [],
    watching: { state: expect.any(String), reason: expect.any(String), unwatchedTables: [] },
  })
})

it.each<[string, Principal]>([
  ['guests', user({ id: 2 })],
  ['managers', user({ id: 2, role: 'manager' })],
  ['tenants', tenantKey({ tenantId: '11111111-1111-4111-8111-111111111111' })],
  ['users of GPU Dev', gpuKey({ userId: 1 })],
])('are told of to %s by name and status alone', async (_, principal) => {
  expect(await sourcesFor(principal)).toEqual({
    name: 'inference',
    status: 'UNAVAILABLE',
    since: expect.any(String),
    reason: null,
    differences: null,
    watching: { state: expect.any(String), reason: null, unwatchedTables: null },
  })
})

it.each<[string, Principal]>([
  ['the anonymous', anonymous],
  ['the Labeler', labelerService],
  ['an administrator by a token of the Labeler', user({ id: 1, role: 'admin', audience: 'labeler' })],
])('are none to %s', async (_, principal) => {
  expect(await sourcesFor(principal)).toBeUndefined()
})
