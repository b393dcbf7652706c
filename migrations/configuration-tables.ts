/** Configuration tables: small, read through the ORM, reference tables on Citus. */
export const CONFIGURATION = `
CREATE TABLE workspace (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  data_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE api_key (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_key_by_workspace ON api_key (workspace_id, id);
CREATE TABLE provider_connection (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  channel text NOT NULL,
  provider text NOT NULL,
  name text NOT NULL,
  base_url text,
  credentials bytea NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  priority integer NOT NULL DEFAULT 1,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX provider_connection_one_live ON provider_connection (workspace_id, channel, priority) WHERE disabled_at IS NULL;
CREATE TABLE topic (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX topic_by_name ON topic (workspace_id, name) WHERE deleted_at IS NULL;
CREATE TABLE template (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  channel text NOT NULL,
  channels text[],
  version integer NOT NULL,
  archived_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workspace_id, name)
);
CREATE TABLE template_version (
  template_id uuid NOT NULL REFERENCES template,
  number integer NOT NULL,
  workspace_id uuid NOT NULL REFERENCES workspace,
  variants jsonb NOT NULL,
  variables jsonb NOT NULL DEFAULT '[]',
  partials jsonb,
  when_unknown text NOT NULL DEFAULT 'HOLD',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (template_id, number)
);
CREATE TABLE template_partial (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  text text NOT NULL,
  uses jsonb NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workspace_id, name)
);
CREATE TABLE journey (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  description text,
  status text NOT NULL DEFAULT 'DRAFT',
  draft jsonb,
  live_version_id uuid,
  paused_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX journey_by_workspace ON journey (workspace_id, id);
CREATE TABLE journey_version (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  journey_id uuid NOT NULL REFERENCES journey,
  number integer NOT NULL,
  graph jsonb NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (journey_id, number)
);
ALTER TABLE journey ADD FOREIGN KEY (live_version_id) REFERENCES journey_version;
CREATE TABLE configuration (revision bigint NOT NULL);
INSERT INTO configuration VALUES (1);
CREATE FUNCTION bump_configuration() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN UPDATE configuration SET revision = revision + 1; RETURN NULL; END $$;
CREATE TRIGGER journey_configures AFTER INSERT OR DELETE OR UPDATE OF status, live_version_id, paused_at ON journey
  FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE TRIGGER workspace_configures AFTER INSERT OR UPDATE OF time_zone ON workspace FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE TABLE idempotency (
  workspace_id uuid NOT NULL REFERENCES workspace,
  key text NOT NULL,
  operation text NOT NULL,
  body_hash bytea NOT NULL,
  response jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, key)
);
CREATE UNIQUE INDEX idempotency_of_workspaces ON idempotency (key) WHERE operation = 'createWorkspace';
CREATE INDEX idempotency_by_time ON idempotency USING brin (created_at);
CREATE TABLE unmatched_callback (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  connection_id uuid NOT NULL REFERENCES provider_connection,
  provider_message_id text,
  callback jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX unmatched_callback_by_time ON unmatched_callback (received_at);
`

export const CONFIGURATION_TABLES = [
  'workspace',
  'api_key',
  'provider_connection',
  'topic',
  'template',
  'template_version',
  'template_partial',
  'journey',
  'journey_version',
  'idempotency',
  'unmatched_callback',
  'workspace_secret',
  'webhook_endpoint',
  'incoming_webhook',
  'attachment',
  'provider_circuit',
  'keyword_rule',
  'broadcast',
  'whatsapp_template',
]
