-- Up Migration

CREATE TABLE clusters (
  name                    text PRIMARY KEY,
  launched_at             integer,
  handle                  bytea,
  last_use                text,
  status                  text,
  autostop                integer DEFAULT -1,
  to_down                 integer DEFAULT 0,
  metadata                text DEFAULT '{}',
  owner                   text,
  cluster_hash            text,
  storage_mounts_metadata bytea,
  cluster_ever_up         integer DEFAULT 0,
  status_updated_at       integer,
  config_hash             text,
  user_hash               text,
  workspace               text DEFAULT 'default',
  last_creation_yaml      text,
  last_creation_command   text,
  is_managed              integer DEFAULT 0,
  provision_log_path      text
);

-- Down Migration

DROP TABLE clusters;
