import { round } from './course.ts'
import { evaluate, type Scores } from './gates.ts'
import { Random } from './random.ts'
import { day, hour, type Moment, minute, now, timestamp, timestampOrNull } from './time.ts'

/** What the monitoring job measures, by kind: its usual value, and by how much it sways. */
export const monitored = {
  drift: { psi_age: [0.06, 0.03], psi_income: [0.09, 0.05], feature_drift_ratio: [0.12, 0.08] },
  coverage: { label_coverage: [0.62, 0.12] },
  performance: { f1: [0.78, 0.03], brier: [0.15, 0.02], positive_rate: [0.31, 0.05] },
} as const

const weeks = 60
const monitoredDays = 30
const every = 30 * minute

/** Rows of the mlops database: a candidate a week, what was decided about it, and what was measured meanwhile. */
export function mlops() {
  const random = new Random('mlops')
  return { ...versions(random), monitoring_metrics: measurements(random) }
}

type VersionRow = {
  readonly id: number
  readonly mlflow_run_id: string
  readonly model_version: string
  status: string | null
  readonly f1_score: number | null
  readonly brier_score: number | null
  readonly created_at: string | null
  promoted_at: string | null
}

function versions(random: Random) {
  const model_versions: VersionRow[] = []
  const retraining_decisions: Record<string, unknown>[] = []
  let serving: { scores: Scores; row: VersionRow; promoted: Moment } | undefined
  let best = 0.61
  for (let week = 1; week <= weeks; week++) {
    const created = now - (weeks - week) * 7 * day - random.integer(0, 9 * hour)
    best = Math.min(0.93, best + random.between(-0.004, 0.016))
    const scores = {
      f1: round(best + 0.012 * random.normal(), 4),
      brier: round(0.32 - best / 5 + 0.006 * random.normal(), 4),
    }
    const row: VersionRow = {
      id: week,
      mlflow_run_id: random.hex(32),
      model_version: `${1 + Math.floor(week / 12)}.${week % 12}.0`,
      status: 'staging',
      f1_score: scores.f1,
      brier_score: week % 23 === 0 ? null : scores.brier,
      created_at: timestampOrNull(week % 31 === 0 ? null : created),
      promoted_at: null,
    }
    model_versions.push(row)
    const decided = created + random.integer(20 * minute, 3 * hour)
    const isOpen = week === weeks
    const daysSincePromotion = serving ? (decided - serving.promoted) / day : 999
    const outcome = evaluate({ candidate: scores, serving: serving?.scores, daysSincePromotion, random })
    retraining_decisions.push({
      id: week,
      decision_timestamp: timestamp(decided),
      action: isOpen ? 'pending' : outcome.action,
      // The run of one was never registered.
      candidate_mlflow_run_id: week === 17 ? random.hex(32) : row.mlflow_run_id,
      gate_results: isOpen ? null : outcome.gate_results,
      reasoning: isOpen ? null : outcome.reasoning,
      created_at: timestamp(decided),
    })
    if (isOpen || week === 17) continue
    if (outcome.action === 'reject') row.status = 'archived'
    else {
      if (serving) serving.row.status = 'archived'
      Object.assign(row, { status: 'production', promoted_at: timestamp(decided) })
      serving = { scores, row, promoted: decided }
    }
  }
  return { model_versions, retraining_decisions }
}

function measurements(random: Random) {
  const start = now - monitoredDays * day
  const times = Array.from({ length: Math.floor((monitoredDays * day) / every) }, (_, index) => index)
  return times
    .flatMap((index) => {
      const moment = start + index * every
      return Object.entries(monitored).flatMap(([type, names]) =>
        Object.entries(names).map(([name, [usual, sway]]) => {
          // Inputs wander off towards the end of a fortnight, until the model is trained anew.
          const wander = type === 'drift' ? 1 + 1.5 * ((index % 672) / 672) ** 3 : 1
          const isLost = random.chance(0.0006)
          return {
            timestamp: timestamp(moment),
            metric_type: type,
            metric_name: name,
            metric_value: isLost ? 'NaN' : round(Math.max(0, usual * wander + sway * random.normal()), 5),
            metadata: type === 'drift' ? { reference: 'training', window: '24h' } : null,
            created_at: timestamp(moment + random.integer(0, 4_000_000)),
          }
        }),
      )
    })
    .map((row, index) => ({ id: index + 1, ...row }))
}
