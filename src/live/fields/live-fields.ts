import { builder } from '../../graph/builder.ts'
import { entities } from '../../graph/entity.ts'
import { addEntityFields } from './entity-fields.ts'
import { addGpuAvailability } from './gpu-availability.ts'
import { addJobFields } from './job-fields.ts'
import { addTrainingProgress } from './training-progress.ts'

let areAdded = false

/** Adds the subscription fields: of every entity declared so far, and those over several. Once. */
export function addLiveFields(): void {
  if (areAdded) return
  areAdded = true
  builder.subscriptionType({ description: 'Every way to watch the graph live.' })
  for (const entity of entities()) if (entity.live) addEntityFields(entity, entity.live)
  addJobFields()
  addTrainingProgress()
  addGpuAvailability()
}
