-- Up Migration

CREATE TYPE exportformat AS ENUM ('ONNX', 'TENSORRT', 'COREML', 'TFLITE', 'TORCHSCRIPT', 'OPENVINO');
CREATE TYPE exportjobstatus AS ENUM ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TYPE deploymenttype AS ENUM ('DOWNLOAD', 'PLATFORM_ENDPOINT', 'EDGE_PACKAGE', 'CONTAINER');
CREATE TYPE deploymentstatus AS ENUM ('PENDING', 'DEPLOYING', 'ACTIVE', 'DEACTIVATED', 'FAILED');

CREATE TABLE test_runs (
  id                   serial PRIMARY KEY,
  training_job_id      integer NOT NULL REFERENCES training_jobs ON DELETE CASCADE,
  checkpoint_path      varchar(500) NOT NULL,
  dataset_path         varchar(500) NOT NULL,
  dataset_split        varchar(20),
  status               varchar(20) NOT NULL,
  error_message        text,
  task_type            varchar(50) NOT NULL,
  primary_metric_name  varchar(50),
  primary_metric_value double precision,
  overall_loss         double precision,
  metrics              json,
  per_class_metrics    json,
  confusion_matrix     json,
  class_names          json,
  total_images         integer,
  inference_time_ms    double precision,
  created_at           timestamp,
  started_at           timestamp,
  completed_at         timestamp
);

CREATE INDEX ix_test_runs_id ON test_runs (id);
CREATE INDEX ix_test_runs_training_job_id ON test_runs (training_job_id);
CREATE INDEX ix_test_runs_status ON test_runs (status);

CREATE TABLE inference_jobs (
  id                      serial PRIMARY KEY,
  training_job_id         integer NOT NULL REFERENCES training_jobs ON DELETE CASCADE,
  checkpoint_path         varchar(500) NOT NULL,
  inference_type          varchar(20) NOT NULL,
  input_data              json,
  status                  varchar(20) NOT NULL,
  error_message           text,
  task_type               varchar(50) NOT NULL,
  total_images            integer,
  total_inference_time_ms double precision,
  avg_inference_time_ms   double precision,
  created_at              timestamp,
  started_at              timestamp,
  completed_at            timestamp
);

CREATE INDEX ix_inference_jobs_id ON inference_jobs (id);
CREATE INDEX ix_inference_jobs_training_job_id ON inference_jobs (training_job_id);
CREATE INDEX ix_inference_jobs_status ON inference_jobs (status);

CREATE TABLE export_jobs (
  id                  serial PRIMARY KEY,
  training_job_id     integer NOT NULL REFERENCES training_jobs ON DELETE CASCADE,
  export_format       exportformat NOT NULL,
  checkpoint_path     varchar(500) NOT NULL,
  export_path         varchar(500),
  version             integer NOT NULL,
  is_default          boolean NOT NULL,
  framework           varchar(50) NOT NULL,
  task_type           varchar(50) NOT NULL,
  model_name          varchar(100) NOT NULL,
  export_config       json,
  optimization_config json,
  validation_config   json,
  status              exportjobstatus NOT NULL,
  error_message       text,
  process_id          integer,
  export_results      json,
  file_size_mb        double precision,
  validation_passed   boolean,
  created_at          timestamp NOT NULL,
  started_at          timestamp,
  completed_at        timestamp
);

CREATE INDEX ix_export_jobs_id ON export_jobs (id);
CREATE INDEX ix_export_jobs_training_job_id ON export_jobs (training_job_id);
CREATE INDEX ix_export_jobs_export_format ON export_jobs (export_format);
CREATE INDEX ix_export_jobs_version ON export_jobs (version);
CREATE INDEX ix_export_jobs_is_default ON export_jobs (is_default);
CREATE INDEX ix_export_jobs_status ON export_jobs (status);

CREATE TABLE deployments (
  id                       serial PRIMARY KEY,
  export_job_id            integer NOT NULL REFERENCES export_jobs ON DELETE CASCADE,
  training_job_id          integer NOT NULL REFERENCES training_jobs ON DELETE CASCADE,
  deployment_type          deploymenttype NOT NULL,
  deployment_name          varchar(200) NOT NULL,
  deployment_config        json,
  endpoint_url             varchar(500),
  api_key                  varchar(255),
  container_image          varchar(500),
  container_registry       varchar(500),
  package_path             varchar(500),
  runtime_wrapper_language varchar(50),
  status                   deploymentstatus NOT NULL,
  error_message            text,
  request_count            integer NOT NULL,
  total_inference_time_ms  double precision NOT NULL,
  avg_latency_ms           double precision,
  last_request_at          timestamp,
  cpu_limit                varchar(20),
  memory_limit             varchar(20),
  gpu_enabled              boolean NOT NULL,
  created_at               timestamp NOT NULL,
  deployed_at              timestamp,
  deactivated_at           timestamp
);

CREATE INDEX ix_deployments_id ON deployments (id);
CREATE INDEX ix_deployments_export_job_id ON deployments (export_job_id);
CREATE INDEX ix_deployments_training_job_id ON deployments (training_job_id);
CREATE INDEX ix_deployments_deployment_type ON deployments (deployment_type);
CREATE INDEX ix_deployments_status ON deployments (status);

-- Down Migration

DROP TABLE deployments;
DROP TABLE export_jobs;
DROP TABLE inference_jobs;
DROP TABLE test_runs;
DROP TYPE deploymentstatus;
DROP TYPE deploymenttype;
DROP TYPE exportjobstatus;
DROP TYPE exportformat;
