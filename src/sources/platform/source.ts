import { PrismaClient } from '../../../prisma/platform/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'

export const platform: SourceDefinition = {
  name: 'platform',
  description: 'Projects, experiments, training jobs and what comes of them; owned by the Platform team.',
  createClient: (adapter) => new PrismaClient({ adapter }),
}
