import type { OutputRef } from '@pothos/core'
import { getRefFromModel } from '@pothos/plugin-prisma'
import { builder } from './builder.ts'
import type { Entity } from './entity.ts'

/**
 * Stands for any model where the kit's code serves them all. Given the union of all models, the compiler would
 * compare each of Pothos's conditional types for each pair of them.
 */
type AnyModel = 'Organization'

/** The name of an entity's model, for the builder's `prismaObject…` methods. */
export const modelName = (entity: Entity) => entity.name as AnyModel

/** The GraphQL type of an entity, also before it is built: entities lead to each other in circles. */
export const entityRef = (entity: Entity): OutputRef<object> =>
  getRefFromModel(entity.name, builder as never, 'object') as unknown as OutputRef<object>
