import type { Rule } from '../auth/rule.ts'
import { emailsOf, factOf } from '../auth/viewer.ts'
import type { GraphContext } from './context.ts'
import { type Entity, entityNamed } from './entity.ts'
import { farEntity, requireAnchor, rowRuleOf } from './visibility.ts'

/** A rule as a Prisma `where` of the entity's model. */
export function ruleWhere(context: GraphContext, entity: Entity, rule: Rule): object {
  const { viewer } = context
  const on = (column: string, condition: unknown) => {
    requireAnchor(context, entity, column)
    return { [column]: condition }
  }
  switch (rule.kind) {
    case 'always':
      return {}
    case 'own':
      return on(rule.column, rule.fact === 'email' ? { in: emailsOf(viewer) } : factOf(viewer, rule.fact))
    case 'listed':
      return on(rule.column, { array_contains: [factOf(viewer, rule.fact)] })
    case 'within':
      return on(rule.column, { in: [...viewer.scope.keys(rule.set)] })
    case 'empty':
      return on(rule.column, null)
    case 'noneOf':
      return on(rule.column, { notIn: [...rule.values] })
    case 'any':
      return { OR: rule.of.map((part) => ruleWhere(context, entity, part)) }
    case 'all':
      return { AND: rule.of.map((part) => ruleWhere(context, entity, part)) }
    case 'through': {
      const { by, far } = farEntity(entity, rule.relation)
      const rows = rule.rows ?? rowRuleOf(context, far)
      return on(by, undefined) && { [rule.relation]: { is: ruleWhere(context, far, rows) } }
    }
    case 'used': {
      const user = entityNamed(rule.entity)
      const { by, inverse } = farEntity(user, rule.relation)
      requireAnchor(context, user, by)
      return { [inverse]: { some: ruleWhere(context, user, rowRuleOf(context, user)) } }
    }
    default:
      return { [entity.key]: { in: [] } }
  }
}
