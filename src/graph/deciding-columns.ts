/**
 * What of a row the policy reads to say who sees it, whoever asks. It is asked for with every change of every row that
 * is watched, so it is worked out once.
 */
import { rowsRule } from '../auth/policy.ts'
import type { Rule } from '../auth/rule.ts'
import type { Entity } from './entity.ts'
import { farEntity } from './visibility.ts'

const columns = new WeakMap<Entity, readonly string[]>()
const relations = new WeakMap<Rule, readonly string[]>()

/** The columns that decide about a row of an entity, and those that lead to the rows that do. */
export function decidingColumns(entity: Entity): readonly string[] {
  const found = columns.get(entity) ?? [...new Set(columnsIn(entity, rowsRule(entity.name)))]
  columns.set(entity, found)
  return found
}

/** The relations by which a rule goes on to other rows. */
export function decidingRelations(rule: Rule): readonly string[] {
  const found = relations.get(rule) ?? [...new Set(relationsIn(rule))]
  relations.set(rule, found)
  return found
}

function columnsIn(entity: Entity, rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'own':
    case 'listed':
    case 'within':
    case 'empty':
    case 'noneOf':
      return [rule.column]
    case 'through':
      return [farEntity(entity, rule.relation).by]
    case 'any':
    case 'all':
      return rule.of.flatMap((part) => columnsIn(entity, part))
    default:
      return []
  }
}

function relationsIn(rule: Rule): readonly string[] {
  if (rule.kind === 'through') return [rule.relation]
  return rule.kind === 'any' || rule.kind === 'all' ? rule.of.flatMap(relationsIn) : []
}
