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

const declared: EdgeDeclaration[] = []

/** The edges that lead from an entity into other databases. */
export const edgesFrom = (entity: Entity): readonly EdgeDeclaration[] =>
  declared.filter(({ from }) => from === entity)

/** The edges by which entities of other databases lead to this one. */
export const edgesTo = (entity: Entity): readonly EdgeDeclaration[] =>
  declared.filter(({ to }) => to === entity)

/**
 * Adds an edge, both ways. Always nullable: the far row may be gone, and the far database down. All rows of a request
 * that are asked for at once are one statement of the far database.
 */
export function edge(declaration: EdgeDeclaration): void {
  const { from, name, description, to, by, inverse } = declaration
  if (!from.columns.has(by))
    throw new Error(`${from.name}.${name} goes by ${by}, which ${from.name} does not declare.`)
  declared.push(declaration)
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
