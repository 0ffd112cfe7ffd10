import type { Entity } from './entity.ts'
import type { Enumeration } from './enumeration.ts'

/**
 * The enumeration of an entity's column.
 *
 * @throws Error for a column without one.
 */
export function enumerationOf(entity: Entity, column: string): Enumeration {
  const enumeration = entity.columns.get(column)?.enumeration
  if (!enumeration) throw new Error(`${entity.name}.${column} has no enumeration.`)
  return enumeration
}
