import { PrismaClient } from '../../../prisma/iaas/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'
import { tenantKeys } from './api-key-lookup.ts'

export const iaas: SourceDefinition = {
  name: 'iaas',
  description:
    'Tenants of the inference service, their keys, usage and bills, and the nodes that serve them; owned by the CrossLogic control plane.',
  createClient: (adapter) => new PrismaClient({ adapter }),
  apiKeys: tenantKeys,
}
