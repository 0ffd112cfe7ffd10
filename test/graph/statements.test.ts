import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Entity, entities } from '../../src/graph/entity.ts'
import { matchesFrom } from '../../src/graph/match.ts'
import { createSchema } from '../../src/schema.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { type FieldShape, fieldsOf } from '../support/schema-fields.ts'

const schema = createSchema()
let databases: TestDatabases
let gateway: TestGateway

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  gateway = await startGateway({ urls: databases.urls })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

/** Fields that are worked out from other rows; each costs a statement, and has a test of its own. */
const workedOut = ['progress', 'isStale', 'queuePosition', 'pendingReason']

/** Every column of a type. */
const scalars = (type: string) =>
  fieldsOf(schema, type)
    .filter(({ kind, name }) => kind === 'scalar' && !workedOut.includes(name))
    .map(({ name }) => name)
    .join(' ')

const page = (entity: Entity, size: number, selection: string) =>
  `{ ${entity.plural}(first: ${size}) { totalCount nodes { ${selection} } } }`

const total = (statements: Record<string, number>) =>
  Object.values(statements).reduce((sum, count) => sum + count, 0)

/** Fields of an entity that lead to other entities, with what to select of them. */
function relationsOf(entity: Entity): (FieldShape & { readonly selection: string })[] {
  return fieldsOf(schema, entity.name).flatMap((field) => {
    if (field.kind === 'entity') return { ...field, selection: `${field.name} { ${scalars(field.type)} }` }
    if (field.kind !== 'connection') return []
    const node = field.type.replace(/Connection$/, '')
    return { ...field, selection: `${field.name}(first: 3) { nodes { ${scalars(node)} } }` }
  })
}

const sourceOf = (type: string) =>
  entities().find(({ name }) => name === type.replace(/Connection$/, ''))?.source as string

describe.each(entities().map((entity) => [entity.name, entity] as const))('%s', (_name, entity) => {
  it('is one statement for a page’s keys, one for its rows with every column, one for the count', async () => {
    const { statements } = await gateway.measure(page(entity, 50, scalars(entity.name)))
    expect(statements).toEqual({ [entity.source]: 3 })
  })

  it('is one statement by key, and one for many ids', async () => {
    const { data } = await gateway.measure<Record<string, { nodes: { id: string }[] }>>(
      page(entity, 50, 'id'),
    )
    const ids = data[entity.plural]?.nodes.map(({ id }) => id) ?? []
    expect(ids.length).toBeGreaterThan(1)
    const one = await gateway.measure(
      `query ($id: ID!) { ${entity.singular}(id: $id) { ${scalars(entity.name)} } }`,
      { id: ids[0] },
    )
    expect(one.statements).toEqual({ [entity.source]: 1 })
    const many = await gateway.measure(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ${entity.name} { ${scalars(entity.name)} } } }`,
      { ids },
    )
    expect(many.statements).toEqual({ [entity.source]: 1 })
  })

  const relations = relationsOf(entity)
  it.each(relations.map((relation) => [relation.name, relation] as const))(
    'leads to %s in a constant number',
    async (_field, relation) => {
      const few = await gateway.measure(page(entity, 2, relation.selection))
      const { data, statements } = await gateway.measure<Page>(page(entity, 60, relation.selection))
      const nodes = data[entity.plural]?.nodes.map((node) => node[relation.name]) ?? []
      const far = sourceOf(relation.type)
      const expected: Record<string, number> = { [entity.source]: 3 }
      expected[far] = (expected[far] ?? 0) + further(relation, wayTo(entity, relation.name, far), nodes)
      if (expected[far] === 0) delete expected[far]
      expect(statements).toEqual(expected)
      expect(total(few.statements)).toBeLessThanOrEqual(total(statements))
    },
  )
})

type Page = Record<
  string,
  { readonly nodes: readonly Readonly<Record<string, { readonly nodes?: readonly object[] } | null>>[] }
>

/** Whether a join would round one of the entity's numbers. */
const isRounded = (type: string) =>
  [
    ...(entities()
      .find(({ name }) => name === type)
      ?.columns.values() ?? []),
  ].some(({ kind }) => kind.isRoundedByJoin)

type Way = 'joined' | 'matched' | 'crossing'

const wayTo = (entity: Entity, field: string, far: string): Way =>
  far !== entity.source
    ? 'crossing'
    : matchesFrom(entity).some(({ name }) => name === field)
      ? 'matched'
      : 'joined'

/**
 * Statements that a relation adds: none when joined, one across databases or where a join would round a number, one to
 * match and one for what is found, one for the keys and one for the rows of pages.
 */
function further(
  relation: FieldShape,
  way: Way,
  nodes: readonly ({ readonly nodes?: readonly object[] } | null | undefined)[],
): number {
  if (relation.kind === 'connection') return nodes.some((page) => page?.nodes?.length) ? 2 : 1
  if (way === 'joined' && !isRounded(relation.type)) return 0
  return (way === 'matched' ? 1 : 0) + (nodes.some(Boolean) ? 1 : 0)
}

it('a tree of relations to one, three levels deep, is one statement for all its rows', async () => {
  const { statements } = await gateway.measure(
    `{ inferences(first: 60) { nodes { status model { name training { name job { status } } } job { sbatchId } } } }`,
  )
  expect(statements).toEqual({ inference: 2 })
})

it('the same far entity by several fields is one statement of its database', async () => {
  const { statements } = await gateway.measure(
    `{ trainingJobs(first: 60, filter: { createdBy: { isNull: false } }) { nodes { creator { email } project { owner { fullName } } } } }`,
  )
  expect(statements).toEqual({ platform: 2, users: 1 })
})

it('progress and a metric series of sixty jobs are a statement each', async () => {
  const { statements } = await gateway.measure(
    `{ trainingJobs(first: 60) { nodes { progress metricSeries(name: "loss") { points { value } } } } }`,
  )
  expect(statements).toEqual({ platform: 4 })
})
