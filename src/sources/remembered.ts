import { rowsRule } from '../auth/policy.ts'
import type { RememberedColumns } from '../changes/row-memory.ts'
import { decidingColumns, decidingRelations } from '../graph/deciding-columns.ts'
import { type Entity, entities } from '../graph/entity.ts'
import { farEntity } from '../graph/visibility.ts'

/** What of a source's rows is remembered by its change log: who sees them, of those that are watched in lists. */
export function rememberedColumns(source: string): RememberedColumns {
  const found = new Set<Entity>()
  const add = (entity: Entity): void => {
    if (found.has(entity)) return
    found.add(entity)
    for (const relation of decidingRelations(rowsRule(entity.name))) add(farEntity(entity, relation).far)
  }
  for (const entity of entities())
    if (entity.source === source && entity.live && entity.live.below === undefined) add(entity)
  const columns = [...found].map((entity) => [entity.table, decidingColumns(entity)] as const)
  return new Map(columns.filter(([, names]) => names.length > 0))
}
