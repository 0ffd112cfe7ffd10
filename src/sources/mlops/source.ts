import { PrismaClient } from '../../../prisma/mlops/generated/client/client.ts'
import type { SourceDefinition } from '../../graph/source-definition.ts'

export const mlops: SourceDefinition = {
  name: 'mlops',
  description: 'Model versions, monitoring and retraining decisions; written by Airflow’s MLOps jobs.',
  createClient: (adapter) => new PrismaClient({ adapter }),
}
