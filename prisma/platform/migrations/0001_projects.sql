-- Up Migration

-- user_id, organization_id and created_by_user_id name rows of the users database, dataset_id one of the
-- labeler's: no key can hold them.
CREATE TABLE projects (
  id              serial PRIMARY KEY,
  name            varchar(200) NOT NULL UNIQUE,
  description     text,
  task_type       varchar(50),
  user_id         integer,
  organization_id integer,
  created_at      timestamp,
  updated_at      timestamp
);

CREATE INDEX ix_projects_id ON projects (id);
CREATE INDEX ix_projects_organization_id ON projects (organization_id);

CREATE TABLE experiments (
  id                     serial PRIMARY KEY,
  project_id             integer NOT NULL REFERENCES projects ON DELETE CASCADE,
  name                   varchar(200) NOT NULL,
  description            text,
  tags                   json,
  mlflow_experiment_id   varchar(100),
  mlflow_experiment_name varchar(255),
  num_runs               integer NOT NULL,
  num_completed_runs     integer NOT NULL,
  best_metrics           json,
  created_at             timestamp NOT NULL,
  updated_at             timestamp NOT NULL
);

CREATE UNIQUE INDEX ix_experiments_mlflow_experiment_id ON experiments (mlflow_experiment_id);
CREATE INDEX ix_experiments_id ON experiments (id);
CREATE INDEX ix_experiments_project_id ON experiments (project_id);

CREATE TABLE dataset_snapshots (
  id                     varchar(100) PRIMARY KEY,
  dataset_id             varchar(100) NOT NULL,
  storage_path           varchar(500) NOT NULL,
  snapshot_metadata_path varchar(500),
  dataset_version_hash   varchar(64),
  created_by_user_id     integer,
  notes                  text,
  created_at             timestamp NOT NULL,
  split_config           json
);

CREATE INDEX ix_dataset_snapshots_id ON dataset_snapshots (id);
CREATE INDEX ix_dataset_snapshots_dataset_id ON dataset_snapshots (dataset_id);
CREATE INDEX ix_dataset_snapshots_dataset_version_hash ON dataset_snapshots (dataset_version_hash);

CREATE TABLE sessions (
  id         serial PRIMARY KEY,
  user_id    integer,
  created_at timestamp,
  updated_at timestamp,
  state      varchar(50) NOT NULL,
  temp_data  json NOT NULL
);

CREATE INDEX ix_sessions_id ON sessions (id);
CREATE INDEX ix_sessions_state ON sessions (state);

CREATE TABLE messages (
  id         serial PRIMARY KEY,
  session_id integer NOT NULL REFERENCES sessions,
  role       varchar(20) NOT NULL,
  content    text NOT NULL,
  created_at timestamp
);

CREATE INDEX ix_messages_id ON messages (id);

-- Down Migration

DROP TABLE messages;
DROP TABLE sessions;
DROP TABLE dataset_snapshots;
DROP TABLE experiments;
DROP TABLE projects;
