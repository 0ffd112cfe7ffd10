import { builder } from '../graph/builder.ts'
import { entityRef } from '../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../graph/rows.ts'
import { Dataset } from '../sources/labeler/dataset.ts'
import { ownerOf } from '../sources/labeler/dataset-record.ts'
import { User } from '../sources/users/user.ts'

builder.objectField(Dataset, 'owner', (t) =>
  t.field({
    type: entityRef(User),
    nullable: true,
    description: 'The user whose it is.',
    resolve: (record, _args, context, info) => {
      const key = ownerOf(record)
      const select = selectionAt(context, info, User)
      return key === null ? null : loadRow(context, User, key, select)
    },
  }),
)
