import { rowsRule } from '../auth/policy.ts'
import type { Rule } from '../auth/rule.ts'
import type { Entity } from './entity.ts'
import { farEntity } from './visibility.ts'

/** The columns that decide about a row of an entity, and those that lead to the rows that do. */
export function decidingColumns(entity: Entity, rule: Rule = rowsRule(entity.name)): string[] {
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
      return [...new Set(rule.of.flatMap((part) => decidingColumns(entity, part)))]
    default:
      return []
  }
}

/** The relations by which a rule goes on to other rows. */
export const decidingRelations = (rule: Rule): readonly string[] =>
  rule.kind === 'through'
    ? [rule.relation]
    : rule.kind === 'any' || rule.kind === 'all'
      ? rule.of.flatMap(decidingRelations)
      : []
