import { builder } from '../../graph/builder.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'
import { GpuReservation } from '../../sources/gpudev/gpu-reservation.ts'
import { GpuType } from '../../sources/gpudev/gpu-type.ts'
import type { LiveEvent } from '../live-event.ts'
import { keyNamed } from '../watch.ts'
import { ChangeKind, liveArguments, notServed, stateKey, stateKind } from './change-type.ts'
import { registerLiveField } from './live-field.ts'

const AvailabilityChange = builder.objectRef<LiveEvent>('GpuAvailabilityChange').implement({
  description: 'How many GPUs of a kind are free by now.',
  fields: (t) => ({
    kind: t.field({
      type: ChangeKind,
      nullable: false,
      description:
        'What the result tells of: how things are, or that the kind or a reservation of it changed.',
      resolve: stateKind,
    }),
    cursor: t.exposeString('cursor', {
      nullable: false,
      description: 'Where the subscription can be taken up again.',
    }),
    gpuType: t.field({
      type: entityRef(GpuType),
      nullable: true,
      description: 'The kind, with its `availability` as it is by then; null where there is none.',
      resolve: (event, _args, context, info) => {
        const key = stateKey(event)
        return key === undefined ? null : loadRow(context, GpuType, key, selectionAt(context, info, GpuType))
      },
    }),
  }),
})

/** Adds the subscription field. */
export function addGpuAvailability(): void {
  registerLiveField({
    name: 'gpuAvailabilityChanged',
    kind: 'state',
    watches: ({ gpuType }) => {
      const key = keyNamed(GpuType, gpuType as string)
      return [
        { entity: GpuType, by: 'key', key, limit: 1 },
        { entity: GpuReservation, by: 'parent', column: 'gpu_type', parent: GpuType, key, limit: 1 },
      ]
    },
  })
  builder.subscriptionField('gpuAvailabilityChanged', (t) =>
    t.field({
      type: AvailabilityChange,
      nullable: true,
      description:
        'How many GPUs of a kind are free: as it is, then each time its row or a reservation of it is written, whoever’s that is.',
      args: {
        gpuType: t.arg.id({ required: true, description: 'The GpuType, by its id or its name.' }),
        ...liveArguments,
      },
      subscribe: notServed,
      resolve: (root) => root as unknown as LiveEvent,
    }),
  )
}
