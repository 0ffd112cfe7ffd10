import { boolean, float, integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { ModelVersionStatus } from './model-version.ts'
import { mlops } from './source.ts'

export const ModelTimelineEntry = declareEntity(mlops.name, 'ModelTimelineEntry', {
  table: 'v_model_timeline',
  kind: 'view',
  description: 'A version in the order of deployment, as the pipeline’s own view shows it.',
  key: 'id',
  columns: {
    id: integer('Key of the version.'),
    mlflow_run_id: text('The MLflow run that made it.'),
    model_version: text('Its version, as people call it.', { name: 'version' }),
    status: oneOf(ModelVersionStatus, 'What it is used for.'),
    in_production: boolean('Whether it serves; empty where its status is.'),
    f1_score: float('F1 score on the evaluation set.'),
    brier_score: float('Brier score on the evaluation set.'),
    created_at: timestamp('When it was registered.'),
    promoted_at: timestamp('When it became production.'),
  },
  defaultOrder: [
    { column: 'promoted_at', direction: 'DESC', nulls: 'LAST' },
    { column: 'created_at', direction: 'DESC', nulls: 'LAST' },
  ],
})
