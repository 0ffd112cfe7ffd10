-- Up Migration

CREATE TABLE model_versions (
  id            serial PRIMARY KEY,
  mlflow_run_id varchar(255) NOT NULL UNIQUE,
  model_version varchar(50) NOT NULL,
  status        varchar(50),
  f1_score      double precision,
  brier_score   double precision,
  created_at    timestamp DEFAULT CURRENT_TIMESTAMP,
  promoted_at   timestamp
);

CREATE TABLE monitoring_metrics (
  id           serial PRIMARY KEY,
  timestamp    timestamp DEFAULT CURRENT_TIMESTAMP,
  metric_type  varchar(100),
  metric_name  varchar(255),
  metric_value double precision,
  metadata     jsonb,
  created_at   timestamp DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE retraining_decisions (
  id                      serial PRIMARY KEY,
  decision_timestamp      timestamp DEFAULT CURRENT_TIMESTAMP,
  action                  varchar(50),
  candidate_mlflow_run_id varchar(255),
  gate_results            jsonb,
  reasoning               text,
  created_at              timestamp DEFAULT CURRENT_TIMESTAMP
);

-- Down Migration

DROP TABLE retraining_decisions;
DROP TABLE monitoring_metrics;
DROP TABLE model_versions;
