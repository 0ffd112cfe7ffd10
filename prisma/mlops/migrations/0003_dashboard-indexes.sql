-- Up Migration

CREATE INDEX model_versions_created_at_id_idx ON model_versions (created_at, id);
CREATE INDEX monitoring_metrics_timestamp_id_idx ON monitoring_metrics (timestamp, id);
CREATE INDEX monitoring_metrics_type_name_timestamp_idx ON monitoring_metrics (metric_type, metric_name, timestamp);
CREATE INDEX retraining_decisions_timestamp_id_idx ON retraining_decisions (decision_timestamp, id);
CREATE INDEX retraining_decisions_candidate_idx ON retraining_decisions (candidate_mlflow_run_id);

-- Down Migration

DROP INDEX retraining_decisions_candidate_idx;
DROP INDEX retraining_decisions_timestamp_id_idx;
DROP INDEX monitoring_metrics_type_name_timestamp_idx;
DROP INDEX monitoring_metrics_timestamp_id_idx;
DROP INDEX model_versions_created_at_id_idx;
