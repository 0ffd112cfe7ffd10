import { fieldRule, rowsRule } from '../auth/policy.ts'
import { always, never, type Rule } from '../auth/rule.ts'
import { ruleFor } from '../auth/viewer.ts'
import { type GraphContext, memoised } from './context.ts'
import { type Entity, entityNamed, farColumnOf } from './entity.ts'

/** The rule for the rows of an entity, with all that is known of the viewer folded in. */
export const rowRuleOf = (context: GraphContext, entity: Entity): Rule =>
  memoised(context, `row rule ${entity.name}`, () => ruleFor(context.viewer, rowsRule(entity.name)))

/** The rule for a field on rows that are seen; `always` for most. */
export const fieldRuleOf = (context: GraphContext, entity: Entity, field: string): Rule =>
  memoised(context, `field rule ${entity.name}.${field}`, () => {
    const rule = fieldRule(entity.name, field) ?? never
    return rule === 'with the row' ? always : ruleFor(context.viewer, rule)
  })

/** Where a `through` leads: the relation's column, the entity that it names, and the column there that is equal. */
export function farEntity(
  entity: Entity,
  relation: string,
): { by: string; far: Entity; column: string; inverse: string } {
  const declared = entity.relations.get(relation)
  if (!declared)
    throw new Error(`The policy of ${entity.name} goes through ${relation}, which it does not have.`)
  return {
    by: declared.by,
    far: entityNamed(declared.to),
    column: farColumnOf(declared),
    inverse: declared.inverse.name,
  }
}

/** @throws TributaryError SOURCE_MISMATCH when the database lacks a column that decides: never an empty page for that. */
export function requireAnchor(context: GraphContext, entity: Entity, column: string): void {
  const source = context.source(entity.source)
  source.require(entity.table)
  source.require(entity.table, column)
}
