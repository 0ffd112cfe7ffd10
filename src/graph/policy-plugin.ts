import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import type { GraphQLFieldResolver } from 'graphql'
import { entityPolicies, fieldRule, rowsRule, typePolicies } from '../auth/policy.ts'
import type { Rule } from '../auth/rule.ts'
import { ruleFor, type Viewer } from '../auth/viewer.ts'
import type { GraphContext } from './context.ts'
import { findEntity } from './entity.ts'
import { fieldRuleOf } from './visibility.ts'
import { ruleHolds } from './visibility-row.ts'

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      policy: PolicyPlugin<Types>
    }
  }
}

const holdsFor = (viewer: Viewer, rule: Rule) => ruleFor(viewer, rule).kind === 'always'

/** Whether a viewer sees anything of a type that is no row of a database. */
export const seesType = (viewer: Viewer, type: string): boolean => holdsFor(viewer, rowsRule(type))

/**
 * Holds the policy on every field of every entity, whoever wrote its resolver: a field that the table does not name
 * fails the build, one that the viewer may not see on this row is null.
 */
export class PolicyPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { parentType, name } = config
    if (!findEntity(parentType) && !typePolicies[parentType]) return config
    if (!entityPolicies[parentType] && !typePolicies[parentType])
      throw new Error(`${parentType} has no policy: say in src/auth/policy.ts who may see it.`)
    if (fieldRule(parentType, name) === undefined)
      throw new Error(`${parentType}.${name} has no policy: say in src/auth/policy.ts who may see it.`)
    return config
  }

  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { parentType, name }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    const declared = fieldRule(parentType, name)
    if (declared === undefined || declared === 'with the row') return resolver
    const entity = findEntity(parentType)
    return (row, args, context, info) => {
      const graph = context as GraphContext
      const isShown = entity
        ? ruleHolds(graph, entity, fieldRuleOf(graph, entity, name), row as object)
        : holdsFor(graph.viewer, declared)
      return isShown ? resolver(row, args, context, info) : null
    }
  }
}

SchemaBuilder.registerPlugin('policy', PolicyPlugin)
