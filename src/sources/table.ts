import type { SourceDefinition } from '../graph/source-definition.ts'
import { gpudev } from './gpudev/source.ts'
import './gpudev/entities.ts'
import { iaas } from './iaas/source.ts'
import './iaas/entities.ts'
import { inference } from './inference/source.ts'
import './inference/entities.ts'
import { mlops } from './mlops/source.ts'
import './mlops/entities.ts'
import { platform } from './platform/source.ts'
import './platform/entities.ts'
import { skypilot } from './skypilot/source.ts'
import './skypilot/entities.ts'
import { users } from './users/source.ts'
import './users/entities.ts'

/** Every database that the graph can join, in the order in which they are told of. */
export const sourceTable: readonly SourceDefinition[] = [
  platform,
  users,
  inference,
  iaas,
  skypilot,
  gpudev,
  mlops,
]
