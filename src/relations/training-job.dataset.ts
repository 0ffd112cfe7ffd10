import { datasetEdge } from '../sources/labeler/dataset-edge.ts'
import { TrainingJob } from '../sources/platform/training-job.ts'

datasetEdge(TrainingJob, { by: 'dataset_id', description: 'The dataset that it trains on, in the Labeler.' })
