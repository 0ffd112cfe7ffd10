import { decimal, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const RegionStatus = enumeration('RegionStatus', 'How well a region works.', {
  ACTIVE: { stored: 'active', description: 'Works.' },
  DEGRADED: { stored: 'degraded', description: 'Works, not as well as it should.' },
  MAINTENANCE: { stored: 'maintenance', description: 'Is being worked on.' },
  OFFLINE: { stored: 'offline', description: 'Does not work.' },
})

export const Region = declareEntity(iaas.name, 'Region', {
  table: 'regions',
  description: 'A region of the clouds in which the inference service offers nodes.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    code: text('Its code, as us-east.'),
    name: text('What it is called.'),
    country: text('The country that it lies in.'),
    city: text('The city that it lies at.'),
    cloud_providers: json('The clouds that are there: a list of names.'),
    cost_multiplier: decimal('What prices are multiplied by here.'),
    status: oneOf(RegionStatus, 'How well it works.'),
    created_at: timestamptz('When it was taken into the offer.'),
    updated_at: timestamptz('When it was last changed.'),
  },
  defaultOrder: [{ column: 'code', direction: 'ASC' }],
})
