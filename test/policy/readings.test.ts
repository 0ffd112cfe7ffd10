import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anonymous, type Principal, systemRole } from '../../src/auth/principal.ts'
import type { Viewer } from '../../src/auth/viewer.ts'
import { type Entity, entities, keyOf, type RowKey } from '../../src/graph/entity.ts'
import { findRows, readRows } from '../../src/graph/rows.ts'
import { rowRuleOf } from '../../src/graph/visibility.ts'
import { anchorSelection, ruleHolds } from '../../src/graph/visibility-row.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { gpuKey, labelerService, openGraph, type TestGraph, tenantKey, user } from '../support/graph.ts'
import { randomWorld } from '../support/random-world.ts'
import { fieldsOf } from '../support/schema-fields.ts'
import { keepWorlds, type Row, sources, type World, type WorldKeeper } from '../support/worlds.ts'
import { keyColumn, linkFrom } from './names.ts'
import { Oracle } from './oracle.ts'

const worlds = 100

let databases: TestDatabases
let keeper: WorldKeeper
let graph: TestGraph

beforeAll(async () => {
  databases = await cloneDatabases()
  const accounts = await databases.client('users')
  await accounts.query("ALTER TYPE userrole ADD VALUE 'auditor'")
  keeper = await keepWorlds(databases)
  graph = await openGraph(databases.urls)
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

/** A key of every GPU Dev user of a world, and of one whose row is gone. */
const gpuKeys = (world: World) => {
  const users = world.gpudev.api_users ?? []
  return [...users, { user_id: 9, username: 'gone' }].map(({ user_id: number, username }) =>
    gpuKey({
      userId: number as number,
      username: username as string,
      isNumberTaken: users.some((one) => one.username === String(number)),
    }),
  )
}

/** Everybody who can ask in a world. */
const principals = (world: World): Principal[] => {
  const people = (world.users.users ?? []).map((row) =>
    user({
      id: row.id as number,
      email: row.email as string,
      role: systemRole(row.system_role as string),
      organizationId: row.organization_id as number | null,
    }),
  )
  const reader = people.map((person) => ({ ...person, audience: 'labeler' as const })).at(-1)
  return [
    anonymous,
    ...people,
    ...(reader ? [reader] : []),
    labelerService,
    tenantKey({ tenantId: '11111111-1111-4111-8111-111111111111' }),
    ...gpuKeys(world),
  ]
}

const toOnes = (entity: Entity) => fieldsOf(graph.schema, entity.name).filter(({ kind }) => kind === 'entity')

interface Page {
  readonly totalCount: number
  readonly nodes: readonly Readonly<Record<string, { readonly databaseId: RowKey } | null>>[]
}

const document = () =>
  `{ ${held()
    .map(
      (entity) =>
        `${entity.plural}(first: 200) { totalCount nodes { databaseId ${toOnes(entity)
          .map(({ name }) => `${name} { databaseId }`)
          .join(' ')} } }`,
    )
    .join('\n')} }`

/** The entities whose rows a world has. */
const held = () => entities().filter(({ source }) => (sources as readonly string[]).includes(source))

const sorted = (keys: readonly RowKey[]) => keys.map(String).toSorted()

/** What a viewer sees by each reading, and the whole tables beside. */
async function hold(world: World, viewer: Viewer): Promise<void> {
  const { data, errors } = await graph.ask<Record<string, Page>>(viewer, document())
  expect(errors).toBeUndefined()
  const seen = new Map<string, Set<RowKey>>()
  const pages = new Map<string, Page>()
  for (const entity of held()) {
    const page = data?.[entity.plural] as Page
    const keys = page.nodes.map(({ databaseId }) => databaseId as unknown as RowKey)
    expect(page.totalCount, `${entity.plural}.totalCount`).toBe(keys.length)
    seen.set(entity.name, new Set(keys))
    pages.set(entity.name, page)
  }
  await Promise.all(
    held().map((entity) => holdRows(world, viewer, entity, seen.get(entity.name) as Set<RowKey>)),
  )
  for (const entity of held()) holdRelations(world, entity, pages, seen)
}

/** The Prisma `where` and the reading of a row at hand, on every row that there is. */
async function holdRows(
  world: World,
  viewer: Viewer,
  entity: Entity,
  seen: ReadonlySet<RowKey>,
): Promise<void> {
  const keys = rowsOf(world, entity).map((row) => keyOf(entity, row))
  if (keys.length === 0) return
  const context = graph.context(viewer)
  const found = await findRows(context, entity, keys, { [entity.key]: true })
  expect(sorted(found.map((row) => keyOf(entity, row))), `${entity.name} by where`).toEqual(sorted([...seen]))

  // What makes a snapshot seen is not on its row, but the job that it was reached from.
  if (entity.name === 'DatasetSnapshot') return
  const rule = rowRuleOf(context, entity)
  const select = { [entity.key]: true, ...anchorSelection(context, entity, rule) }
  const rows = await readRows(context, entity, keys, select)
  const held = rows.filter((row) => ruleHolds(context, entity, rule, row))
  expect(sorted(held.map((row) => keyOf(entity, row))), `${entity.name} by row`).toEqual(sorted([...seen]))
}

/** A field to one leads to the far row exactly where that is there and seen. */
function holdRelations(
  world: World,
  entity: Entity,
  pages: ReadonlyMap<string, Page>,
  seen: ReadonlyMap<string, ReadonlySet<RowKey>>,
): void {
  const oracle = new Oracle(world)
  const byKey = new Map(rowsOf(world, entity).map((row) => [keyOf(entity, row), row]))
  for (const { name, type } of toOnes(entity)) {
    const link = linkFrom(entity.name, name)
    if (!link) throw new Error(`Say by which column ${entity.name}.${name} goes.`)
    for (const node of pages.get(entity.name)?.nodes ?? []) {
      const row = byKey.get(node.databaseId as unknown as RowKey) as Row
      const key = oracle.far(link, row)?.[keyColumn(type)] as RowKey | undefined
      const isSeen = key != null && seen.get(type)?.has(key)
      // One's organization is part of an account that is shown in full.
      if (entity.name === 'User' && name === 'organization' && isSeen && !node[name]) continue
      expect(node[name]?.databaseId ?? null, `${entity.name}.${name}`).toBe(isSeen ? key : null)
    }
  }
}

const rowsOf = (world: World, entity: Entity): readonly Row[] =>
  world[entity.source as keyof World][entity.table] ?? []

describe('the readings of the policy', () => {
  it('agree on every row of random worlds, for everybody who looks', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomWorld,
        fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
        async (world, who) => {
          await keeper.put(world)
          graph.scopes.drop()
          const all = principals(world)
          for (const number of new Set(who.map((one) => one % all.length)))
            await hold(world, await graph.viewer(all[number] as Principal))
        },
      ),
      { numRuns: worlds },
    )
  }, 120_000)
})
