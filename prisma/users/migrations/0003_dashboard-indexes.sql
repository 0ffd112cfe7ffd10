-- Up Migration

CREATE INDEX organizations_name_id_idx ON organizations (name, id);
CREATE INDEX users_created_at_id_idx ON users (created_at, id);
CREATE INDEX project_members_project_id_idx ON project_members (project_id);
CREATE INDEX project_members_user_id_idx ON project_members (user_id);
CREATE INDEX project_members_invited_by_idx ON project_members (invited_by);
CREATE INDEX project_members_joined_at_id_idx ON project_members (joined_at, id);
CREATE INDEX invitations_invitee_id_idx ON invitations (invitee_id);
CREATE INDEX invitations_created_at_id_idx ON invitations (created_at, id);

-- Down Migration

DROP INDEX invitations_created_at_id_idx;
DROP INDEX invitations_invitee_id_idx;
DROP INDEX project_members_joined_at_id_idx;
DROP INDEX project_members_invited_by_idx;
DROP INDEX project_members_user_id_idx;
DROP INDEX project_members_project_id_idx;
DROP INDEX users_created_at_id_idx;
DROP INDEX organizations_name_id_idx;
