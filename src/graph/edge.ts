import { builder } from './builder.ts'
import { connectionField } from './connection-field.ts'
import type { Entity, RowKey } from './entity.ts'
import { entityRef, modelName } from './entity-ref.ts'
import { loadRow, selectionAt } from './rows.ts'

/** A link between two databases: a column here holds a key there, with no constraint between them. */
export interface EdgeDeclaration {
  readonly from: Entity
  readonly name: string
  readonly description: string
  readonly to: Entity
  /** The column of `from` that holds the key of `to`. */
  readonly by: string
  /** The same edge from the far side: a connection there. */
  readonly inverse: { readonly name: string; readonly description: string }
}

/**
 * Adds an edge, both ways. Always nullable: the far row may be gone, and the far database down. All rows of a request
 * that are asked for at once are one statement of the far database.
 */
export function edge({ from, name, description, to, by, inverse }: EdgeDeclaration): void {
  if (!from.columns.has(by))
    throw new Error(`${from.name}.${name} goes by ${by}, which ${from.name} does not declare.`)
  builder.prismaObjectField(modelName(from), name, (t) =>
    t.field({
      type: entityRef(to),
      nullable: true,
      description,
      select: (_args, context) =>
        (context.source(from.source).usable(from.table, by) ? { [by]: true } : {}) as Record<never, true>,
      resolve: (row, _args, context, info) => {
        context.source(from.source).require(from.table, by)
        const key = (row as unknown as Record<string, RowKey | null>)[by]
        return key == null ? null : loadRow(context, to, key, selectionAt(context, info, to))
      },
    }),
  )
  connectionField({ on: to, name: inverse.name, description: inverse.description, of: from, by })
}
