import { TributaryError } from '../errors/tributary-error.ts'
import { storableText } from './column.ts'
import { type Entity, findEntity, type RowKey } from './entity.ts'

/**
 * A key of all entities, opaque to callers.
 *
 * @see Relay's Global Object Identification Specification
 */
export const encodeId = ({ name }: { readonly name: string }, key: RowKey): string =>
  Buffer.from(`${name}:${key}`).toString('base64')

/** What an id says: a type and a key of it, neither of them looked at; empty where it says nothing. */
export function partsOfId(id: string): { readonly name: string; readonly key: string } {
  const [, name = '', key = ''] = /^(\w+):(.+)$/s.exec(Buffer.from(id, 'base64').toString()) ?? []
  return { name, key }
}

/**
 * The key that an id of a type names.
 *
 * @throws TributaryError BAD_ID when it is of another, or this graph did not make it.
 */
export function decodeIdOf(typeName: string, id: string): string {
  const { name, key } = partsOfId(id)
  if (name !== typeName)
    throw new TributaryError('BAD_ID', `"${id.slice(0, 60)}" is not an id of a ${typeName}.`)
  return storableText(key, 'id')
}

/**
 * The entity and key that an id names.
 *
 * @returns a null key where the id is well formed but no row can have it.
 * @throws TributaryError BAD_ID when this graph did not make it.
 */
export function decodeId(id: string): { entity: Entity; key: RowKey | null } {
  const { name, key } = partsOfId(id)
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
