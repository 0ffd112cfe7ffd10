-- Up Migration

CREATE INDEX api_keys_created_at_id_idx ON api_keys (created_at, id);
CREATE INDEX billing_events_created_at_id_idx ON billing_events (created_at, id);
CREATE INDEX deployments_created_at_id_idx ON deployments (created_at, id);
CREATE INDEX environments_name_id_idx ON environments (name, id);
CREATE INDEX nodes_created_at_id_idx ON nodes (created_at, id);
CREATE INDEX notification_deliveries_created_at_id_idx ON notification_deliveries (created_at, id);
CREATE INDEX notification_config_channel_id_idx ON notification_config (channel, id);
CREATE INDEX tenants_created_at_id_idx ON tenants (created_at, id);
CREATE INDEX usage_records_timestamp_id_idx ON usage_records ("timestamp", id);
CREATE INDEX usage_records_tenant_id_timestamp_idx ON usage_records (tenant_id, "timestamp");
CREATE INDEX usage_records_node_id_idx ON usage_records (node_id);
CREATE INDEX usage_records_region_id_idx ON usage_records (region_id);
CREATE INDEX deployments_region_idx ON deployments (region);

-- Down Migration

DROP INDEX deployments_region_idx;
DROP INDEX usage_records_region_id_idx;
DROP INDEX usage_records_node_id_idx;
DROP INDEX usage_records_tenant_id_timestamp_idx;
DROP INDEX usage_records_timestamp_id_idx;
DROP INDEX tenants_created_at_id_idx;
DROP INDEX notification_config_channel_id_idx;
DROP INDEX notification_deliveries_created_at_id_idx;
DROP INDEX nodes_created_at_id_idx;
DROP INDEX environments_name_id_idx;
DROP INDEX deployments_created_at_id_idx;
DROP INDEX billing_events_created_at_id_idx;
DROP INDEX api_keys_created_at_id_idx;
