import type { InputRef, OutputRef } from '@pothos/core'
import { builder } from './builder.ts'
import { type Belonging, type Connection, type Edge, loadConnection } from './connection.ts'
import { type Entity, fieldName, type RowKey, upperCase } from './entity.ts'
import { entityRef, modelName } from './entity-ref.ts'
import { type FilterValue, filterInput } from './filter-input.ts'
import { type OrderValue, orderInput } from './order-input.ts'
import { defaultPageSize, maximumPageSize } from './page-request.ts'
import { requireColumns, selectUsable } from './statement.ts'

/** Where a page lies among all rows. */
export const PageInfo = builder.objectRef<Connection['pageInfo']>('PageInfo').implement({
  description: 'Where a page lies among all.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      nullable: false,
      description: 'Whether rows follow this page.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      nullable: false,
      description: 'Whether rows precede this page.',
    }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'Cursor of the first row; null on an empty page.',
    }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'Cursor of the last row; null on an empty page.',
    }),
  }),
})

interface ConnectionTypes {
  readonly connection: OutputRef<Connection>
  readonly filter: InputRef<FilterValue>
  readonly order: InputRef<OrderValue>
}

const types = new Map<string, ConnectionTypes>()

function connectionTypes(entity: Entity): ConnectionTypes {
  const known = types.get(entity.name)
  if (known) return known
  const edge = builder.objectRef<Edge>(`${entity.name}Edge`).implement({
    description: `A ${entity.name} in a page.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'The place of this row in the order, for `after` and `before`.',
      }),
      node: t.field({
        type: entityRef(entity),
        nullable: false,
        description: 'The row.',
        resolve: ({ node }) => node,
      }),
    }),
  })
  const connection = builder.objectRef<Connection>(`${entity.name}Connection`).implement({
    description: `A page of ${entity.name} rows.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        nullable: false,
        description: 'The rows with their cursors.',
        resolve: ({ edges }) => [...edges],
      }),
      nodes: t.field({
        type: [entityRef(entity)],
        nullable: false,
        description: 'The rows.',
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.field({
        type: PageInfo,
        nullable: false,
        description: 'Where the page lies.',
        resolve: ({ pageInfo }) => pageInfo,
      }),
      totalCount: t.int({
        nullable: true,
        description: 'Rows on all pages together. Counted only when asked for; it costs a statement.',
        resolve: (page) => page.totalCount(),
      }),
    }),
  })
  const made = { connection, filter: filterInput(entity), order: orderInput(entity) }
  types.set(entity.name, made)
  return made
}

export interface ConnectionFieldOptions {
  /** The type that gets the field; the query root without one. */
  readonly on?: Entity
  readonly name: string
  readonly description: string
  /** Whose rows. */
  readonly of: Entity
  /** The column of `of` that names the row of `on`, or what tells that otherwise. */
  readonly by?: string | Belonging
  /** The column of `on` that it names; the key by default. */
  readonly column?: string
}

/** Adds a connection field: to the query root over all rows, or to an entity over the rows that name its key. */
export function connectionField({ on, name, description, of, by, column }: ConnectionFieldOptions): void {
  const { connection, filter, order } = connectionTypes(of)
  const args = builder.args((t) => ({
    first: t.int({
      description: `Rows from the start, ${maximumPageSize} at most; ${defaultPageSize} where neither end is named.`,
    }),
    after: t.string({ description: 'Only rows after this cursor.' }),
    last: t.int({ description: `Rows from the end, ${maximumPageSize} at most.` }),
    before: t.string({ description: 'Only rows before this cursor.' }),
    filter: t.field({ type: filter, description: 'Which rows.' }),
    orderBy: t.field({
      type: [order],
      description: `The order; by default ${describeOrder(of)}. The key decides last.`,
    }),
  }))
  if (!on)
    builder.queryField(name, (t) =>
      t.field({
        type: connection,
        nullable: true,
        description,
        args,
        resolve: (_root, given, context, info) => loadConnection({ entity: of, args: given, context, info }),
      }),
    )
  else
    builder.prismaObjectField(modelName(on), name, (t) =>
      t.field({
        type: connection,
        nullable: true,
        description,
        args,
        select: (_args, context) =>
          column ? selectUsable(context, on, [column]) : ({} as Record<never, true>),
        resolve: (row, given, context, info) => {
          if (column) requireColumns(context, on, [column])
          const key = (row as unknown as Readonly<Record<string, RowKey>>)[column ?? on.key] as RowKey
          return loadConnection({ entity: of, parent: { by: by ?? of.key, key }, args: given, context, info })
        },
      }),
    )
}

const describeOrder = (entity: Entity) =>
  entity.defaultOrder
    .map((term) => `${upperCase(fieldName(entity, term.column))} ${term.direction}`)
    .join(', ')
