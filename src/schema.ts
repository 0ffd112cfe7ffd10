import type { GraphQLSchema } from 'graphql'
import { assembleSchema } from './graph/assemble.ts'
import './jobs/jobs.query.ts'
import { addLiveFields } from './live/fields/live-fields.ts'
import './relations/edges.ts'
import './sources/gpudev/mutations.ts'
import './sources/iaas/mutations.ts'
import './sources/iaas/usage.query.ts'
import './sources/labeler/dataset.ts'
import './sources/labeler/datasets.query.ts'
import './sources/mlops/gate-results.ts'
import './sources/mlops/monitoring-series.query.ts'
import './sources/mlops/promotion-timeline.query.ts'
import './sources/platform/mutations.ts'
import './sources/sources.query.ts'
import './sources/table.ts'
import './sources/users/mutations.ts'
import './sources/users/session.mutations.ts'
import './sources/users/viewer.query.ts'

/** The whole graph: every entity, relation, edge and root field. */
export function createSchema(): GraphQLSchema {
  addLiveFields()
  return assembleSchema()
}
