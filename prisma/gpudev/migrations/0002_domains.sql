-- Up Migration

CREATE TABLE domain_mappings (
  domain_name    varchar(255) PRIMARY KEY,
  node_ip        varchar(50) NOT NULL,
  node_port      integer NOT NULL,
  reservation_id varchar(255) NOT NULL REFERENCES reservations ON DELETE CASCADE,
  expires_at     timestamptz NOT NULL,
  created_at     timestamptz DEFAULT now(),
  updated_at     timestamptz DEFAULT now()
);

CREATE INDEX idx_domain_mappings_reservation_id ON domain_mappings (reservation_id);

CREATE TABLE alb_target_groups (
  reservation_id           varchar(255) PRIMARY KEY REFERENCES reservations ON DELETE CASCADE,
  domain_name              varchar(255) NOT NULL,
  jupyter_target_group_arn text,
  jupyter_rule_arn         text,
  expires_at               timestamptz NOT NULL,
  created_at               timestamptz DEFAULT now(),
  updated_at               timestamptz DEFAULT now()
);

-- Down Migration

DROP TABLE alb_target_groups;
DROP TABLE domain_mappings;
