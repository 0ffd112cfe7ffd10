import type { GraphQLResolveInfo } from 'graphql'
import type { GraphContext } from '../../graph/context.ts'
import type { Entity, RowKey } from '../../graph/entity.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'

/** A field of a mutation's answer that shows a row as it is after the write, to whoever may see it. */
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
