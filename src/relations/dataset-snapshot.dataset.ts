import { datasetEdge } from '../sources/labeler/dataset-edge.ts'
import { DatasetSnapshot } from '../sources/platform/dataset-snapshot.ts'

datasetEdge(DatasetSnapshot, {
  by: 'dataset_id',
  description: 'The dataset that was frozen, in the Labeler.',
})
