import { readFileSync } from 'node:fs'
import {
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { entities } from '../../src/graph/entity.ts'
import { createSchema } from '../../src/schema.ts'

const schema = createSchema()
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
const objects = types.filter(isObjectType)
const hasFields = (type: GraphQLNamedType) =>
  isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)

/** Coordinates of everything in the schema that should have a description. */
function* described(): Generator<[string, string | null | undefined]> {
  for (const type of types) {
    yield [type.name, type.description]
    if (isEnumType(type))
      for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description]
    if (!hasFields(type)) continue
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field.description]
      for (const argument of 'args' in field ? field.args : [])
        yield [`${type.name}.${field.name}(${argument.name}:)`, argument.description]
    }
  }
}

describe('the schema', () => {
  it('is the one in schema.graphql (npm run schema writes it)', () => {
    expect(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')).toBe(
      `${printSchema(schema)}\n`,
    )
  })

  it('is sorted', () => {
    expect(printSchema(schema)).toBe(printSchema(lexicographicSortSchema(schema)))
  })

  it('describes every type, field, argument and value', () => {
    expect(
      [...described()].filter(([, description]) => !description).map(([coordinate]) => coordinate),
    ).toEqual([])
  })

  it('names types in PascalCase, fields and arguments in camelCase, values in UPPER_CASE', () => {
    const names = [...described()].map(([coordinate]) => coordinate)
    const forms = /^[A-Z][A-Za-z0-9]*(\.([a-z][A-Za-z0-9]*(\([a-z][A-Za-z0-9]*:\))?|[A-Z][A-Z0-9_]*))?$/
    expect(names.filter((name) => !forms.test(name))).toEqual([])
    for (const type of types)
      if (isEnumType(type)) for (const { name } of type.getValues()) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/)
  })

  it('repeats no type’s name at the start of its fields', () => {
    const repeated = objects.flatMap((type) =>
      Object.keys(type.getFields())
        .filter((field) => field.toLowerCase().startsWith(type.name.toLowerCase()))
        .map((field) => `${type.name}.${field}`),
    )
    expect(repeated).toEqual([])
  })

  it('gives every entity an id of the whole graph, its key, a lookup, and a connection', () => {
    const query = schema.getQueryType()?.getFields() ?? {}
    for (const entity of entities()) {
      const fields = objects.find(({ name }) => name === entity.name)?.getFields() ?? {}
      expect(String(fields.id?.type)).toBe('ID!')
      expect(isNonNullType(fields.databaseId?.type)).toBe(true)
      expect(query[entity.singular]?.args.map(({ name }) => name)).toEqual(['databaseId', 'id'])
      expect(query[entity.plural]?.args.map(({ name }) => name)).toEqual([
        'after',
        'before',
        'filter',
        'first',
        'last',
        'orderBy',
      ])
    }
  })

  it('follows Relay’s connections: edges with cursor and node, and a PageInfo', () => {
    const connections = objects.filter(({ name }) => name.endsWith('Connection'))
    // One of each entity, the feed of jobs, the Labeler's datasets, and the members of deployments.
    expect(connections.length).toBe(entities().length + 3)
    for (const connection of connections) {
      const { edges, pageInfo } = connection.getFields()
      const edge = edges && getNamedType(edges.type)
      expect(String(pageInfo?.type)).toBe('PageInfo!')
      expect(isObjectType(edge) && Object.keys(edge.getFields())).toEqual(
        expect.arrayContaining(['cursor', 'node']),
      )
    }
    expect(schema.getType('PageInfo')).toSatisfy(
      (type: GraphQLNamedType) =>
        isObjectType(type) &&
        Object.values(type.getFields())
          .map((field) => `${field.name}: ${field.type}`)
          .join(', ') ===
          'endCursor: String, hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String',
    )
  })

  it('lets every field of an entity be null but its keys, so that one missing column takes nothing along', () => {
    for (const entity of entities()) {
      const fields = Object.values(objects.find(({ name }) => name === entity.name)?.getFields() ?? {})
      expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([
        'databaseId',
        'id',
      ])
    }
  })
})
