import { PrismaClient } from '../../../prisma/inference/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'

export const inference: SourceDefinition = {
  name: 'inference',
  description: 'SLURM jobs, trainings, models and predictions; owned by the PIC service.',
  createClient: (adapter) => new PrismaClient({ adapter }),
}
