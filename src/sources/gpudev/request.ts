import { builder } from '../../graph/builder.ts'
import type { Entity, RowKey } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { rowField } from '../../graph/row-field.ts'

const GpuRequestState = enumeration('GpuRequestState', 'How far a request to GPU Dev has come.', {
  REQUESTED: {
    stored: 'requested',
    description: 'It waits on the service’s queue; what becomes of it is seen by the rows.',
  },
})

/** A request that was put on a queue. */
export interface Requested {
  /** The queue's number of the message; null where the same request had been sent before and is taken already. */
  readonly messageId: string | null
  /** Key of the row that it is about; null where there is none yet whose key is known. */
  readonly key: RowKey | null
  /** What the service calls the request. */
  readonly id: string
}

/** The type of an answer to a request about an entity's row. */
export const requestSuccess = (name: string, entity: Entity, ids: { field: string; description: string }) =>
  builder.objectRef<Requested>(`${name.slice(0, 1).toUpperCase()}${name.slice(1)}Success`).implement({
    description: 'The request is on the service’s queue.',
    fields: (t) => ({
      state: t.field({
        type: GpuRequestState.ref,
        nullable: false,
        description: 'How far the request has come.',
        resolve: () => 'REQUESTED',
      }),
      messageId: t.exposeString('messageId', {
        nullable: true,
        description:
          'Number of the message on the queue; null where the same request was sent before and is taken already.',
      }),
      [ids.field]: t.exposeString('id', { nullable: false, description: ids.description }),
      [entity.singular]: t.field(
        rowField<Requested>(
          entity,
          ({ key }) => key,
          `The ${entity.name} as it is now; null until the service has written it.`,
        ),
      ),
    }),
  })
