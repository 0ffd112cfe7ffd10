import { boolean, integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { users } from './source.ts'
import { SystemRole } from './system-role.ts'

export const User = declareEntity(users.name, 'User', {
  table: 'users',
  description: 'A person’s account.',
  key: 'id',
  columns: {
    id: integer('Key in the users database.'),
    keycloak_id: text('Subject of the person’s Keycloak tokens.', { internal: true }),
    email: text('Address to sign in and to be written to with; unique.'),
    full_name: text('The person’s name.'),
    company: text('The company, as chosen from a list.'),
    company_custom: text('The company in the person’s own words, where the list lacks it.'),
    division: text('The division, as chosen from a list.'),
    division_custom: text('The division in the person’s own words, where the list lacks it.'),
    department: text('The department within the division.'),
    organization_id: integer('Key of the person’s organization.'),
    phone_number: text('Where the person can be called.'),
    bio: text('What the person tells of themselves.'),
    system_role: oneOf(SystemRole, 'What the person may do on the platform.', { enumType: 'userrole' }),
    is_active: boolean('False when the account is locked.'),
    avatar_name: text('Which avatar the person chose.'),
    badge_color: text('Colour of the person’s badge.'),
    password_reset_expires: timestamp('Until when a password reset that was asked for can be used.', {
      internal: true,
    }),
    created_at: timestamp('When the account was made.'),
    updated_at: timestamp('When the account was last changed.'),
  },
  relations: {
    organization: {
      to: 'Organization',
      by: 'organization_id',
      description: 'The organization that the person belongs to.',
      inverse: { name: 'users', description: 'People of this organization.' },
    },
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
