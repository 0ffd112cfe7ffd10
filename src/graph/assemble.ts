import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import { connectionField } from './connection-field.ts'
import { entities } from './entity.ts'
import { entityType } from './entity-type.ts'
import { lookupField } from './lookup-field.ts'
import './scalars.ts'

let assembled: GraphQLSchema | undefined

/** The schema of everything declared so far: types, lookups and connections of every entity. Built once. */
export function assembleSchema(): GraphQLSchema {
  if (assembled) return assembled
  const all = entities()
  for (const entity of all) {
    const inverses = all.flatMap((from) =>
      [...from.relations.values()]
        .filter((relation) => relation.to === entity.name)
        .map((relation) => ({ from, relation })),
    )
    entityType(entity, inverses)
    lookupField(entity)
    connectionField({
      name: entity.plural,
      description: `All of this kind: ${entity.description}`,
      of: entity,
    })
  }
  assembled = builder.toSchema({ sortSchema: true })
  return assembled
}
