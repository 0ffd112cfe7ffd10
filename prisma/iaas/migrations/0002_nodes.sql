-- Up Migration

CREATE TABLE regions (
  id              uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  code            varchar(50) NOT NULL UNIQUE,
  name            varchar(255) NOT NULL,
  country         varchar(100),
  city            varchar(100),
  cloud_providers jsonb DEFAULT '[]',
  cost_multiplier numeric(10, 4) DEFAULT 1.0,
  status          varchar(50) NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'degraded', 'maintenance', 'offline')),
  created_at      timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at      timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_regions_code ON regions (code);
CREATE INDEX idx_regions_status ON regions (status);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON regions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE models (
  id                         uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  name                       varchar(255) NOT NULL UNIQUE,
  family                     varchar(100) NOT NULL,
  size                       varchar(50),
  type                       varchar(50) NOT NULL CHECK (type IN ('completion', 'chat', 'embedding')),
  context_length             integer NOT NULL,
  vram_required_gb           integer NOT NULL,
  price_input_per_million    numeric(10, 6) NOT NULL,
  price_output_per_million   numeric(10, 6) NOT NULL,
  tokens_per_second_capacity integer,
  status                     varchar(50) NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'deprecated', 'beta')),
  metadata                   jsonb DEFAULT '{}',
  created_at                 timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at                 timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_models_family ON models (family);
CREATE INDEX idx_models_name ON models (name);
CREATE INDEX idx_models_status ON models (status);
CREATE INDEX idx_models_type ON models (type);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON models FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE deployments (
  id               uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  name             varchar(255) NOT NULL UNIQUE,
  model_name       varchar(255) NOT NULL,
  min_replicas     integer DEFAULT 2,
  max_replicas     integer DEFAULT 10,
  current_replicas integer DEFAULT 0,
  strategy         varchar(50) DEFAULT 'spread' CHECK (strategy IN ('spread', 'packed')),
  provider         varchar(50),
  region           varchar(50),
  gpu_type         varchar(100),
  status           varchar(50) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'deleted')),
  created_at       timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at       timestamptz DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_deployments_model_name ON deployments (model_name);
CREATE INDEX idx_deployments_name ON deployments (name);
CREATE INDEX idx_deployments_status ON deployments (status);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON deployments FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE nodes (
  id                        uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  node_id_external          varchar(255) UNIQUE,
  provider                  varchar(50) NOT NULL CHECK (provider IN ('aws', 'gcp', 'azure', 'oci', 'on-prem')),
  region_id                 uuid REFERENCES regions,
  instance_type             varchar(100),
  gpu_type                  varchar(100),
  vram_total_gb             integer,
  vram_free_gb              integer,
  model_id                  uuid REFERENCES models,
  endpoint_url              varchar(500) NOT NULL,
  internal_ip               varchar(50),
  spot_instance             boolean DEFAULT false,
  spot_price                numeric(10, 4),
  throughput_tokens_per_sec integer,
  status                    varchar(50) NOT NULL DEFAULT 'initializing'
    CHECK (status IN ('initializing', 'active', 'draining', 'unhealthy', 'dead')),
  health_score              numeric(5, 2) DEFAULT 100.0,
  last_heartbeat_at         timestamptz,
  created_at                timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at                timestamptz DEFAULT CURRENT_TIMESTAMP,
  terminated_at             timestamptz,
  cluster_name              varchar(255) UNIQUE,
  model_name                varchar(255),
  deployment_id             uuid REFERENCES deployments ON DELETE SET NULL,
  endpoint                  varchar(500)
);

CREATE INDEX idx_nodes_cluster_name ON nodes (cluster_name);
CREATE INDEX idx_nodes_deployment_id ON nodes (deployment_id);
CREATE INDEX idx_nodes_health_score ON nodes (health_score);
CREATE INDEX idx_nodes_last_heartbeat_at ON nodes (last_heartbeat_at);
CREATE INDEX idx_nodes_model_id ON nodes (model_id);
CREATE INDEX idx_nodes_model_name ON nodes (model_name);
CREATE INDEX idx_nodes_provider ON nodes (provider);
CREATE INDEX idx_nodes_region_id ON nodes (region_id);
CREATE INDEX idx_nodes_status ON nodes (status);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE deployment_nodes (
  deployment_id uuid REFERENCES deployments ON DELETE CASCADE,
  node_id       uuid REFERENCES nodes ON DELETE CASCADE,
  status        varchar(50) DEFAULT 'healthy' CHECK (status IN ('healthy', 'unhealthy', 'draining')),
  joined_at     timestamptz DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (deployment_id, node_id)
);

CREATE INDEX idx_deployment_nodes_deployment_id ON deployment_nodes (deployment_id);
CREATE INDEX idx_deployment_nodes_node_id ON deployment_nodes (node_id);
CREATE INDEX idx_deployment_nodes_status ON deployment_nodes (status);

-- Down Migration

DROP TABLE deployment_nodes;
DROP TABLE nodes;
DROP TABLE deployments;
DROP TABLE models;
DROP TABLE regions;
