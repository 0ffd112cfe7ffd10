import type { GraphQLResolveInfo } from 'graphql'
import type { GraphContext } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { entityRef } from './entity-ref.ts'
import { loadRow, selectionAt } from './rows.ts'

/** A field that shows a row by its key, as it is when the answer is made, to whoever may see it. */
export const rowField = <Answer extends object>(
  entity: Entity,
  keyOf: (answer: Answer) => RowKey | null,
  description: string,
) => ({
  type: entityRef(entity),
  nullable: true as const,
  description,
  resolve: (answer: Answer, _args: object, context: GraphContext, info: GraphQLResolveInfo) => {
    const key = keyOf(answer)
    return key === null ? null : loadRow(context, entity, key, selectionAt(context, info, entity))
  },
})
