/*
 * What is decided on a row's texts is what Postgres decides of the row: over every column of every entity that is watched,
 * with random conditions, on the rows that the seed has.
 */
import fc from 'fast-check'
import sql from 'sql-template-tag'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ColumnValues } from '../../src/changes/change.ts'
import type { SourceKey } from '../../src/config/source-names.ts'
import { type Entity, entities, fieldName } from '../../src/graph/entity.ts'
import { UNKNOWN } from '../../src/graph/enumeration.ts'
import { filterCondition } from '../../src/graph/filter-condition.ts'
import { columnOf, rowsOf, tableName } from '../../src/graph/statement.ts'
import { predicateOf } from '../../src/live/predicate.ts'
import { createSchema } from '../../src/schema.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { everyone } from '../support/everyone.ts'
import { openGraph, type TestGraph } from '../support/graph.ts'

createSchema()
let databases: TestDatabases
let graph: TestGraph

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  graph = await openGraph(databases.urls)
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

/** Rows by the texts of their columns. */
async function textsOf({ source, table, key, columns }: Entity): Promise<ColumnValues[]> {
  const client = await databases.client(source as SourceKey)
  const list = [...columns.keys()].map((name) => `"${name}"::text AS "${name}"`).join(', ')
  return (await client.query(`SELECT ${list} FROM "${table}" ORDER BY "${key}" LIMIT 80`)).rows
}

/** Conditions of which the texts can tell, on a column, with operands that rows have. */
function conditionOn(
  entity: Entity,
  name: string,
  rows: readonly ColumnValues[],
): fc.Arbitrary<object> | undefined {
  const column = entity.columns.get(name)
  if (!column || column.kind.isList || column.kind.cast === 'numeric') return undefined
  const labels = column.enumeration && [
    ...new Set([
      UNKNOWN,
      ...column.enumeration.known.map((text) => column.enumeration?.label(text) as string),
    ]),
  ]
  const { graphType } = column.kind
  if (!labels && !['Int', 'String', 'Boolean', 'UUID', 'BigInt'].includes(graphType)) return undefined
  const texts = [...new Set(rows.map((row) => row[name]).filter((text) => text != null))] as string[]
  const values =
    labels ??
    texts.map((text) =>
      graphType === 'Int' ? Number(text) : graphType === 'Boolean' ? text === 'true' : text,
    )
  const operand = fc.constantFrom<unknown>(...(values.length > 0 ? values : ['nothing']))
  const isNull = fc.boolean().map((is) => ({ isNull: is }))
  if (values.length === 0) return isNull.map((one) => ({ [fieldName(entity, name)]: one }))
  const list = fc.uniqueArray(operand, { maxLength: 3 })
  const conditions = fc.oneof(
    isNull,
    operand.map((eq) => ({ eq })),
    operand.map((ne) => ({ ne })),
    ...(graphType === 'Boolean'
      ? []
      : [list.map((among) => ({ in: among })), list.map((notIn) => ({ notIn }))]),
  )
  return conditions.map((one) => ({ [fieldName(entity, name)]: one }))
}

const watched = entities().filter(({ live }) => live !== undefined)

describe.each(watched.map((entity) => [entity.name, entity] as const))('%s', (_, entity) => {
  it('is filtered on its texts as by Postgres', async () => {
    const rows = await textsOf(entity)
    expect(rows.length).toBeGreaterThan(0)
    const context = graph.context(everyone)
    const single = fc.oneof(
      ...[...entity.columns.keys()].flatMap((name) => conditionOn(entity, name, rows) ?? []),
    )
    const filter = fc.oneof(
      single,
      fc.array(single, { maxLength: 3 }).map((or) => ({ or })),
      fc.tuple(single, single).map(([left, right]) => ({ and: [left, { not: right }] })),
      fc.constant({ not: {} }),
    )
    await fc.assert(
      fc.asyncProperty(filter, async (wanted) => {
        const predicate = predicateOf(context, entity, wanted as never)
        const condition = filterCondition(context, entity, wanted as never, new Map()) ?? sql`TRUE`
        const found = await rowsOf<{ key: string }>(
          context,
          entity.source,
          sql`SELECT ${columnOf('t', entity.key)}::text AS key FROM ${tableName(entity.table)} t WHERE ${condition}`,
        )
        const keys = new Set(found.map(({ key }) => key))
        expect(predicate, JSON.stringify(wanted)).toBeDefined()
        for (const row of rows)
          expect(predicate?.(row), JSON.stringify([wanted, row])).toBe(keys.has(row[entity.key] ?? ''))
      }),
      { numRuns: 30 },
    )
  })
})
