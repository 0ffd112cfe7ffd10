-- Up Migration

CREATE TYPE invitationstatus AS ENUM ('PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'CANCELLED');
CREATE TYPE invitationtype AS ENUM ('ORGANIZATION', 'PROJECT', 'DATASET');

-- project_id names a row of the platform database, so no key can hold it.
CREATE TABLE project_members (
  id         serial PRIMARY KEY,
  project_id integer NOT NULL,
  user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
  role       varchar(20) NOT NULL,
  invited_by integer REFERENCES users ON DELETE SET NULL,
  joined_at  timestamp NOT NULL
);

CREATE INDEX ix_project_members_id ON project_members (id);

CREATE TABLE invitations (
  id              serial PRIMARY KEY,
  token           varchar(255) NOT NULL,
  invitation_type invitationtype NOT NULL,
  status          invitationstatus NOT NULL,
  organization_id integer REFERENCES organizations ON DELETE CASCADE,
  project_id      integer,
  dataset_id      varchar(100),
  inviter_id      integer NOT NULL REFERENCES users ON DELETE CASCADE,
  invitee_email   varchar(255) NOT NULL,
  invitee_id      integer REFERENCES users ON DELETE SET NULL,
  invitee_role    userrole NOT NULL,
  message         text,
  expires_at      timestamp NOT NULL,
  created_at      timestamp NOT NULL,
  accepted_at     timestamp
);

CREATE UNIQUE INDEX ix_invitations_token ON invitations (token);
CREATE INDEX ix_invitations_id ON invitations (id);
CREATE INDEX ix_invitations_invitation_type ON invitations (invitation_type);
CREATE INDEX ix_invitations_status ON invitations (status);
CREATE INDEX ix_invitations_organization_id ON invitations (organization_id);
CREATE INDEX ix_invitations_project_id ON invitations (project_id);
CREATE INDEX ix_invitations_dataset_id ON invitations (dataset_id);
CREATE INDEX ix_invitations_inviter_id ON invitations (inviter_id);
CREATE INDEX ix_invitations_invitee_email ON invitations (invitee_email);

-- Down Migration

DROP TABLE invitations;
DROP TABLE project_members;
DROP TYPE invitationtype;
DROP TYPE invitationstatus;
