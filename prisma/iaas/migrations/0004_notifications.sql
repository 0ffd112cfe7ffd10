-- Up Migration

CREATE TABLE notification_deliveries (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event_id        varchar(255) NOT NULL,
  event_type      varchar(100) NOT NULL,
  tenant_id       uuid REFERENCES tenants ON DELETE CASCADE,
  channel         varchar(50) NOT NULL,
  destination     text,
  status          varchar(50) NOT NULL DEFAULT 'pending',
  retry_count     integer DEFAULT 0,
  max_retries     integer DEFAULT 3,
  request_payload jsonb,
  response_status integer,
  response_body   text,
  error_message   text,
  created_at      timestamptz DEFAULT CURRENT_TIMESTAMP,
  sent_at         timestamptz,
  failed_at       timestamptz,
  next_retry_at   timestamptz
);

CREATE INDEX idx_notification_deliveries_channel ON notification_deliveries (channel);
CREATE INDEX idx_notification_deliveries_created_at ON notification_deliveries (created_at DESC);
CREATE INDEX idx_notification_deliveries_event_channel ON notification_deliveries (event_id, channel);
CREATE INDEX idx_notification_deliveries_event_id ON notification_deliveries (event_id);
CREATE INDEX idx_notification_deliveries_next_retry ON notification_deliveries (next_retry_at) WHERE status = 'retry';
CREATE INDEX idx_notification_deliveries_status ON notification_deliveries (status);
CREATE INDEX idx_notification_deliveries_tenant_id ON notification_deliveries (tenant_id);

CREATE TABLE notification_config (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  channel     varchar(50) NOT NULL,
  enabled     boolean DEFAULT true,
  destination text,
  event_types text[],
  settings    jsonb DEFAULT '{}',
  created_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
  updated_at  timestamptz DEFAULT CURRENT_TIMESTAMP,
  UNIQUE (tenant_id, channel)
);

CREATE INDEX idx_notification_config_enabled ON notification_config (enabled) WHERE enabled = true;
CREATE INDEX idx_notification_config_tenant_id ON notification_config (tenant_id);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON notification_config FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Down Migration

DROP TABLE notification_config;
DROP TABLE notification_deliveries;
