import type { Row, Tables } from './worlds.ts'

const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** The views of the mlops database, worked out from its tables. */
export function withViews(tables: Tables): Tables {
  const [versions, decisions, metrics] = [
    tables.model_versions ?? [],
    tables.retraining_decisions ?? [],
    tables.monitoring_metrics ?? [],
  ]
  const latest = (a: Row, b: Row) =>
    Number(b.timestamp === null) - Number(a.timestamp === null) ||
    text(b.timestamp).localeCompare(text(a.timestamp)) ||
    Number(b.id) - Number(a.id)
  return {
    ...tables,
    v_decision_history: decisions.map((decision) => {
      const version = versions.find(({ mlflow_run_id: run }) => run === decision.candidate_mlflow_run_id)
      return {
        decision_id: decision.id,
        decision_timestamp: decision.decision_timestamp,
        action: decision.action,
        candidate_mlflow_run_id: decision.candidate_mlflow_run_id,
        model_version: version?.model_version ?? null,
        model_status: version?.status ?? null,
        f1_score: version?.f1_score ?? null,
        brier_score: version?.brier_score ?? null,
        reasoning: decision.reasoning,
        gate_results: decision.gate_results,
      }
    }),
    v_model_timeline: versions.map((version) => ({
      ...version,
      in_production: version.status === null ? null : version.status === 'production',
    })),
    v_recent_monitoring: [...Map.groupBy(metrics, (row) => row.metric_type).values()].flatMap((rows) =>
      rows
        .toSorted(latest)
        .slice(0, 100)
        .map(({ created_at, ...row }, index) => ({ ...row, recency_rank: String(index + 1) })),
    ),
  }
}
