import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInRequest } from '../../src/database/request-scope.ts'
import { type Entity, entities, fieldName, keyOf } from '../../src/graph/entity.ts'
import { rowFromTexts } from '../../src/graph/given-row.ts'
import { readRows } from '../../src/graph/rows.ts'
import { fieldRuleOf } from '../../src/graph/visibility.ts'
import { createSchema } from '../../src/schema.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { openGraph, type TestGraph, user } from '../support/graph.ts'

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

/** Rows of an entity as texts, by column. */
async function texts({ source, table, key, columns }: Entity): Promise<Record<string, string | null>[]> {
  const client = await databases.client(source as never)
  const list = [...columns.keys()].map((name) => `"${name}"::text AS "${name}"`).join(', ')
  return (await client.query(`SELECT ${list} FROM "${table}" ORDER BY "${key}" LIMIT 60`)).rows
}

describe.each(entities().map((entity) => [entity.name, entity] as const))('%s', (name, entity) => {
  it('given as texts answers every column as Prisma’s row does, without a statement', async () => {
    const viewer = await graph.viewer(user({ id: 1, role: 'admin' }))
    const context = graph.context(viewer)
    const statements = new Map<string, number>()
    const scope = { id: 'test', signal: new AbortController().signal, statements }
    const rows = (await texts(entity)).map((row) => rowFromTexts(entity, row))
    expect(rows.length).toBeGreaterThan(0)
    const select = Object.fromEntries([...entity.columns.keys()].map((column) => [column, true]))
    const byKey = new Map(
      (
        await readRows(
          context,
          entity,
          rows.map((row) => keyOf(entity, row)),
          select,
        )
      ).map((row) => [keyOf(entity, row), row as Record<string, unknown>]),
    )
    const fields = (graph.schema.getType(name) as GraphQLObjectType).getFields()
    const zone = context.source(entity.source).timeZone
    await runInRequest(scope, async () => {
      for (const row of rows)
        for (const [column, { kind }] of entity.columns) {
          const { resolve } = fields[fieldName(entity, column)] ?? {}
          const answer = await resolve?.(row, {}, context, {} as GraphQLResolveInfo)
          const prisma = byKey.get(keyOf(entity, row))?.[column]
          const rule = fieldRuleOf(context, entity, fieldName(entity, column))
          expect(answer, `${column} of ${keyOf(entity, row)}`).toEqual(
            rule.kind === 'never' ? null : kind.decode(prisma, zone),
          )
        }
    })
    expect(Object.fromEntries(statements)).toEqual({})
  })
})
