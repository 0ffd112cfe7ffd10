import { integer, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { users } from './source.ts'

export const Organization = declareEntity(users.name, 'Organization', {
  table: 'organizations',
  description: 'A division of a company, with its quotas.',
  key: 'id',
  columns: {
    id: integer('Key in the users database.'),
    name: text('What people call it.'),
    company: text('The company it is part of.'),
    division: text('The division of the company.'),
    max_users: integer('Most accounts it may have; empty when unlimited.'),
    max_storage_gb: integer('Most storage it may use, in gigabytes; empty when unlimited.'),
    max_gpu_hours_per_month: integer('Most GPU time it may use in a month, in hours; empty when unlimited.'),
    created_at: timestamp('When it was made.'),
    updated_at: timestamp('When it was last changed.'),
  },
  defaultOrder: [{ column: 'name', direction: 'ASC' }],
})
