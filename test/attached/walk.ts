import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isObjectType,
} from 'graphql'
import type { TestGateway } from '../support/gateway.ts'
import { fieldsOf } from '../support/schema-fields.ts'

/** What an entity answered by every way to it. */
export interface Visit {
  readonly entity: string
  /** Rows of the connection's page. */
  readonly rows: number
  /** Fields with an error, and the error's message. */
  readonly errors: readonly string[]
  /** The answers as they came, all of them. */
  readonly text: string
}

/** The schema as the gateway tells it. */
export async function introspect(gateway: TestGateway): Promise<GraphQLSchema> {
  return buildClientSchema(await gateway.query<IntrospectionQuery>(getIntrospectionQuery()))
}

type Row = Readonly<Record<string, unknown>>
type Answers = Readonly<Record<string, { readonly nodes?: readonly Row[] } | null>>

/**
 * Visits every entity that the schema has a root connection of: a page of it with all scalar fields and a glance along
 * each relation, one row by `id`, by `databaseId` and through `node` and `nodes`.
 */
export async function walk(gateway: TestGateway): Promise<Visit[]> {
  const schema = await introspect(gateway)
  const roots = fieldsOf(schema, 'Query')
  const visits: Visit[] = []
  for (const { name: plural, type } of roots.filter(({ kind }) => kind === 'connection')) {
    const entity = type.replace(/Connection$/, '')
    // What is listed over several entities has its rows from theirs.
    if (!isObjectType(schema.getType(entity))) continue
    const singular = roots.find((root) => root.kind === 'entity' && root.type === entity)?.name
    if (!singular) throw new Error(`${entity} has a connection and no lookup.`)
    const fields = fieldsOf(schema, entity)
    const scalars = fields.filter(({ kind }) => kind === 'scalar').map(({ name }) => name)
    const relations = fields.flatMap(({ name, kind }) =>
      kind === 'entity'
        ? `${name} { id databaseId }`
        : kind === 'connection'
          ? `${name}(first: 2) { totalCount nodes { id databaseId } }`
          : [],
    )
    const selection = [...scalars, ...relations].join(' ')
    const page = await gateway.execute<Answers>(
      `{ ${plural}(first: 20) { totalCount nodes { ${selection} } pageInfo { endCursor } } }`,
    )
    const rows = page.data?.[plural]?.nodes ?? []
    const [first] = rows
    const lookup = schema.getQueryType()?.getFields()[singular]
    const keyType = lookup?.args.find(({ name }) => name === 'databaseId')?.type
    const single = await gateway.execute<Answers>(
      `query ($id: ID!, $key: ${keyType}!) {
        ${singular}(id: $id) { ${selection} }
        byKey: ${singular}(databaseId: $key) { id }
        node(id: $id) { id __typename ... on ${entity} { ${scalars.join(' ')} } }
        nodes(ids: [$id]) { id }
      }`,
      { id: first?.id ?? '', key: first?.databaseId ?? 0 },
    )
    visits.push({
      entity,
      rows: rows.length,
      errors: [page, single].flatMap(({ errors = [] }) =>
        errors.map(({ path = [], message }) => `${path.join('.')}: ${message}`),
      ),
      text: JSON.stringify([page, single]),
    })
  }
  return visits
}
