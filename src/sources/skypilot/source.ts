import { PrismaClient } from '../../../prisma/skypilot/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'

export const skypilot: SourceDefinition = {
  name: 'skypilot',
  description: 'SkyPilot’s register of the clusters that it has launched; written by SkyPilot alone.',
  createClient: (adapter) => new PrismaClient({ adapter }),
}
