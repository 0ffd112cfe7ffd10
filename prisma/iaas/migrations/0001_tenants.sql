-- Up Migration

CREATE EXTENSION IF NOT EXISTS "uuid-ossp";

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := CURRENT_TIMESTAMP;
  RETURN NEW;
END
$$;

CREATE TABLE tenants (
  id                               uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  name                             varchar(255) NOT NULL,
  email                            varchar(255) NOT NULL UNIQUE,
  stripe_customer_id               varchar(255) UNIQUE,
  status                           varchar(50) NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'suspended', 'deleted')),
  billing_plan                     varchar(50) NOT NULL DEFAULT 'serverless'
    CHECK (billing_plan IN ('serverless', 'reserved', 'enterprise')),
  reserved_capacity_tokens_per_sec integer DEFAULT 0,
  region_preferences               jsonb DEFAULT '{}',
  created_at                       timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at                       timestamptz DEFAULT CURRENT_TIMESTAMP,
  deleted_at                       timestamptz
);

CREATE INDEX idx_tenants_email ON tenants (email);
CREATE INDEX idx_tenants_status ON tenants (status);
CREATE INDEX idx_tenants_stripe_customer_id ON tenants (stripe_customer_id);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE environments (
  id                      uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  tenant_id               uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  name                    varchar(100) NOT NULL,
  region                  varchar(50) NOT NULL,
  model_list              jsonb DEFAULT '[]',
  quota_tokens_per_day    bigint DEFAULT 1000000,
  quota_tokens_per_minute integer DEFAULT 10000,
  concurrency_limit       integer DEFAULT 10,
  status                  varchar(50) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  created_at              timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at              timestamptz DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (tenant_id, name)
);

CREATE INDEX idx_environments_region ON environments (region);
CREATE INDEX idx_environments_status ON environments (status);
CREATE INDEX idx_environments_tenant_id ON environments (tenant_id);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON environments FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE api_keys (
  id                          uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  key_hash                    text NOT NULL UNIQUE,
  key_prefix                  varchar(20) NOT NULL,
  tenant_id                   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  environment_id              uuid NOT NULL REFERENCES environments ON DELETE CASCADE,
  user_id                     uuid,
  name                        varchar(255),
  role                        varchar(50) NOT NULL DEFAULT 'developer'
    CHECK (role IN ('admin', 'developer', 'read-only')),
  rate_limit_tokens_per_min   integer,
  rate_limit_requests_per_min integer DEFAULT 60,
  concurrency_limit           integer DEFAULT 5,
  status                      varchar(50) NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'suspended', 'revoked')),
  created_at                  timestamptz DEFAULT CURRENT_TIMESTAMP,
  last_used_at                timestamptz,
  expires_at                  timestamptz,
  metadata                    jsonb DEFAULT '{}'
);

CREATE INDEX idx_api_keys_environment_id ON api_keys (environment_id);
CREATE INDEX idx_api_keys_key_hash ON api_keys (key_hash);
CREATE INDEX idx_api_keys_key_prefix ON api_keys (key_prefix);
CREATE INDEX idx_api_keys_status ON api_keys (status);
CREATE INDEX idx_api_keys_tenant_id ON api_keys (tenant_id);

-- Down Migration

DROP TABLE api_keys;
DROP TABLE environments;
DROP TABLE tenants;
DROP FUNCTION touch_updated_at;
