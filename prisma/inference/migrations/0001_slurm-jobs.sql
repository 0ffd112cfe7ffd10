-- Up Migration

CREATE TABLE jobs (
  id             varchar(36) PRIMARY KEY,
  sbatch_id      varchar(255) NOT NULL,
  fold_index     numeric(4, 0) NOT NULL,
  job_type       varchar(20) NOT NULL CHECK (job_type IN ('INFERENCE', 'TRAINING')),
  status         varchar(20) NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED')),
  start_time     timestamp,
  end_time       timestamp,
  error_message  text,
  sbatch_content text
);

CREATE TABLE training (
  id          varchar(36) PRIMARY KEY,
  name        varchar(255) NOT NULL,
  images_path varchar(500),
  labels_path varchar(500),
  model_path  varchar(500),
  job_id      varchar(36) NOT NULL REFERENCES jobs,
  status      varchar(20) NOT NULL CHECK (status IN ('TRAINING', 'TRAINED', 'FAILED')),
  progress    double precision DEFAULT 0.0,
  start_time  timestamp,
  end_time    timestamp
);

CREATE TABLE model (
  id          varchar(36) PRIMARY KEY,
  training_id varchar(36) NOT NULL REFERENCES training,
  model_name  varchar(255) NOT NULL,
  created_at  timestamp
);

CREATE TABLE inference (
  predict_id    varchar(36) PRIMARY KEY,
  model_id      varchar(36) NOT NULL REFERENCES model,
  job_id        varchar(36) REFERENCES jobs,
  input_data    jsonb NOT NULL,
  output_dir    varchar(500),
  prediction    jsonb,
  status        varchar(20) NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
  start_time    timestamp,
  end_time      timestamp,
  error_message text,
  created_at    timestamp DEFAULT now(),
  updated_at    timestamp DEFAULT now()
);

-- Down Migration

DROP TABLE inference;
DROP TABLE model;
DROP TABLE training;
DROP TABLE jobs;
