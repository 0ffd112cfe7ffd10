import { datasetEdge } from '../sources/labeler/dataset-edge.ts'
import { Invitation } from '../sources/users/invitation.ts'

datasetEdge(Invitation, { by: 'dataset_id', description: 'The dataset that it is to, in the Labeler.' })
