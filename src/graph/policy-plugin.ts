import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core'
import type { GraphQLFieldResolver } from 'graphql'
import { entityPolicies, fieldRule } from '../auth/policy.ts'
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

/**
 * Holds the policy on every field of every entity, whoever wrote its resolver: a field that the table does not name
 * fails the build, one that the viewer may not see on this row is null.
 */
export class PolicyPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { parentType, name } = config
    if (!findEntity(parentType)) return config
    if (!entityPolicies[parentType])
      throw new Error(`${parentType} has no policy: say in src/auth/policy.ts who may see it.`)
    if (fieldRule(parentType, name) === undefined)
      throw new Error(`${parentType}.${name} has no policy: say in src/auth/policy.ts who may see it.`)
    return config
  }

  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { parentType, name }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    const entity = findEntity(parentType)
    if (!entity || fieldRule(parentType, name) === 'with the row') return resolver
    return (row, args, context, info) => {
      const graph = context as GraphContext
      const rule = fieldRuleOf(graph, entity, name)
      return ruleHolds(graph, entity, rule, row as object) ? resolver(row, args, context, info) : null
    }
  }
}

SchemaBuilder.registerPlugin('policy', PolicyPlugin)
