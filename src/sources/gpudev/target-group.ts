import { text, timestamptz } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { gpudev } from './source.ts'

export const TargetGroup = declareEntity(gpudev.name, 'TargetGroup', {
  table: 'alb_target_groups',
  isOptional: true,
  description: 'What the load balancer knows of a GPU reservation’s Jupyter.',
  key: 'reservation_id',
  columns: {
    reservation_id: text('Key of the reservation.'),
    domain_name: text('First part of the host name.'),
    jupyter_target_group_arn: text('AWS target group.', { internal: true }),
    jupyter_rule_arn: text('AWS rule that leads to it.', { internal: true }),
    expires_at: timestamptz('When it ends.'),
    created_at: timestamptz('When it was made.'),
    updated_at: timestamptz('When it last changed.'),
  },
  relations: {
    reservation: {
      to: 'GpuReservation',
      by: 'reservation_id',
      description: 'The reservation that it is of.',
      inverse: { name: 'targetGroups', description: 'Load balancer entries of this reservation.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
