-- Up Migration

CREATE INDEX clusters_launched_at_name_idx ON clusters (launched_at, name);
CREATE INDEX clusters_status_idx ON clusters (status);

-- Down Migration

DROP INDEX clusters_status_idx;
DROP INDEX clusters_launched_at_name_idx;
