import { integer, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { platform } from './source.ts'

export const Project = declareEntity(platform.name, 'Project', {
  table: 'projects',
  description: 'A folder of experiments and training jobs, owned by a user.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    name: text('Unique over all users; `Uncategorized` is reserved.'),
    description: text('What it is for.'),
    task_type: text('The task, such as image_classification or object_detection.'),
    user_id: integer('Key of the user who owns it.'),
    organization_id: integer('Key of the organization it belongs to.'),
    created_at: timestamp('When it was made; empty in rows written by hand.'),
    updated_at: timestamp('When it was last changed; empty in rows written by hand.'),
  },
  defaultOrder: [{ column: 'updated_at', direction: 'DESC' }],
})
