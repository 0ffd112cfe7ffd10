-- Up Migration

-- A role named tributary has this schema first on its search path: no table here may have the name of one that other
-- programs use in the same database, such as the platform's sessions.

CREATE TABLE tributary.signing_keys (
  kid          text PRIMARY KEY,
  algorithm    text NOT NULL,
  private_jwk  jsonb NOT NULL,
  public_jwk   jsonb NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  activates_at timestamptz NOT NULL DEFAULT now(),
  retires_at   timestamptz
);

COMMENT ON TABLE tributary.signing_keys IS 'Keys that sign access tokens; one verifies until it retires.';

CREATE TABLE tributary.user_sessions (
  id           uuid PRIMARY KEY,
  user_id      integer NOT NULL,
  audience     text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  end_reason   text,
  address      text NOT NULL,
  user_agent   text,
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

COMMENT ON TABLE tributary.user_sessions IS 'Sign-ins; each is a family of refresh tokens, of which the newest is good.';

CREATE INDEX user_sessions_open ON tributary.user_sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX user_sessions_ended ON tributary.user_sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE tributary.refresh_tokens (
  hash       bytea PRIMARY KEY,
  session    uuid NOT NULL REFERENCES tributary.user_sessions ON DELETE CASCADE,
  issued_at  timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);

COMMENT ON COLUMN tributary.refresh_tokens.hash IS 'SHA-256 of the token, which is nowhere itself.';

CREATE INDEX refresh_tokens_session ON tributary.refresh_tokens (session);
CREATE INDEX refresh_tokens_expires_at ON tributary.refresh_tokens (expires_at);

CREATE TABLE tributary.user_epochs (
  user_id     integer PRIMARY KEY,
  valid_after timestamptz NOT NULL DEFAULT '-infinity'
);

COMMENT ON TABLE tributary.user_epochs IS 'Sign-outs everywhere: what was issued to the user before then is void.';

CREATE INDEX user_epochs_valid_after ON tributary.user_epochs (valid_after);

CREATE TABLE tributary.sign_in_attempts (
  kind              text NOT NULL CHECK (kind IN ('account', 'address')),
  subject           text NOT NULL,
  window_started_at timestamptz NOT NULL,
  attempts          integer NOT NULL,
  PRIMARY KEY (kind, subject)
);

COMMENT ON COLUMN tributary.sign_in_attempts.subject IS 'SHA-256 of the e-mail address in lower case, or a network address.';

CREATE INDEX sign_in_attempts_window ON tributary.sign_in_attempts (window_started_at);

CREATE TABLE tributary.idempotency_keys (
  actor        text NOT NULL,
  action       text NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  answer       jsonb,
  PRIMARY KEY (actor, action, key)
);

CREATE INDEX idempotency_keys_created_at ON tributary.idempotency_keys (created_at);

CREATE TABLE tributary.audit_log (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT now(),
  actor       text NOT NULL,
  action      text NOT NULL,
  target      text,
  address     text NOT NULL,
  request_id  text NOT NULL,
  outcome     text,
  finished_at timestamptz,
  detail      jsonb
);

COMMENT ON COLUMN tributary.audit_log.outcome IS 'SUCCESS or the code of the error; empty when the process ended before it knew.';

CREATE INDEX audit_log_at ON tributary.audit_log (at);
CREATE INDEX audit_log_actor ON tributary.audit_log (actor, at);

-- Down Migration

DROP TABLE tributary.audit_log;
DROP TABLE tributary.idempotency_keys;
DROP TABLE tributary.sign_in_attempts;
DROP TABLE tributary.user_epochs;
DROP TABLE tributary.refresh_tokens;
DROP TABLE tributary.user_sessions;
DROP TABLE tributary.signing_keys;
