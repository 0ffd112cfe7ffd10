import sql, { join, type Sql } from 'sql-template-tag'
import { loadBatched } from './batch.ts'
import { builder } from './builder.ts'
import { connectionField } from './connection-field.ts'
import { type Entity, keyOf, type RowKey } from './entity.ts'
import { entityRef, modelName } from './entity-ref.ts'
import { loadRow, selectionAt } from './rows.ts'
import { anyOf, columnOf, requireColumns, rowsOf, tableName } from './statement.ts'

/** Rows of one database that belong together by what they say, where no column holds the other's key. */
export interface MatchDeclaration {
  readonly from: Entity
  readonly name: string
  readonly description: string
  readonly to: Entity
  /** The columns that decide, of `from` and of `to`. */
  readonly columns: { readonly near: readonly string[]; readonly far: readonly string[] }
  /** Whether a row of `from` leads to one of `to`, as a condition on their aliases; to one at most. */
  readonly joined: (near: string, far: string) => Sql
  /** Whether the row `t` of `from` leads to the row of `to` with a key, so that an index of `from` can find it. */
  readonly belongs: (key: Sql) => Sql
  /** The same from the far side: a connection there. */
  readonly inverse: { readonly name: string; readonly description: string }
}

const declared: MatchDeclaration[] = []

/** The matches that lead from an entity. */
export const matchesFrom = (entity: Entity): readonly MatchDeclaration[] =>
  declared.filter(({ from }) => from === entity)

/** The matches that lead to an entity. */
export const matchesTo = (entity: Entity): readonly MatchDeclaration[] =>
  declared.filter(({ to }) => to === entity)

/**
 * Adds a match, both ways. The rows that are asked for at once are two statements however many they are: one that
 * finds whom they belong to, one that reads those.
 */
export function match(declaration: MatchDeclaration): void {
  const { from, name, description, to, columns, joined, belongs, inverse } = declaration
  declared.push(declaration)
  builder.prismaObjectField(modelName(from), name, (t) =>
    t.field({
      type: entityRef(to),
      nullable: true,
      description,
      resolve: async (row, _args, context, info) => {
        requireColumns(context, from, columns.near)
        requireColumns(context, to, [...columns.far, to.key])
        const select = selectionAt(context, info, to)
        const key = await loadBatched(context, `${from.name}.${name}`, keyOf(from, row), async (keys) => {
          const rows = await rowsOf<{ near: RowKey; far: RowKey }>(
            context,
            from.source,
            sql`SELECT n.near, f.far FROM (${nearRows(from, keys)}) n CROSS JOIN LATERAL (${farRow}) f`,
          )
          return new Map(rows.map(({ near, far }) => [near, far]))
        })
        return key === undefined ? null : loadRow(context, to, key, select)
      },
    }),
  )
  connectionField({
    on: to,
    name: inverse.name,
    description: inverse.description,
    of: from,
    by: { name, columns: columns.near, cast: castOfKey(to), belongs },
  })

  const farRow = sql`SELECT ${columnOf('far', to.key)} AS far FROM ${tableName(to.table)} far
    WHERE ${joined('n', 'far')} LIMIT 1`

  function nearRows(entity: Entity, keys: readonly RowKey[]): Sql {
    const read = columns.near.map((column) => columnOf('t', column))
    return sql`SELECT ${columnOf('t', entity.key)} AS near, ${join(read)}
      FROM ${tableName(entity.table)} t WHERE ${anyOf(columnOf('t', entity.key), keys, castOfKey(entity))}`
  }
}

const castOfKey = (entity: Entity) => entity.columns.get(entity.key)?.kind.cast ?? 'text'
