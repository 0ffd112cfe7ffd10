import { builder } from '../../graph/builder.ts'
import type { Entity } from '../../graph/entity.ts'
import { modelName } from '../../graph/entity-ref.ts'
import { requestedFields } from '../../graph/requested-fields.ts'
import { requireColumns, selectUsable } from '../../graph/statement.ts'
import { Dataset, findDataset } from './dataset.ts'

/** An edge from a database's rows to the datasets whose keys a column holds. */
export function datasetEdge(from: Entity, { by, description }: { by: string; description: string }): void {
  builder.prismaObjectField(modelName(from), 'dataset', (t) =>
    t.field({
      type: Dataset,
      nullable: true,
      description,
      select: (_args, context) => selectUsable(context, from, [by]),
      resolve: (row, _args, context, info) => {
        requireColumns(context, from, [by])
        const key = (row as unknown as Readonly<Record<string, string | null>>)[by]
        return key == null ? null : findDataset(context, key, requestedFields(info))
      },
    }),
  )
}
