-- Up Migration

CREATE TABLE api_users (
  user_id    serial PRIMARY KEY,
  username   varchar(255) NOT NULL UNIQUE,
  email      varchar(255),
  created_at timestamp DEFAULT CURRENT_TIMESTAMP,
  is_active  boolean DEFAULT true
);

CREATE INDEX idx_api_users_username ON api_users (username);

CREATE TABLE api_keys (
  key_id       serial PRIMARY KEY,
  user_id      integer REFERENCES api_users ON DELETE CASCADE,
  key_hash     varchar(128) NOT NULL UNIQUE,
  key_prefix   varchar(16) NOT NULL,
  created_at   timestamptz DEFAULT CURRENT_TIMESTAMP,
  expires_at   timestamptz,
  last_used_at timestamptz,
  is_active    boolean DEFAULT true,
  description  text
);

CREATE INDEX idx_api_keys_expires_at ON api_keys (expires_at) WHERE is_active = true AND expires_at IS NOT NULL;
CREATE INDEX idx_api_keys_hash ON api_keys (key_hash) WHERE is_active = true;
CREATE INDEX idx_api_keys_user_id ON api_keys (user_id) WHERE is_active = true;

CREATE TABLE gpu_types (
  gpu_type                     varchar(50) PRIMARY KEY,
  instance_type                varchar(100) NOT NULL,
  max_gpus                     integer NOT NULL,
  cpus                         integer NOT NULL,
  memory_gb                    integer NOT NULL,
  total_cluster_gpus           integer DEFAULT 0,
  max_per_node                 integer,
  is_active                    boolean DEFAULT true,
  created_at                   timestamptz DEFAULT now(),
  updated_at                   timestamptz DEFAULT now(),
  description                  text,
  available_gpus               integer DEFAULT 0,
  max_reservable               integer DEFAULT 0,
  full_nodes_available         integer DEFAULT 0,
  running_instances            integer DEFAULT 0,
  desired_capacity             integer DEFAULT 0,
  last_availability_update     timestamptz,
  last_availability_updated_by varchar(100)
);

CREATE INDEX idx_gpu_types_active ON gpu_types (is_active) WHERE is_active = true;
CREATE INDEX idx_gpu_types_availability_update ON gpu_types (last_availability_update DESC) WHERE is_active = true;
CREATE INDEX idx_gpu_types_available_gpus ON gpu_types (available_gpus) WHERE is_active = true AND available_gpus > 0;

CREATE FUNCTION touch_gpu_types() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER touch_gpu_types BEFORE UPDATE ON gpu_types FOR EACH ROW EXECUTE FUNCTION touch_gpu_types();

CREATE TABLE reservations (
  reservation_id          varchar(255) PRIMARY KEY,
  user_id                 varchar(255) NOT NULL,
  status                  varchar(50) NOT NULL,
  gpu_type                varchar(50),
  gpu_count               integer,
  instance_type           varchar(100),
  duration_hours          double precision NOT NULL,
  created_at              timestamptz NOT NULL,
  launched_at             timestamptz,
  expires_at              timestamptz,
  updated_at              timestamptz DEFAULT now(),
  name                    varchar(255),
  github_user             varchar(255),
  pod_name                varchar(255),
  namespace               varchar(100) DEFAULT 'default',
  node_ip                 varchar(50),
  node_port               integer,
  ssh_command             text,
  jupyter_enabled         boolean DEFAULT false,
  jupyter_url             text,
  jupyter_port            integer,
  jupyter_token           varchar(255),
  jupyter_error           text,
  ebs_volume_id           varchar(255),
  disk_name               varchar(255),
  failure_reason          text,
  current_detailed_status text,
  status_history          jsonb DEFAULT '[]',
  pod_logs                text,
  warning                 text,
  secondary_users         jsonb DEFAULT '[]',
  is_multinode            boolean DEFAULT false,
  master_reservation_id   varchar(255),
  node_index              integer,
  total_nodes             integer,
  cli_version             varchar(50),
  ebs_availability_zone   varchar(50),
  domain_name             varchar(255),
  fqdn                    varchar(512),
  alb_config              jsonb,
  preserve_entrypoint     boolean DEFAULT false,
  node_private_ip         varchar(50),
  oom_count               integer DEFAULT 0,
  last_oom_at             timestamptz,
  oom_container           varchar(255),
  warnings_sent           jsonb DEFAULT '{}',
  last_warning_time       bigint,
  failed_at               timestamptz,
  cancelled_at            timestamptz,
  reservation_ended       timestamptz
);

CREATE INDEX idx_reservations_cancelled_at ON reservations (cancelled_at) WHERE cancelled_at IS NOT NULL;
CREATE INDEX idx_reservations_created_at ON reservations (created_at DESC);
CREATE INDEX idx_reservations_domain_name ON reservations (domain_name) WHERE domain_name IS NOT NULL;
CREATE INDEX idx_reservations_ended ON reservations (reservation_ended) WHERE reservation_ended IS NOT NULL;
CREATE INDEX idx_reservations_expires_at ON reservations (expires_at);
CREATE INDEX idx_reservations_failed_at ON reservations (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX idx_reservations_fqdn ON reservations (fqdn) WHERE fqdn IS NOT NULL;
CREATE INDEX idx_reservations_gpu_type_status ON reservations (gpu_type, status);
CREATE INDEX idx_reservations_master_id ON reservations (master_reservation_id) WHERE master_reservation_id IS NOT NULL;
CREATE INDEX idx_reservations_node_private_ip ON reservations (node_private_ip) WHERE node_private_ip IS NOT NULL;
CREATE INDEX idx_reservations_oom ON reservations (oom_count) WHERE oom_count > 0;
CREATE INDEX idx_reservations_status ON reservations (status);
CREATE INDEX idx_reservations_user_id ON reservations (user_id);
CREATE INDEX idx_reservations_user_status ON reservations (user_id, status);

CREATE FUNCTION touch_reservations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER touch_reservations BEFORE UPDATE ON reservations FOR EACH ROW EXECUTE FUNCTION touch_reservations();

CREATE TABLE disks (
  disk_id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  disk_name                  text NOT NULL,
  user_id                    text NOT NULL,
  size_gb                    integer,
  disk_size                  text,
  created_at                 timestamptz DEFAULT now(),
  last_used                  timestamptz,
  in_use                     boolean DEFAULT false,
  reservation_id             varchar(255) REFERENCES reservations ON DELETE SET NULL,
  is_backing_up              boolean DEFAULT false,
  is_deleted                 boolean DEFAULT false,
  delete_date                date,
  snapshot_count             integer DEFAULT 0,
  pending_snapshot_count     integer DEFAULT 0,
  ebs_volume_id              text,
  last_snapshot_at           timestamptz,
  operation_id               uuid,
  operation_status           text,
  operation_error            text,
  latest_snapshot_content_s3 text,
  last_updated               timestamptz DEFAULT now(),
  marked_deleted_at          timestamptz,
  UNIQUE (user_id, disk_name)
);

CREATE INDEX idx_disks_delete_date ON disks (delete_date) WHERE delete_date IS NOT NULL;
CREATE INDEX idx_disks_in_use ON disks (in_use) WHERE in_use = true;
CREATE INDEX idx_disks_is_deleted ON disks (is_deleted) WHERE is_deleted = true;
CREATE INDEX idx_disks_operation_id ON disks (operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX idx_disks_reservation_id ON disks (reservation_id) WHERE reservation_id IS NOT NULL;
CREATE INDEX idx_disks_user_id ON disks (user_id);

CREATE FUNCTION touch_disks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.last_updated := now();
  IF NEW.is_deleted AND OLD.is_deleted IS NOT TRUE THEN
    NEW.marked_deleted_at := now();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER touch_disks BEFORE UPDATE ON disks FOR EACH ROW EXECUTE FUNCTION touch_disks();

-- Down Migration

DROP TABLE disks;
DROP TABLE reservations;
DROP TABLE gpu_types;
DROP TABLE api_keys;
DROP TABLE api_users;
DROP FUNCTION touch_disks();
DROP FUNCTION touch_reservations();
DROP FUNCTION touch_gpu_types();
