import { bigint, float, integer, json, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { MonitoringMetricType } from './monitoring-metric.ts'
import { mlops } from './source.ts'

export const RecentMetric = declareEntity(mlops.name, 'RecentMetric', {
  table: 'v_recent_monitoring',
  kind: 'view',
  description: 'One of the 100 latest measurements of its kind, as the pipeline’s own view shows it.',
  key: 'id',
  columns: {
    id: integer('Key of the measurement.'),
    metric_type: oneOf(MonitoringMetricType, 'What is watched by it.', { name: 'type' }),
    metric_name: text('Its name.', { name: 'name' }),
    metric_value: float('The value.', { name: 'value' }),
    timestamp: timestamp('What moment it is about.'),
    metadata: json('What else the monitoring job notes.'),
    recency_rank: bigint('1 for the latest of its kind, 100 for the last that is shown.'),
  },
  defaultOrder: [
    { column: 'metric_type', direction: 'ASC' },
    { column: 'recency_rank', direction: 'ASC' },
  ],
})
