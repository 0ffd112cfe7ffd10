-- Up Migration

CREATE INDEX jobs_status_idx ON jobs (status);
CREATE INDEX jobs_sbatch_id_idx ON jobs (sbatch_id);
CREATE INDEX jobs_start_time_id_idx ON jobs (start_time, id);
CREATE INDEX training_job_id_idx ON training (job_id);
CREATE INDEX training_status_idx ON training (status);
CREATE INDEX training_start_time_id_idx ON training (start_time, id);
CREATE INDEX model_training_id_idx ON model (training_id);
CREATE INDEX model_created_at_id_idx ON model (created_at, id);
CREATE INDEX inference_model_id_idx ON inference (model_id);
CREATE INDEX inference_job_id_idx ON inference (job_id);
CREATE INDEX inference_status_idx ON inference (status);
CREATE INDEX inference_created_at_predict_id_idx ON inference (created_at, predict_id);

-- Down Migration

DROP INDEX inference_created_at_predict_id_idx;
DROP INDEX inference_status_idx;
DROP INDEX inference_job_id_idx;
DROP INDEX inference_model_id_idx;
DROP INDEX model_created_at_id_idx;
DROP INDEX model_training_id_idx;
DROP INDEX training_start_time_id_idx;
DROP INDEX training_status_idx;
DROP INDEX training_job_id_idx;
DROP INDEX jobs_start_time_id_idx;
DROP INDEX jobs_sbatch_id_idx;
DROP INDEX jobs_status_idx;
