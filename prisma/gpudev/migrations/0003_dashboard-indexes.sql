-- Up Migration

CREATE INDEX reservations_created_at_reservation_id_idx ON reservations (created_at, reservation_id);
CREATE INDEX reservations_secondary_users_idx ON reservations USING gin (secondary_users jsonb_path_ops);
CREATE INDEX disks_last_used_disk_id_idx ON disks (last_used, disk_id);
CREATE INDEX api_keys_created_at_key_id_idx ON api_keys (created_at, key_id);

-- Down Migration

DROP INDEX api_keys_created_at_key_id_idx;
DROP INDEX disks_last_used_disk_id_idx;
DROP INDEX reservations_secondary_users_idx;
DROP INDEX reservations_created_at_reservation_id_idx;
