import { integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { mlops } from './source.ts'

/** What was decided about a candidate. */
export const RetrainingAction = enumeration('RetrainingAction', 'What was decided about a candidate.', {
  PROMOTE: { stored: 'promote', description: 'It goes into production: it has passed every gate.' },
  REJECT: { stored: 'reject', description: 'It is archived: it has failed at a gate.' },
  PENDING: { stored: 'pending', description: 'Nothing yet.' },
})

export const RetrainingDecision = declareEntity(mlops.name, 'RetrainingDecision', {
  table: 'retraining_decisions',
  description: 'A decision of the evaluation gate: whether a retrained model replaces the one in service.',
  key: 'id',
  columns: {
    id: integer('Key in the mlops database.'),
    decision_timestamp: timestamp('When it was decided.'),
    action: oneOf(RetrainingAction, 'What was decided.'),
    candidate_mlflow_run_id: text('The MLflow run of the candidate.'),
    gate_results: json('What came out at each gate, as it was written; `gates` is the same, typed.'),
    reasoning: text('Why, in words.'),
    created_at: timestamp('When it was written.'),
  },
  relations: {
    candidate: {
      to: 'ModelVersion',
      by: 'candidate_mlflow_run_id',
      references: 'mlflow_run_id',
      description: 'The version that it is about, by its run; none where that was never registered.',
      inverse: { name: 'decisions', description: 'Decisions about this version.' },
    },
  },
  defaultOrder: [{ column: 'decision_timestamp', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'state' },
})
