import { PrismaClient } from '../../../prisma/users/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'

export const users: SourceDefinition = {
  name: 'users',
  description: 'Accounts, organizations and memberships; owned by the Platform team, read by the Labeler.',
  createClient: (adapter) => new PrismaClient({ adapter }),
}
