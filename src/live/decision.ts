/**
 * What the policy decides for a viewer in a subscription's selection, as a text: equal for two viewers for whom it
 * decides the same, so that they can share results.
 *
 * Most of it is folded away: an engineer sees every row of PIC, and no internal column. What is left speaks of the
 * person, and is closed over the facts and sets that it speaks of: two members of the same projects are alike, two of
 * others are not. The rows that are watched themselves add nothing: an event brings them, and who is told of them is
 * decided for each. Whatever they lead to is loaded by the sight of one of those who share, so it has to be everybody's.
 */
import { createHash } from 'node:crypto'
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { fieldRule } from '../auth/policy.ts'
import type { Rule, ScopeSet } from '../auth/rule.ts'
import { emailsOf, factOf, ruleFor, type Scope, type Viewer } from '../auth/viewer.ts'
import type { GraphContext } from '../graph/context.ts'
import { type Entity, entityNamed, findEntity } from '../graph/entity.ts'
import { isOutsideNode } from '../graph/node.ts'
import { farEntity, fieldRuleOf, rowRuleOf } from '../graph/visibility.ts'

/** Something that a result depends on: who sees an entity's rows, or a field of them, or simply who asks. */
export type Dependency =
  | { readonly kind: 'rows'; readonly entity: Entity }
  | { readonly kind: 'field'; readonly entity: Entity; readonly field: string }
  | { readonly kind: 'viewer' }

const connectionName = /^(\w+)Connection$/

/** What a subscription's selection depends on, but for the rows that it watches. */
export function dependenciesOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Dependency[] {
  const found = new Map<string, Dependency>()
  const add = (key: string, dependency: Dependency) => found.set(key, dependency)
  const seen = new Set<string>()

  const walk = (type: GraphQLNamedType | undefined, { selections }: SelectionSetNode, isRoot: boolean) => {
    for (const node of selections) {
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        const name = node.name.value
        const fragment = document.definitions.find(
          (one): one is FragmentDefinitionNode =>
            one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name,
        )
        if (!fragment || seen.has(`${name} ${type?.name}`)) continue
        seen.add(`${name} ${type?.name}`)
        walk(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet, isRoot)
      } else if (node.kind === Kind.INLINE_FRAGMENT)
        walk(
          node.typeCondition ? schema.getType(node.typeCondition.name.value) : type,
          node.selectionSet,
          isRoot,
        )
      else {
        for (const object of objectsOf(schema, type)) {
          const next = ofField(object, node.name.value)
          if (!isRoot && (node.arguments ?? []).some(({ name }) => /^(filter|orderBy)$/.test(name.value)))
            add('viewer', { kind: 'viewer' })
          if (next && node.selectionSet) walk(next, node.selectionSet, false)
        }
      }
    }
  }

  const ofField = (object: GraphQLNamedType, name: string): GraphQLNamedType | undefined => {
    const entity = findEntity(object.name)
    const declared = isObjectType(object) ? object.getFields()[name] : undefined
    const next = declared && getNamedType(declared.type)
    if (entity && fieldRule(entity.name, name) !== 'with the row')
      add(`${entity.name}.${name}`, { kind: 'field', entity, field: name })
    if (next && !isOfEvent(object, name)) addRows(next)
    return next
  }

  const addRows = (next: GraphQLNamedType) => {
    for (const object of objectsOf(schema, next)) {
      const far = findEntity(connectionName.exec(object.name)?.[1] ?? object.name)
      if (far) add(far.name, { kind: 'rows', entity: far })
      // Another system decides who sees it: nobody’s result is another’s.
      if (isOutsideNode(object.name)) add('viewer', { kind: 'viewer' })
    }
  }

  walk(schema.getSubscriptionType() ?? undefined, operation.selectionSet, true)
  return [...found.values()]
}

const objectsOf = (schema: GraphQLSchema, type: GraphQLNamedType | undefined): readonly GraphQLNamedType[] =>
  type && isAbstractType(type) ? schema.getPossibleTypes(type) : isCompositeType(type) && type ? [type] : []

/** Whether a field gives the rows that an event brings. */
const isOfEvent = ({ name }: GraphQLNamedType, field: string) =>
  name.endsWith('Change') && (field === 'node' || field === 'nodes')

const prints = new WeakMap<Scope, Map<ScopeSet, string>>()

/** A set of a scope by its content. */
function printOf({ scope }: Viewer, set: ScopeSet): string {
  const known = prints.get(scope) ?? new Map<ScopeSet, string>()
  prints.set(scope, known)
  const found = known.get(set)
  if (found !== undefined) return found
  const keys = [...scope.keys(set)].sort((left, right) => left - right).join(',')
  const made = keys.length < 40 ? keys : createHash('sha256').update(keys).digest('base64url')
  known.set(set, made)
  return made
}

/** A rule, folded for the viewer, with the facts and sets that it speaks of. */
export function closedRule(context: GraphContext, entity: Entity, rule: Rule): string {
  const { viewer } = context
  switch (rule.kind) {
    case 'own':
      return `${rule.column}=${rule.fact === 'email' ? emailsOf(viewer).join() : factOf(viewer, rule.fact)}`
    case 'listed':
      return `${rule.column} lists ${factOf(viewer, rule.fact)}`
    case 'within':
      return `${rule.column} in ${printOf(viewer, rule.set)}`
    case 'empty':
      return `${rule.column} empty`
    case 'noneOf':
      return `${rule.column} none of ${rule.values.join()}`
    case 'any':
    case 'all':
      return `${rule.kind}(${rule.of.map((part) => closedRule(context, entity, part)).join('|')})`
    case 'through': {
      const { far } = farEntity(entity, rule.relation)
      const own = rule.rows && ruleFor(viewer, rule.rows)
      const beyond = closedRule(context, far, own ?? rowRuleOf(context, far))
      return `${rule.relation}(${beyond})`
    }
    case 'used': {
      const user = entityNamed(rule.entity)
      return `${rule.entity}.${rule.relation}(${closedRule(context, user, rowRuleOf(context, user))})`
    }
    case 'always':
    case 'never':
    case 'signedIn':
    case 'role':
    case 'labeler':
      return rule.kind
  }
}

/** Who asks, with all that is known of the viewer. */
function wholeViewer({ principal, scope, open }: Viewer): string {
  const { expiresAt: _, session: __, ...who } = { expiresAt: undefined, session: undefined, ...principal }
  const sets = (['memberProjects', 'projects', 'people'] as const).map((set) =>
    printOf({ principal, scope, open }, set),
  )
  return JSON.stringify([who, sets, open])
}

/** What the policy decides for a viewer of all that a selection depends on. */
export const decisionOf = (context: GraphContext, dependencies: readonly Dependency[]): string =>
  dependencies
    .map((one) =>
      one.kind === 'viewer'
        ? wholeViewer(context.viewer)
        : closedRule(
            context,
            one.entity,
            one.kind === 'rows'
              ? rowRuleOf(context, one.entity)
              : fieldRuleOf(context, one.entity, one.field),
          ),
    )
    .join(';')
