-- Up Migration

CREATE VIEW v_decision_history AS
SELECT d.id AS decision_id, d.decision_timestamp, d.action, d.candidate_mlflow_run_id, m.model_version,
  m.status AS model_status, m.f1_score, m.brier_score, d.reasoning, d.gate_results
FROM retraining_decisions d LEFT JOIN model_versions m ON m.mlflow_run_id = d.candidate_mlflow_run_id
ORDER BY d.decision_timestamp DESC, d.id DESC;

CREATE VIEW v_model_timeline AS
SELECT m.id, m.mlflow_run_id, m.model_version, m.status, (m.status = 'production') AS in_production, m.f1_score,
  m.brier_score, m.created_at, m.promoted_at
FROM model_versions m
ORDER BY COALESCE(m.promoted_at, m.created_at) DESC, m.id DESC;

CREATE VIEW v_recent_monitoring AS
SELECT r.id, r.metric_type, r.metric_name, r.metric_value, r.timestamp, r.metadata, r.recency_rank
FROM (
  SELECT x.*, row_number() OVER (PARTITION BY x.metric_type ORDER BY x.timestamp DESC, x.id DESC) AS recency_rank
  FROM monitoring_metrics x
) r
WHERE r.recency_rank <= 100
ORDER BY r.metric_type, r.recency_rank;

-- Down Migration

DROP VIEW v_recent_monitoring;
DROP VIEW v_model_timeline;
DROP VIEW v_decision_history;
