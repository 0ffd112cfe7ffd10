import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { builder } from '../../graph/builder.ts'
import { requireColumns, rowsOf, selectUsable } from '../../graph/statement.ts'
import { GpuReservation } from './gpu-reservation.ts'
import { GpuType } from './gpu-type.ts'

interface Counted {
  readonly inUse: number
  readonly queued: number
}

interface Availability extends Counted {
  readonly total: number | null
}

const GpuAvailability = builder.objectRef<Availability>('GpuAvailability').implement({
  description:
    'GPUs of a kind at this moment, counted over everybody’s reservations as the GPU Dev service’s own API counts them.',
  fields: (t) => ({
    total: t.exposeInt('total', { nullable: true, description: 'GPUs in the cluster.' }),
    inUse: t.exposeInt('inUse', {
      nullable: false,
      description: 'GPUs of reservations that are active or being prepared.',
    }),
    queued: t.exposeInt('queued', {
      nullable: false,
      description: 'GPUs of reservations that are queued or pending.',
    }),
    available: t.int({
      nullable: true,
      description:
        'What is left of the total: below 0 where more is in use than the cluster is said to have.',
      resolve: ({ total, inUse }) => (total === null ? null : total - inUse),
    }),
  }),
})

builder.prismaObjectField('GpuType', 'availability', (t) =>
  t.field({
    type: GpuAvailability,
    nullable: true,
    description:
      'How many GPUs of this kind are free, in use and waited for. `gpuAvailabilityChanged` tells it with each reservation; other streams when the row of the kind is written, which the service does every few minutes.',
    select: (_args, context) => selectUsable(context, GpuType, ['gpu_type', 'total_cluster_gpus']),
    resolve: async (kind, _args, context) => {
      requireColumns(context, GpuType, ['total_cluster_gpus'])
      requireColumns(context, GpuReservation, ['gpu_type', 'gpu_count', 'status'])
      const counted = await loadBatched(context, 'gpu availability', kind.gpu_type, async (kinds) => {
        const rows = await rowsOf<Counted & { kind: string }>(
          context,
          GpuType.source,
          sql`SELECT gpu_type AS kind,
              coalesce(sum(gpu_count) FILTER (WHERE status IN ('active', 'preparing')), 0)::integer AS "inUse",
              coalesce(sum(gpu_count) FILTER (WHERE status IN ('queued', 'pending')), 0)::integer AS queued
            FROM public.reservations
            WHERE gpu_type = ANY(${kinds}::text[]) AND status IN ('active', 'preparing', 'queued', 'pending')
            GROUP BY gpu_type`,
        )
        return new Map(rows.map((row) => [row.kind, row]))
      })
      return { inUse: 0, queued: 0, ...counted, total: kind.total_cluster_gpus }
    },
  }),
)
