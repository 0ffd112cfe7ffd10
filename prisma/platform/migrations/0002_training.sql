-- Up Migration

CREATE TABLE training_jobs (
  id                           serial PRIMARY KEY,
  session_id                   integer REFERENCES sessions,
  project_id                   integer REFERENCES projects,
  experiment_id                integer REFERENCES experiments ON DELETE SET NULL,
  created_by                   integer,
  experiment_name              varchar(200),
  tags                         json,
  notes                        text,
  observability_backends       varchar(200) NOT NULL,
  observability_experiment_ids json,
  framework                    varchar(50) NOT NULL,
  model_name                   varchar(100) NOT NULL,
  task_type                    varchar(50) NOT NULL,
  num_classes                  integer,
  custom_docker_image          varchar(500),
  dataset_id                   varchar(100),
  dataset_snapshot_id          varchar(100) REFERENCES dataset_snapshots ON DELETE SET NULL,
  dataset_version              integer,
  dataset_path                 varchar(500),
  dataset_format               varchar(50) NOT NULL,
  output_dir                   varchar(500) NOT NULL,
  split_strategy               json,
  epochs                       integer NOT NULL,
  batch_size                   integer NOT NULL,
  learning_rate                double precision NOT NULL,
  advanced_config              json,
  status                       varchar(20) NOT NULL,
  error_message                text,
  process_id                   integer,
  workflow_id                  varchar(200),
  clearml_task_id              varchar(200),
  final_accuracy               double precision,
  best_checkpoint_path         varchar(500),
  last_checkpoint_path         varchar(500),
  primary_metric               varchar(100),
  primary_metric_mode          varchar(10),
  created_at                   timestamp,
  started_at                   timestamp,
  completed_at                 timestamp
);

CREATE INDEX ix_training_jobs_id ON training_jobs (id);
CREATE INDEX ix_training_jobs_experiment_id ON training_jobs (experiment_id);
CREATE INDEX ix_training_jobs_dataset_id ON training_jobs (dataset_id);
CREATE INDEX ix_training_jobs_dataset_snapshot_id ON training_jobs (dataset_snapshot_id);
CREATE INDEX ix_training_jobs_workflow_id ON training_jobs (workflow_id);
CREATE INDEX ix_training_jobs_clearml_task_id ON training_jobs (clearml_task_id);

CREATE TABLE metrics (
  id              serial PRIMARY KEY,
  job_id          integer NOT NULL REFERENCES training_jobs,
  epoch           integer NOT NULL,
  step            integer,
  loss            double precision,
  accuracy        double precision,
  learning_rate   double precision,
  extra_metrics   json,
  checkpoint_path varchar(500),
  created_at      timestamp
);

CREATE INDEX ix_metrics_id ON metrics (id);

CREATE TABLE logs (
  id         serial PRIMARY KEY,
  job_id     integer NOT NULL REFERENCES training_jobs,
  log_type   varchar(10) NOT NULL,
  content    text NOT NULL,
  created_at timestamp
);

CREATE INDEX ix_logs_id ON logs (id);

CREATE TABLE validation_results (
  id                      serial PRIMARY KEY,
  job_id                  integer NOT NULL REFERENCES training_jobs,
  epoch                   integer NOT NULL,
  task_type               varchar(50) NOT NULL,
  primary_metric_value    double precision,
  primary_metric_name     varchar(100),
  overall_loss            double precision,
  metrics                 json,
  per_class_metrics       json,
  confusion_matrix        json,
  pr_curves               json,
  class_names             json,
  visualization_data      json,
  sample_correct_images   json,
  sample_incorrect_images json,
  checkpoint_path         varchar(500),
  created_at              timestamp
);

CREATE INDEX ix_validation_results_id ON validation_results (id);
CREATE INDEX ix_validation_results_job_id ON validation_results (job_id);
CREATE INDEX ix_validation_results_epoch ON validation_results (epoch);
CREATE INDEX ix_validation_results_task_type ON validation_results (task_type);

-- Down Migration

DROP TABLE validation_results;
DROP TABLE logs;
DROP TABLE metrics;
DROP TABLE training_jobs;
