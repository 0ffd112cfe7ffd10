-- Up Migration

CREATE INDEX projects_user_id_idx ON projects (user_id);
CREATE INDEX projects_created_at_id_idx ON projects (created_at, id);
CREATE INDEX projects_updated_at_id_idx ON projects (updated_at, id);
CREATE INDEX experiments_updated_at_id_idx ON experiments (updated_at, id);
CREATE INDEX dataset_snapshots_created_by_user_id_idx ON dataset_snapshots (created_by_user_id);
CREATE INDEX dataset_snapshots_created_at_id_idx ON dataset_snapshots (created_at, id);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_updated_at_id_idx ON sessions (updated_at, id);
CREATE INDEX messages_session_id_id_idx ON messages (session_id, id);

CREATE INDEX training_jobs_project_id_id_idx ON training_jobs (project_id, id);
CREATE INDEX training_jobs_session_id_idx ON training_jobs (session_id);
CREATE INDEX training_jobs_created_by_idx ON training_jobs (created_by);
CREATE INDEX training_jobs_status_id_idx ON training_jobs (status, id);
CREATE INDEX training_jobs_created_at_id_idx ON training_jobs (created_at, id);

CREATE INDEX metrics_job_id_epoch_step_id_idx ON metrics (job_id, epoch, step, id);
CREATE INDEX metrics_job_id_id_idx ON metrics (job_id, id);
CREATE INDEX logs_job_id_id_idx ON logs (job_id, id);

CREATE INDEX test_runs_created_at_id_idx ON test_runs (created_at, id);
CREATE INDEX inference_jobs_created_at_id_idx ON inference_jobs (created_at, id);
CREATE INDEX export_jobs_created_at_id_idx ON export_jobs (created_at, id);
CREATE INDEX deployments_created_at_id_idx ON deployments (created_at, id);

-- Down Migration

DROP INDEX deployments_created_at_id_idx;
DROP INDEX export_jobs_created_at_id_idx;
DROP INDEX inference_jobs_created_at_id_idx;
DROP INDEX test_runs_created_at_id_idx;
DROP INDEX logs_job_id_id_idx;
DROP INDEX metrics_job_id_id_idx;
DROP INDEX metrics_job_id_epoch_step_id_idx;
DROP INDEX training_jobs_created_at_id_idx;
DROP INDEX training_jobs_status_id_idx;
DROP INDEX training_jobs_created_by_idx;
DROP INDEX training_jobs_session_id_idx;
DROP INDEX training_jobs_project_id_id_idx;
DROP INDEX messages_session_id_id_idx;
DROP INDEX sessions_updated_at_id_idx;
DROP INDEX sessions_user_id_idx;
DROP INDEX dataset_snapshots_created_at_id_idx;
DROP INDEX dataset_snapshots_created_by_user_id_idx;
DROP INDEX experiments_updated_at_id_idx;
DROP INDEX projects_updated_at_id_idx;
DROP INDEX projects_created_at_id_idx;
DROP INDEX projects_user_id_idx;
