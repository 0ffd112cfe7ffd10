-- Up Migration

CREATE TYPE userrole AS ENUM ('guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin');

CREATE TABLE organizations (
  id                      serial PRIMARY KEY,
  name                    varchar(255) NOT NULL,
  company                 varchar(255) NOT NULL,
  division                varchar(255),
  max_users               integer,
  max_storage_gb          integer,
  max_gpu_hours_per_month integer,
  created_at              timestamp NOT NULL,
  updated_at              timestamp NOT NULL
);

CREATE INDEX ix_organizations_id ON organizations (id);
CREATE INDEX ix_organizations_company ON organizations (company);

CREATE TABLE users (
  id                     serial PRIMARY KEY,
  keycloak_id            varchar(36),
  email                  varchar(255) NOT NULL,
  hashed_password        varchar(255),
  full_name              varchar(255),
  company                varchar(100),
  company_custom         varchar(255),
  division               varchar(100),
  division_custom        varchar(255),
  department             varchar(255),
  organization_id        integer REFERENCES organizations ON DELETE SET NULL,
  phone_number           varchar(50),
  bio                    text,
  system_role            userrole NOT NULL,
  is_active              boolean NOT NULL,
  avatar_name            varchar(100),
  badge_color            varchar(20),
  password_reset_token   varchar(255),
  password_reset_expires timestamp,
  created_at             timestamp NOT NULL,
  updated_at             timestamp NOT NULL
);

CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE UNIQUE INDEX ix_users_keycloak_id ON users (keycloak_id);
CREATE UNIQUE INDEX ix_users_password_reset_token ON users (password_reset_token);
CREATE INDEX ix_users_id ON users (id);
CREATE INDEX ix_users_organization_id ON users (organization_id);
CREATE INDEX ix_users_system_role ON users (system_role);

-- Down Migration

DROP TABLE users;
DROP TABLE organizations;
DROP TYPE userrole;
