import type { GraphQLResolveInfo } from 'graphql'
import sql from 'sql-template-tag'
import { loadBatched } from '../graph/batch.ts'
import { builder } from '../graph/builder.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity, RowKey } from '../graph/entity.ts'
import { modelName } from '../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../graph/rows.ts'
import { rowsOf } from '../graph/statement.ts'
import { nameType, typeNameOf } from '../graph/type-name.ts'
import { GpuUser } from '../sources/gpudev/gpu-user.ts'
import { platform } from '../sources/platform/source.ts'
import { User } from '../sources/users/user.ts'
import type { Computed } from './job-kind.ts'

/** Entities whose rows own jobs. */
const owners: readonly Entity[] = [User, GpuUser]

export const JobOwner = builder.unionType('JobOwner', {
  description: 'Whose a job is.',
  types: owners.map(modelName) as never,
  resolveType: (row) => typeNameOf(row as object),
})

/** The row of an owner; null where it is gone, or not shown. */
export async function ownerRow(
  entity: Entity,
  key: RowKey | null | undefined,
  context: GraphContext,
  info: GraphQLResolveInfo,
): Promise<object | null> {
  // To be asked for every row, also for one without an owner: the planner notes what is loaded for each.
  const selection = selectionAt(context, info, entity)
  const row = key == null ? null : await loadRow(context, entity, key, selection)
  return row && nameType(row, entity)
}

/** Who made the training job, else who owns its project, for the training job's key in a column. */
export const ownerOfTraining = (column: string): Computed<object | null> => ({
  columns: [column],
  resolve: async (row, context, info) => {
    const owner = await loadBatched(context, 'owner of training', row[column] as number, async (ids) => {
      const rows = await rowsOf<{ id: number; owner: number }>(
        context,
        platform.name,
        sql`SELECT j.id, coalesce(j.created_by, p.user_id) AS owner FROM public.training_jobs j
          LEFT JOIN public.projects p ON p.id = j.project_id WHERE j.id = ANY(${ids}::integer[])`,
      )
      return new Map(rows.map((one) => [one.id, one.owner]))
    })
    return ownerRow(User, owner, context, info)
  },
})
