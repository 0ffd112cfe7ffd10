import { float, integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { mlops } from './source.ts'

/** What a model version is used for. */
export const ModelVersionStatus = enumeration('ModelVersionStatus', 'What a model version is used for.', {
  STAGING: { stored: 'staging', description: 'Trained, and not decided on yet.' },
  PRODUCTION: { stored: 'production', description: 'Serves.' },
  ARCHIVED: { stored: 'archived', description: 'Rejected, or served once.' },
})

export const ModelVersion = declareEntity(mlops.name, 'ModelVersion', {
  table: 'model_versions',
  description: 'A version of the model that the MLOps pipeline trains, with its scores.',
  key: 'id',
  columns: {
    id: integer('Key in the mlops database.'),
    mlflow_run_id: text('The MLflow run that made it: 32 hexadecimal digits.'),
    model_version: text('Its version, as people call it.', { name: 'version' }),
    status: oneOf(ModelVersionStatus, 'What it is used for; the registry of MLflow is the truth.'),
    f1_score: float('F1 score on the evaluation set.'),
    brier_score: float('Brier score on the evaluation set: how well its probabilities are calibrated.'),
    created_at: timestamp('When it was registered.'),
    promoted_at: timestamp('When it became production.'),
  },
  defaultOrder: [{ column: 'created_at', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'state' },
})
