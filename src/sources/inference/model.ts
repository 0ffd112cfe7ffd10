import { text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { inference } from './source.ts'

export const Model = declareEntity(inference.name, 'Model', {
  table: 'model',
  description: 'A model that the PIC service trained; it appears when its training has ended well.',
  key: 'id',
  columns: {
    id: text('Key in the inference database, a UUID.'),
    training_id: text('Key of the training that made it.'),
    model_name: text('Name of the training that made it.', { name: 'name' }),
    created_at: timestamp('When the job that trained it ended.'),
  },
  relations: {
    training: {
      to: 'Training',
      by: 'training_id',
      description: 'The training that made it.',
      inverse: { name: 'models', description: 'Models that this training made.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'append' },
})
