/**
 * Rows that did not come by Prisma: read by a statement of our own, or told by the write-ahead log, as texts.
 *
 * Prisma's plugin takes a row for loaded only where its own plan loaded it, and would fetch any other again, by its key.
 * So a row given here answers for the columns that it has, past the plugin; what it does not have, relations among it,
 * is fetched as for any row, all rows of a tick together.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import type { GraphQLFieldResolver } from 'graphql'
import type { Entity } from './entity.ts'

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      givenRows: GivenRowsPlugin<Types>
    }
  }
}

const given = new WeakSet<object>()

/**
 * A row as Prisma would give it, from Postgres's texts by column. Columns that are not declared are left out; those that
 * are missing are fetched when they are asked for.
 */
export function rowFromTexts(entity: Entity, texts: Readonly<Record<string, string | null>>): object {
  const row: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(texts)) {
    const column = entity.columns.get(name)
    if (column) row[name] = text === null ? null : column.kind.parse(text)
  }
  given.add(row)
  return row
}

type Select = object | ((args: object, context: object, nested: () => object) => unknown)

/** Whether a row has every column that a field selects; a relation is none. */
function has(row: object, select: Select, args: object, context: object): boolean {
  const selected = typeof select === 'function' ? select(args, context, () => ({})) : select
  return Object.entries(selected as object).every(([name, wanted]) => wanted === true && name in row)
}

/** Lets given rows answer for what they have. */
export class GivenRowsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { kind, resolve, pothosOptions }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    const select = kind === 'PrismaObject' && (pothosOptions.select as unknown as Select | undefined)
    if (!select || !resolve) return resolver
    return (row, args, context, info) =>
      given.has(row as object) && has(row as object, select, args, context)
        ? resolve(row, args, context, info)
        : resolver(row, args, context, info)
  }
}

SchemaBuilder.registerPlugin('givenRows', GivenRowsPlugin)
