import { PrismaClient } from '../../../prisma/gpudev/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'
import { gpuDevKeys } from './api-key-lookup.ts'

export const gpudev: SourceDefinition = {
  name: 'gpudev',
  description: 'GPU reservations, disks, users and API keys; owned by the GPU Dev service.',
  createClient: (adapter) => new PrismaClient({ adapter }),
  apiKeys: gpuDevKeys,
}
