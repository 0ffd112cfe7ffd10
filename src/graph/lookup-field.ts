import { TributaryError } from '../errors/tributary-error.ts'
import { builder } from './builder.ts'
import { storableText } from './column.ts'
import type { Entity, RowKey } from './entity.ts'
import { entityRef } from './entity-ref.ts'
import { decodeId } from './global-id.ts'
import { loadRow, selectionAt } from './rows.ts'

interface LookupArguments {
  readonly databaseId?: RowKey | null | undefined
  readonly id?: string | null | undefined
}

/** The key that a lookup names; null where no row can have it. */
function lookupKey(entity: Entity, { databaseId, id }: LookupArguments): RowKey | null {
  if ((databaseId == null) === (id == null))
    throw new TributaryError('BAD_INPUT', `${entity.singular} takes either databaseId or id.`)
  if (id == null)
    return typeof databaseId === 'string' ? storableText(databaseId, 'databaseId') : (databaseId ?? null)
  const decoded = decodeId(id)
  if (decoded.entity !== entity)
    throw new TributaryError(
      'BAD_ID',
      `${entity.singular} takes the id of a ${entity.name}; this is one of a ${decoded.entity.name}.`,
    )
  return decoded.key
}

/** Adds the root field of one row, by its key or its global id. */
export function lookupField(entity: Entity): void {
  const keyType = entity.columns.get(entity.key)?.kind.graphType as 'Int' | 'String' | 'UUID'
  builder.queryField(entity.singular, (t) =>
    t.field({
      type: entityRef(entity),
      nullable: true,
      description: `The ${entity.name} with this key or id; null when there is none.`,
      args: {
        databaseId: t.arg({ type: keyType, description: 'Its key in its database.' }),
        id: t.arg.id({ description: 'Its id in the graph.' }),
      },
      resolve: (_root, args, context, info) => {
        const key = lookupKey(entity, args)
        return key === null ? null : loadRow(context, entity, key, selectionAt(context, info, entity))
      },
    }),
  )
}
