import { integer, json, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { platform } from './source.ts'

export const DatasetSnapshot = declareEntity(platform.name, 'DatasetSnapshot', {
  table: 'dataset_snapshots',
  description: 'A dataset of the Labeler, frozen for a training.',
  key: 'id',
  columns: {
    id: text('Key in the platform database: `snap_` and 12 hexadecimal digits.'),
    dataset_id: text('Key of the dataset in the Labeler.'),
    storage_path: text('Where its files lie in the object store.', { internal: true }),
    snapshot_metadata_path: text('Where its description lies in the object store.', { internal: true }),
    dataset_version_hash: text('SHA-256 of the dataset’s state, in hexadecimal.'),
    created_by_user_id: integer('Key of the user who froze it.'),
    notes: text('What people wrote about it.'),
    created_at: timestamp('When it was frozen.'),
    split_config: json('How it is split for training, validation and test.'),
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC' }],
})
