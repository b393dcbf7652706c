/** What a workspace calls, and what calls it. Secrets are sealed by the vault. */
export const WEBHOOK_CONFIGURATION = `
CREATE TABLE workspace_secret (
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  value bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, name)
);
CREATE TABLE webhook_endpoint (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  url text NOT NULL,
  description text,
  event_types text[] NOT NULL,
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamptz,
  disabled_at timestamptz,
  disabled_reason text,
  failing_since timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoint_by_workspace ON webhook_endpoint (workspace_id, id);
CREATE TRIGGER endpoint_configures AFTER INSERT OR DELETE OR UPDATE OF event_types, disabled_at ON webhook_endpoint
  FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE TABLE incoming_webhook (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  token text NOT NULL UNIQUE,
  verification text NOT NULL,
  header text,
  secret bytea NOT NULL,
  mapping jsonb NOT NULL,
  last_problem text,
  last_problem_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX incoming_webhook_by_workspace ON incoming_webhook (workspace_id, id);
`

/**
 * A call of a webhook node, planned by a tick and made by whichever worker takes it next: `due_at` is when, or, while one
 * is at it, when its claim runs out. HELD waits for its journey to be resumed. A delivery tells one endpoint of one event,
 * and is claimed in the same way; it holds ids and names only, and its body is made of them when it is sent.
 */
export const WEBHOOK_LANED = `
CREATE TABLE webhook_call (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version_id uuid NOT NULL,
  node text NOT NULL,
  visit integer NOT NULL,
  variables json NOT NULL,
  status text NOT NULL,
  due_at timestamptz,
  attempt integer NOT NULL DEFAULT 0,
  answer_status integer,
  failure_code text,
  failure_message text,
  planned_at timestamptz NOT NULL,
  finished_at timestamptz
) WITH (fillfactor = 75);
CREATE INDEX webhook_call_due ON webhook_call (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_call_by_enrollment ON webhook_call (lane, enrollment_id);
CREATE INDEX webhook_call_by_time ON webhook_call USING brin (finished_at);
CREATE INDEX webhook_call_held ON webhook_call (journey_id) WHERE status = 'HELD';
ALTER TABLE webhook_call ADD PRIMARY KEY (lane, id);
CREATE TABLE webhook_delivery (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  type text NOT NULL,
  data json NOT NULL,
  status text NOT NULL,
  due_at timestamptz,
  attempt integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  attempts jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL,
  finished_at timestamptz
) WITH (fillfactor = 75);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery (endpoint_id, id);
CREATE INDEX webhook_delivery_by_time ON webhook_delivery USING brin (created_at);
ALTER TABLE webhook_delivery ADD PRIMARY KEY (lane, id);
`

/** Whose an URL is, before its secret is asked for: as `connection_workspace`, a door that only opens for the exact token. */
export const WEBHOOK_DOOR = `
CREATE FUNCTION incoming_webhook_workspace(given text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT workspace_id FROM incoming_webhook WHERE token = given AND disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION incoming_webhook_workspace(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION incoming_webhook_workspace(text) TO throughline_api;`
