import { float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { mlops } from './source.ts'

/** What is watched of a model in service. */
export const MonitoringMetricType = enumeration(
  'MonitoringMetricType',
  'What is watched of a model in service.',
  {
    DRIFT: { stored: 'drift', description: 'How far its inputs have moved from those of its training.' },
    COVERAGE: { stored: 'coverage', description: 'For how many predictions the truth is known.' },
    PERFORMANCE: { stored: 'performance', description: 'How good its predictions are.' },
  },
)

export const MonitoringMetric = declareEntity(mlops.name, 'MonitoringMetric', {
  table: 'monitoring_metrics',
  description: 'One number that was measured of the model in service.',
  key: 'id',
  columns: {
    id: integer('Key in the mlops database.'),
    timestamp: timestamp('What moment it is about.'),
    metric_type: oneOf(MonitoringMetricType, 'What is watched by it.', { name: 'type' }),
    metric_name: text('Its name, such as psi_age or f1.', { name: 'name' }),
    metric_value: float('The value.', { name: 'value' }),
    metadata: json('What else the monitoring job notes.'),
    created_at: timestamp('When it was written.'),
  },
  defaultOrder: [{ column: 'timestamp', direction: 'DESC', nulls: 'LAST' }],
  live: { kind: 'append' },
})
