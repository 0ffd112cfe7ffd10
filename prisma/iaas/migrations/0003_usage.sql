-- Up Migration

CREATE TABLE usage_records (
  id                uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  request_id        varchar(255) UNIQUE,
  timestamp         timestamptz DEFAULT CURRENT_TIMESTAMP,
  tenant_id         uuid NOT NULL REFERENCES tenants,
  environment_id    uuid NOT NULL REFERENCES environments,
  api_key_id        uuid REFERENCES api_keys,
  region_id         uuid REFERENCES regions,
  model_id          uuid REFERENCES models,
  node_id           uuid REFERENCES nodes,
  prompt_tokens     integer NOT NULL DEFAULT 0,
  completion_tokens integer NOT NULL DEFAULT 0,
  total_tokens      integer NOT NULL DEFAULT 0,
  cached_tokens     integer DEFAULT 0,
  latency_ms        integer,
  cost_microdollars bigint,
  billed            boolean DEFAULT false,
  billing_failed    boolean DEFAULT false,
  retry_count       integer DEFAULT 0,
  metadata          jsonb DEFAULT '{}'
);

CREATE INDEX idx_usage_records_api_key_id ON usage_records (api_key_id);
CREATE INDEX idx_usage_records_billed ON usage_records (billed);
CREATE INDEX idx_usage_records_environment_id ON usage_records (environment_id);
CREATE INDEX idx_usage_records_model_id ON usage_records (model_id);
CREATE INDEX idx_usage_records_request_id ON usage_records (request_id);
CREATE INDEX idx_usage_records_tenant_id ON usage_records (tenant_id);
CREATE INDEX idx_usage_records_timestamp ON usage_records ("timestamp" DESC);

CREATE TABLE billing_events (
  id                     uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  tenant_id              uuid NOT NULL REFERENCES tenants,
  event_type             varchar(100) NOT NULL CHECK (event_type IN ('usage', 'subscription', 'credit', 'refund')),
  amount_microdollars    bigint NOT NULL,
  currency               varchar(10) DEFAULT 'USD',
  stripe_usage_record_id varchar(255),
  stripe_invoice_id      varchar(255),
  description            text,
  period_start           timestamptz,
  period_end             timestamptz,
  status                 varchar(50) NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'processed', 'failed')),
  metadata               jsonb DEFAULT '{}',
  created_at             timestamptz DEFAULT CURRENT_TIMESTAMP,
  processed_at           timestamptz
);

CREATE INDEX idx_billing_events_created_at ON billing_events (created_at DESC);
CREATE INDEX idx_billing_events_event_type ON billing_events (event_type);
CREATE INDEX idx_billing_events_status ON billing_events (status);
CREATE INDEX idx_billing_events_tenant_id ON billing_events (tenant_id);

-- Down Migration

DROP TABLE billing_events;
DROP TABLE usage_records;
