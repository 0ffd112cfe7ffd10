import { float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { ModelVersionStatus } from './model-version.ts'
import { RetrainingAction } from './retraining-decision.ts'
import { mlops } from './source.ts'

export const DecisionHistoryEntry = declareEntity(mlops.name, 'DecisionHistoryEntry', {
  table: 'v_decision_history',
  kind: 'view',
  description:
    'A decision with the version that it was about, in one row, as the pipeline’s own view shows it.',
  key: 'decision_id',
  columns: {
    decision_id: integer('Key of the decision.'),
    decision_timestamp: timestamp('When it was decided.'),
    action: oneOf(RetrainingAction, 'What was decided.'),
    candidate_mlflow_run_id: text('The MLflow run of the candidate.'),
    model_version: text('Version of the candidate.'),
    model_status: oneOf(ModelVersionStatus, 'What the candidate is used for now.'),
    f1_score: float('F1 score of the candidate.'),
    brier_score: float('Brier score of the candidate.'),
    reasoning: text('Why, in words.'),
    gate_results: json('What came out at each gate, as it was written; `gates` is the same, typed.'),
  },
  defaultOrder: [{ column: 'decision_timestamp', direction: 'DESC', nulls: 'LAST' }],
})
