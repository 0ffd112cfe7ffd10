import { TributaryError } from '../errors/tributary-error.ts'
import { storableText } from './column.ts'
import { type Entity, findEntity, type RowKey } from './entity.ts'

/**
 * A key of all entities, opaque to callers.
 *
 * @see Relay's Global Object Identification Specification
 */
export const encodeId = (entity: Entity, key: RowKey): string =>
  Buffer.from(`${entity.name}:${key}`).toString('base64')

/**
 * The entity and key that an id names.
 *
 * @returns a null key where the id is well formed but no row can have it.
 * @throws TributaryError BAD_ID when this graph did not make it.
 */
export function decodeId(id: string): { entity: Entity; key: RowKey | null } {
  const [, name = '', key = ''] = /^(\w+):(.+)$/s.exec(Buffer.from(id, 'base64').toString()) ?? []
  const entity = findEntity(name)
  if (!entity)
    throw new TributaryError(
      'BAD_ID',
      `"${id.slice(0, 60)}" is not an id of this graph; use an \`id\` that it gave.`,
    )
  const found = entity.columns.get(entity.key)?.kind.key(storableText(key, 'id'))
  if (found === undefined)
    throw new TributaryError('BAD_ID', `"${id.slice(0, 60)}" is not an id of a ${name}.`)
  return { entity, key: found }
}
