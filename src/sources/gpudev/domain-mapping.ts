import { integer, text, timestamptz } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { gpudev } from './source.ts'

export const DomainMapping = declareEntity(gpudev.name, 'DomainMapping', {
  table: 'domain_mappings',
  isOptional: true,
  description: 'A host name that leads to a GPU reservation.',
  key: 'domain_name',
  columns: {
    domain_name: text('First part of the host name.'),
    node_ip: text('Address that it leads to.'),
    node_port: integer('Port that it leads to.'),
    reservation_id: text('Key of the reservation.'),
    expires_at: timestamptz('When it ends.'),
    created_at: timestamptz('When it was made.'),
    updated_at: timestamptz('When it last changed.'),
  },
  relations: {
    reservation: {
      to: 'GpuReservation',
      by: 'reservation_id',
      description: 'The reservation that it leads to.',
      inverse: { name: 'domainMappings', description: 'Host names that lead to this reservation.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
