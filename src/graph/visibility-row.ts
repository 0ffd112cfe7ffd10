import { entityPolicies } from '../auth/policy.ts'
import type { Rule } from '../auth/rule.ts'
import { emailsOf, factOf, ruleFor } from '../auth/viewer.ts'
import { type GraphContext, memoised } from './context.ts'
import type { Entity } from './entity.ts'
import { mergeSelections, type Selection } from './selection.ts'
import { farEntity, requireAnchor, rowRuleOf } from './visibility.ts'

type AnyRow = Readonly<Record<string, unknown>>

/** The relation by which a row was reached from one that is seen. */
export interface Origin {
  readonly entity: string
  readonly relation: string
}

/** What has to be selected of a row, so that a rule can be read against it. */
export function anchorSelection(context: GraphContext, entity: Entity, rule: Rule): Selection {
  switch (rule.kind) {
    case 'own':
    case 'listed':
    case 'within':
    case 'empty':
    case 'noneOf':
      return context.source(entity.source).usable(entity.table, rule.column) ? { [rule.column]: true } : {}
    case 'any':
    case 'all':
      return rule.of.map((part) => anchorSelection(context, entity, part)).reduce(mergeSelections, {})
    case 'through': {
      const { by, far, column } = farEntity(entity, rule.relation)
      const source = context.source(entity.source)
      if (!source.usable(entity.table, by) || !source.usable(far.table, column)) return {}
      const rows = rule.rows ?? rowRuleOf(context, far)
      const select = { [far.key]: true, ...anchorSelection(context, far, rows) }
      return { [rule.relation]: { select } }
    }
    default:
      return {}
  }
}

/** Anchors of an entity's row rule and of its restricted fields, for a row that is reached by a relation. */
export const rowAnchors = (context: GraphContext, entity: Entity): Selection =>
  memoised(context, `anchors ${entity.name}`, () =>
    mergeSelections(
      anchorSelection(context, entity, rowRuleOf(context, entity)),
      fieldAnchors(context, entity),
    ),
  )

/** Anchors of an entity's restricted fields. */
export const fieldAnchors = (context: GraphContext, entity: Entity): Selection =>
  memoised(context, `field anchors ${entity.name}`, () =>
    (entityPolicies[entity.name]?.restricted ?? [])
      .map(({ to }) => anchorSelection(context, entity, ruleFor(context.viewer, to)))
      .reduce(mergeSelections, {}),
  )

/**
 * Whether a rule holds for a row at hand, which carries its anchors.
 *
 * @param origin the relation by which the row was reached: a rule that asks for a visible user of the row is met by it.
 * @throws TributaryError SOURCE_MISMATCH when the database lacks what decides.
 */
export function ruleHolds(
  context: GraphContext,
  entity: Entity,
  rule: Rule,
  row: object,
  origin?: Origin,
): boolean {
  const { viewer } = context
  const value = (column: string) => {
    requireAnchor(context, entity, column)
    return (row as AnyRow)[column]
  }
  switch (rule.kind) {
    case 'always':
      return true
    case 'own':
      return rule.fact === 'email'
        ? emailsOf(viewer).includes(value(rule.column) as string)
        : value(rule.column) != null && value(rule.column) === factOf(viewer, rule.fact)
    case 'listed': {
      const list = value(rule.column)
      return Array.isArray(list) && list.includes(factOf(viewer, rule.fact))
    }
    case 'within':
      return viewer.scope.keys(rule.set).includes(value(rule.column) as number)
    case 'empty':
      return value(rule.column) == null
    case 'noneOf':
      return value(rule.column) != null && !rule.values.includes(String(value(rule.column)))
    case 'any':
      return rule.of.some((part) => ruleHolds(context, entity, part, row, origin))
    case 'all':
      return rule.of.every((part) => ruleHolds(context, entity, part, row, origin))
    case 'through': {
      const { by, far } = farEntity(entity, rule.relation)
      requireAnchor(context, entity, by)
      const farRow = (row as AnyRow)[rule.relation] as object | null | undefined
      return farRow != null && ruleHolds(context, far, rule.rows ?? rowRuleOf(context, far), farRow)
    }
    case 'used':
      return origin?.entity === rule.entity && origin.relation === rule.relation
    default:
      return false
  }
}
