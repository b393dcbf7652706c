-- Emitted by `npm run database-schema` from the catalogue of a migrated database. Not edited by hand.

CREATE TABLE api_key (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL,
  scopes text[] NOT NULL,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT api_key_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT api_key_pkey PRIMARY KEY (id),
  CONSTRAINT api_key_hash_key UNIQUE (hash)
);
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE INDEX api_key_by_workspace ON api_key USING btree (workspace_id, id);
CREATE POLICY api ON api_key TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON api_key TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON api_key TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON api_key TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON api_key TO throughline_worker;

CREATE TABLE attachment (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  content_type text NOT NULL,
  size integer NOT NULL,
  content bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT attachment_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT attachment_pkey PRIMARY KEY (id)
);
ALTER TABLE attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachment FORCE ROW LEVEL SECURITY;
CREATE INDEX attachment_by_workspace ON attachment USING btree (workspace_id, id);
CREATE POLICY api ON attachment TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON attachment TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON attachment TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON attachment TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON attachment TO throughline_worker;

CREATE TABLE broadcast (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  template_id uuid NOT NULL,
  channel text NOT NULL,
  devices text,
  topic_id uuid,
  purpose text NOT NULL,
  audience jsonb,
  recipients uuid[],
  listed integer,
  vars jsonb NOT NULL DEFAULT '{}'::jsonb,
  per_second integer NOT NULL,
  status text NOT NULL,
  starts_at timestamp with time zone NOT NULL,
  runner uuid,
  cursor uuid,
  handed integer NOT NULL DEFAULT 0,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  ended_at timestamp with time zone,
  CONSTRAINT broadcast_template_id_fkey FOREIGN KEY (template_id) REFERENCES template(id),
  CONSTRAINT broadcast_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES topic(id),
  CONSTRAINT broadcast_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT broadcast_pkey PRIMARY KEY (id)
);
ALTER TABLE broadcast ENABLE ROW LEVEL SECURITY;
ALTER TABLE broadcast FORCE ROW LEVEL SECURITY;
CREATE INDEX broadcast_by_workspace ON broadcast USING btree (workspace_id, id);
CREATE POLICY api ON broadcast TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON broadcast TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON broadcast TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON broadcast TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON broadcast TO throughline_worker;

CREATE TABLE channel_identity (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL,
  status text NOT NULL DEFAULT 'ACTIVE'::text,
  address bytea NOT NULL,
  blind_index text NOT NULL,
  platform text,
  last_seen_at timestamp with time zone NOT NULL DEFAULT now(),
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT channel_identity_pkey PRIMARY KEY (lane, id)
);
ALTER TABLE channel_identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE channel_identity FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX channel_identity_once ON channel_identity USING btree (lane, contact_id, channel, blind_index);
CREATE POLICY api ON channel_identity TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON channel_identity TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON channel_identity TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON channel_identity TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON channel_identity TO throughline_worker;

CREATE TABLE configuration (
  revision bigint NOT NULL
);
GRANT SELECT ON configuration TO throughline_api;
GRANT SELECT ON configuration TO throughline_worker;

CREATE TABLE consent (
  lane smallint NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT ''::text,
  topic_id text NOT NULL DEFAULT ''::text,
  workspace_id uuid NOT NULL,
  state text NOT NULL,
  source text NOT NULL,
  purpose text NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT consent_pkey PRIMARY KEY (lane, contact_id, channel, topic_id)
);
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON consent TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON consent TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON consent TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON consent TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON consent TO throughline_worker;

CREATE TABLE consent_change (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT ''::text,
  topic_id text NOT NULL DEFAULT ''::text,
  state text NOT NULL,
  source text NOT NULL,
  purpose text NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT consent_change_pkey PRIMARY KEY (lane, id)
);
ALTER TABLE consent_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent_change FORCE ROW LEVEL SECURITY;
CREATE INDEX consent_change_by_contact ON consent_change USING btree (lane, contact_id, at, id);
CREATE POLICY api ON consent_change TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON consent_change TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON consent_change TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON consent_change TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON consent_change TO throughline_worker;

CREATE TABLE contact (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  external_id text,
  attributes jsonb NOT NULL DEFAULT '{}'::jsonb,
  tags text[] NOT NULL DEFAULT '{}'::text[],
  locale text,
  time_zone text,
  merged_into uuid,
  linked uuid[] NOT NULL DEFAULT '{}'::uuid[],
  suppressed_at timestamp with time zone,
  erased_at timestamp with time zone,
  consent_revision integer NOT NULL DEFAULT 0,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT contact_pkey PRIMARY KEY (lane, id)
);
ALTER TABLE contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact FORCE ROW LEVEL SECURITY;
CREATE INDEX contact_by_workspace ON contact USING btree (workspace_id, id);
CREATE POLICY api ON contact TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON contact TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON contact TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON contact TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON contact TO throughline_worker;

CREATE TABLE contact_alias (
  lane smallint NOT NULL,
  workspace_id uuid NOT NULL,
  reference text NOT NULL,
  contact_id uuid NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT contact_alias_pkey PRIMARY KEY (lane, workspace_id, reference)
);
ALTER TABLE contact_alias ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact_alias FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON contact_alias TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON contact_alias TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON contact_alias TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON contact_alias TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON contact_alias TO throughline_worker;

CREATE TABLE conversion (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version_id uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  goal text NOT NULL,
  value numeric,
  event_id uuid NOT NULL,
  at timestamp with time zone NOT NULL,
  recorded_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT conversion_pkey PRIMARY KEY (lane, id)
);
ALTER TABLE conversion ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversion FORCE ROW LEVEL SECURITY;
CREATE INDEX conversion_by_enrollment ON conversion USING btree (lane, enrollment_id);
CREATE INDEX conversion_in_timeline ON conversion USING btree (lane, contact_id, recorded_at, id);
CREATE POLICY api ON conversion TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON conversion TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON conversion TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON conversion TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON conversion TO throughline_worker;

CREATE TABLE enrollment (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  key text NOT NULL DEFAULT ''::text,
  status text NOT NULL,
  node text,
  due_at timestamp with time zone,
  frozen_due_at timestamp with time zone,
  state text NOT NULL,
  entered_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  end_reason text,
  CONSTRAINT enrollment_pkey PRIMARY KEY (lane, id)
) WITH (fillfactor=80);
ALTER TABLE enrollment ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollment FORCE ROW LEVEL SECURITY;
CREATE INDEX enrollment_active ON enrollment USING btree (lane, contact_id) WHERE (status = 'ACTIVE'::text);
CREATE INDEX enrollment_by_journey ON enrollment USING btree (journey_id, id);
CREATE INDEX enrollment_due ON enrollment USING btree (lane, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX enrollment_ended ON enrollment USING btree (lane, contact_id, id) WHERE (status <> 'ACTIVE'::text);
CREATE INDEX enrollment_frozen ON enrollment USING btree (journey_id) WHERE (frozen_due_at IS NOT NULL);
CREATE POLICY api ON enrollment TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON enrollment TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON enrollment TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON enrollment TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON enrollment TO throughline_worker;

CREATE TABLE entry_slot (
  lane smallint NOT NULL,
  journey_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  key text NOT NULL DEFAULT ''::text,
  workspace_id uuid NOT NULL,
  enrollment_id uuid,
  last_entered_at timestamp with time zone,
  last_event_id uuid,
  CONSTRAINT entry_slot_pkey PRIMARY KEY (lane, journey_id, contact_id, key)
);
ALTER TABLE entry_slot ENABLE ROW LEVEL SECURITY;
ALTER TABLE entry_slot FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON entry_slot TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON entry_slot TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON entry_slot TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON entry_slot TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON entry_slot TO throughline_worker;

CREATE TABLE event (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  message_id text,
  name text NOT NULL,
  properties jsonb NOT NULL,
  occurred_at timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (lane, received_at, id)
) PARTITION BY RANGE (received_at);
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE INDEX event_by_contact ON ONLY event USING btree (lane, contact_id, name, occurred_at);
CREATE INDEX event_in_timeline ON ONLY event USING btree (lane, contact_id, received_at, id);
CREATE POLICY api ON event TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON event TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON event TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON event TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON event TO throughline_worker;

CREATE TABLE event_rest PARTITION OF event DEFAULT;

CREATE TABLE idempotency (
  workspace_id uuid NOT NULL,
  key text NOT NULL,
  operation text NOT NULL,
  body_hash bytea NOT NULL,
  response jsonb,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT idempotency_pkey PRIMARY KEY (workspace_id, key)
);
ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency FORCE ROW LEVEL SECURITY;
CREATE INDEX idempotency_by_time ON idempotency USING brin (created_at);
CREATE UNIQUE INDEX idempotency_of_workspaces ON idempotency USING btree (key) WHERE (operation = 'createWorkspace'::text);
CREATE POLICY api ON idempotency TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON idempotency TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON idempotency TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency TO throughline_worker;

CREATE TABLE in_app_message (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  key text,
  surface text NOT NULL,
  priority smallint NOT NULL,
  platforms text[],
  screens text[],
  events text[],
  content json NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  expires_at timestamp with time zone NOT NULL,
  sent_at timestamp with time zone NOT NULL DEFAULT now(),
  delivered_at timestamp with time zone,
  seen_at timestamp with time zone,
  clicked_at timestamp with time zone,
  dismissed_at timestamp with time zone,
  changed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT in_app_message_pkey PRIMARY KEY (lane, id)
) WITH (fillfactor=80);
ALTER TABLE in_app_message ENABLE ROW LEVEL SECURITY;
ALTER TABLE in_app_message FORCE ROW LEVEL SECURITY;
CREATE INDEX in_app_message_by_time ON in_app_message USING brin (LEAST(expires_at, dismissed_at));
CREATE UNIQUE INDEX in_app_message_one_per_key ON in_app_message USING btree (lane, contact_id, key);
CREATE INDEX in_app_message_showing ON in_app_message USING btree (lane, contact_id, priority, id) WHERE (dismissed_at IS NULL);
CREATE POLICY api ON in_app_message TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON in_app_message TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON in_app_message TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON in_app_message TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON in_app_message TO throughline_worker;

CREATE TABLE inbox (
  lane smallint NOT NULL,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  contact_id uuid,
  reference text,
  data text NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT inbox_pkey PRIMARY KEY (lane, seq)
) WITH (autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=5000, autovacuum_analyze_scale_factor=10);
ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON inbox TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON inbox TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON inbox TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON inbox TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON inbox TO throughline_worker;

CREATE TABLE inbox_guard (
  lane smallint NOT NULL,
  digest uuid NOT NULL,
  workspace_id uuid NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT inbox_guard_pkey PRIMARY KEY (lane, digest)
);
ALTER TABLE inbox_guard ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_guard FORCE ROW LEVEL SECURITY;
CREATE INDEX inbox_guard_by_time ON inbox_guard USING brin (received_at);
CREATE POLICY api ON inbox_guard TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON inbox_guard TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON inbox_guard TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON inbox_guard TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON inbox_guard TO throughline_worker;

CREATE TABLE incoming_webhook (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  token text NOT NULL,
  verification text NOT NULL,
  header text,
  secret bytea NOT NULL,
  mapping jsonb NOT NULL,
  last_problem text,
  last_problem_at timestamp with time zone,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT incoming_webhook_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT incoming_webhook_pkey PRIMARY KEY (id),
  CONSTRAINT incoming_webhook_token_key UNIQUE (token)
);
ALTER TABLE incoming_webhook ENABLE ROW LEVEL SECURITY;
ALTER TABLE incoming_webhook FORCE ROW LEVEL SECURITY;
CREATE INDEX incoming_webhook_by_workspace ON incoming_webhook USING btree (workspace_id, id);
CREATE POLICY api ON incoming_webhook TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON incoming_webhook TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON incoming_webhook TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON incoming_webhook TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON incoming_webhook TO throughline_worker;

CREATE TABLE journal (
  lane smallint NOT NULL,
  at timestamp with time zone NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  enrollment_id uuid,
  seq integer NOT NULL,
  input text NOT NULL,
  decisions text NOT NULL,
  CONSTRAINT journal_pkey PRIMARY KEY (lane, at, id)
) PARTITION BY RANGE (at);
ALTER TABLE journal ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal FORCE ROW LEVEL SECURITY;
CREATE INDEX journal_in_timeline ON ONLY journal USING btree (lane, contact_id, at) WHERE (enrollment_id IS NOT NULL);
CREATE INDEX journal_refusals ON ONLY journal USING btree (lane, contact_id, at) WHERE (enrollment_id IS NULL);
CREATE POLICY api ON journal TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON journal TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON journal TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON journal TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON journal TO throughline_worker;

CREATE TABLE journal_rest PARTITION OF journal DEFAULT;

CREATE TABLE journey (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  status text NOT NULL DEFAULT 'DRAFT'::text,
  draft jsonb,
  live_version_id uuid,
  paused_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT journey_live_version_id_fkey FOREIGN KEY (live_version_id) REFERENCES journey_version(id),
  CONSTRAINT journey_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT journey_pkey PRIMARY KEY (id)
);
ALTER TABLE journey ENABLE ROW LEVEL SECURITY;
ALTER TABLE journey FORCE ROW LEVEL SECURITY;
CREATE INDEX journey_by_workspace ON journey USING btree (workspace_id, id);
CREATE TRIGGER journey_configures AFTER INSERT OR DELETE OR UPDATE OF status, live_version_id, paused_at ON public.journey FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE POLICY api ON journey TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON journey TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON journey TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON journey TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON journey TO throughline_worker;

CREATE TABLE journey_version (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  number integer NOT NULL,
  graph jsonb NOT NULL,
  published_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT journey_version_journey_id_fkey FOREIGN KEY (journey_id) REFERENCES journey(id),
  CONSTRAINT journey_version_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT journey_version_pkey PRIMARY KEY (id),
  CONSTRAINT journey_version_journey_id_number_key UNIQUE (journey_id, number)
);
ALTER TABLE journey_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE journey_version FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON journey_version TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON journey_version TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON journey_version TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON journey_version TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON journey_version TO throughline_worker;

CREATE TABLE keyword_rule (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  channel text NOT NULL,
  action text NOT NULL,
  keywords text[] NOT NULL DEFAULT '{}'::text[],
  template_id uuid,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT keyword_rule_template_id_fkey FOREIGN KEY (template_id) REFERENCES template(id),
  CONSTRAINT keyword_rule_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT keyword_rule_pkey PRIMARY KEY (id)
);
ALTER TABLE keyword_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE keyword_rule FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX keyword_rule_answers_once ON keyword_rule USING btree (workspace_id, channel, action) WHERE (keywords = '{}'::text[]);
CREATE INDEX keyword_rule_by_workspace ON keyword_rule USING btree (workspace_id, id);
CREATE TRIGGER keyword_rule_configures AFTER INSERT OR DELETE OR UPDATE ON public.keyword_rule FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE POLICY api ON keyword_rule TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON keyword_rule TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON keyword_rule TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON keyword_rule TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON keyword_rule TO throughline_worker;

CREATE TABLE lane (
  lane smallint NOT NULL,
  CONSTRAINT lane_pkey PRIMARY KEY (lane)
);
GRANT SELECT ON lane TO throughline_api;
GRANT SELECT, UPDATE ON lane TO throughline_worker;

CREATE TABLE message (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  enrollment_id uuid,
  journey_id uuid,
  version_id uuid,
  node text,
  visit integer NOT NULL DEFAULT 0,
  broadcast_id uuid,
  channel text NOT NULL,
  purpose text NOT NULL,
  topic_id uuid,
  template_id uuid NOT NULL,
  template_version integer,
  identity_id uuid,
  connection_id uuid,
  provider text,
  provider_message_id text,
  status text NOT NULL,
  due_at timestamp with time zone,
  useful_for bigint,
  attempt integer NOT NULL DEFAULT 0,
  dedupe_key text,
  failure_code text,
  failure_class text,
  failure_message text,
  opened_at timestamp with time zone,
  clicked_at timestamp with time zone,
  replied_at timestamp with time zone,
  machine_opened_at timestamp with time zone,
  machine_clicked_at timestamp with time zone,
  variables json,
  content bytea,
  cost numeric,
  planned_at timestamp with time zone NOT NULL,
  dispatching_at timestamp with time zone,
  sent_at timestamp with time zone,
  delivered_at timestamp with time zone,
  CONSTRAINT message_pkey PRIMARY KEY (lane, id)
) WITH (fillfactor=75);
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
CREATE INDEX message_by_broadcast ON message USING btree (broadcast_id, status) WHERE (broadcast_id IS NOT NULL);
CREATE INDEX message_by_contact ON message USING btree (lane, contact_id, planned_at, id);
CREATE INDEX message_by_provider_id ON message USING btree (provider_message_id) WHERE (provider_message_id IS NOT NULL);
CREATE INDEX message_dedupe ON message USING btree (lane, contact_id, dedupe_key) WHERE (dedupe_key IS NOT NULL);
CREATE INDEX message_dispatching ON message USING btree (lane, dispatching_at) WHERE (status = 'DISPATCHING'::text);
CREATE INDEX message_due ON message USING btree (lane, due_at) WHERE (due_at IS NOT NULL);
CREATE POLICY api ON message TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON message TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON message TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON message TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON message TO throughline_worker;

CREATE TABLE message_status (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  message_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  status text NOT NULL,
  human boolean,
  detail jsonb,
  at timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL,
  CONSTRAINT message_status_pkey PRIMARY KEY (lane, received_at, id)
) PARTITION BY RANGE (received_at);
ALTER TABLE message_status ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_status FORCE ROW LEVEL SECURITY;
CREATE INDEX message_status_by_message ON ONLY message_status USING btree (lane, message_id);
CREATE INDEX message_status_in_timeline ON ONLY message_status USING btree (lane, contact_id, received_at, id);
CREATE POLICY api ON message_status TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON message_status TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON message_status TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON message_status TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON message_status TO throughline_worker;

CREATE TABLE message_status_rest PARTITION OF message_status DEFAULT;

CREATE TABLE migration (
  id integer NOT NULL DEFAULT nextval('migration_id_seq'::regclass),
  name character varying(255) NOT NULL,
  executed_at timestamp(6) with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  CONSTRAINT migration_pkey PRIMARY KEY (id)
);

CREATE TABLE node_stats (
  lane smallint NOT NULL,
  version_id uuid NOT NULL,
  node text NOT NULL,
  metric text NOT NULL,
  hour timestamp with time zone NOT NULL,
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  n bigint NOT NULL DEFAULT 0,
  amount numeric NOT NULL DEFAULT 0,
  CONSTRAINT node_stats_pkey PRIMARY KEY (lane, version_id, node, metric, hour)
) WITH (fillfactor=50);
ALTER TABLE node_stats ENABLE ROW LEVEL SECURITY;
ALTER TABLE node_stats FORCE ROW LEVEL SECURITY;
CREATE INDEX node_stats_by_journey ON node_stats USING btree (journey_id, hour);
CREATE POLICY api ON node_stats TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON node_stats TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON node_stats TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON node_stats TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON node_stats TO throughline_worker;

CREATE TABLE provider_circuit (
  connection_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  open_until timestamp with time zone,
  code text NOT NULL,
  failed_at timestamp with time zone NOT NULL,
  CONSTRAINT provider_circuit_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES provider_connection(id),
  CONSTRAINT provider_circuit_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT provider_circuit_pkey PRIMARY KEY (connection_id)
);
ALTER TABLE provider_circuit ENABLE ROW LEVEL SECURITY;
ALTER TABLE provider_circuit FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON provider_circuit TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON provider_circuit TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON provider_circuit TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON provider_circuit TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON provider_circuit TO throughline_worker;

CREATE TABLE provider_connection (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  channel text NOT NULL,
  provider text NOT NULL,
  name text NOT NULL,
  base_url text,
  credentials bytea NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}'::jsonb,
  priority integer NOT NULL DEFAULT 1,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT provider_connection_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT provider_connection_pkey PRIMARY KEY (id)
);
ALTER TABLE provider_connection ENABLE ROW LEVEL SECURITY;
ALTER TABLE provider_connection FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX provider_connection_one_live ON provider_connection USING btree (workspace_id, channel, priority) WHERE (disabled_at IS NULL);
CREATE POLICY api ON provider_connection TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON provider_connection TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON provider_connection TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON provider_connection TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON provider_connection TO throughline_worker;

CREATE TABLE short_link (
  lane smallint NOT NULL,
  code text NOT NULL,
  workspace_id uuid NOT NULL,
  message_id uuid NOT NULL,
  url text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT short_link_pkey PRIMARY KEY (lane, code)
);
ALTER TABLE short_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE short_link FORCE ROW LEVEL SECURITY;
CREATE INDEX short_link_by_message ON short_link USING btree (lane, message_id);
CREATE INDEX short_link_by_time ON short_link USING brin (created_at);
CREATE POLICY api ON short_link TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON short_link TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON short_link TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON short_link TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON short_link TO throughline_worker;

CREATE TABLE template (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  channel text NOT NULL,
  channels text[],
  version integer NOT NULL,
  archived_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT template_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT template_pkey PRIMARY KEY (id),
  CONSTRAINT template_workspace_id_name_key UNIQUE (workspace_id, name)
);
ALTER TABLE template ENABLE ROW LEVEL SECURITY;
ALTER TABLE template FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON template TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON template TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON template TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON template TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON template TO throughline_worker;

CREATE TABLE template_partial (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  text text NOT NULL,
  uses jsonb NOT NULL,
  version integer NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT template_partial_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT template_partial_pkey PRIMARY KEY (id),
  CONSTRAINT template_partial_workspace_id_name_key UNIQUE (workspace_id, name)
);
ALTER TABLE template_partial ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_partial FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON template_partial TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON template_partial TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON template_partial TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON template_partial TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON template_partial TO throughline_worker;

CREATE TABLE template_version (
  template_id uuid NOT NULL,
  number integer NOT NULL,
  workspace_id uuid NOT NULL,
  variants jsonb NOT NULL,
  variables jsonb NOT NULL DEFAULT '[]'::jsonb,
  partials jsonb,
  when_unknown text NOT NULL DEFAULT 'HOLD'::text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT template_version_template_id_fkey FOREIGN KEY (template_id) REFERENCES template(id),
  CONSTRAINT template_version_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT template_version_pkey PRIMARY KEY (template_id, number)
);
ALTER TABLE template_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE template_version FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON template_version TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON template_version TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON template_version TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON template_version TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON template_version TO throughline_worker;

CREATE TABLE topic (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  deleted_at timestamp with time zone,
  CONSTRAINT topic_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT topic_pkey PRIMARY KEY (id)
);
ALTER TABLE topic ENABLE ROW LEVEL SECURITY;
ALTER TABLE topic FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX topic_by_name ON topic USING btree (workspace_id, name) WHERE (deleted_at IS NULL);
CREATE POLICY api ON topic TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON topic TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON topic TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON topic TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON topic TO throughline_worker;

CREATE TABLE unmatched_callback (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  provider_message_id text,
  callback jsonb NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT unmatched_callback_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES provider_connection(id),
  CONSTRAINT unmatched_callback_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT unmatched_callback_pkey PRIMARY KEY (id)
);
ALTER TABLE unmatched_callback ENABLE ROW LEVEL SECURITY;
ALTER TABLE unmatched_callback FORCE ROW LEVEL SECURITY;
CREATE INDEX unmatched_callback_by_time ON unmatched_callback USING btree (received_at);
CREATE POLICY api ON unmatched_callback TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON unmatched_callback TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON unmatched_callback TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON unmatched_callback TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON unmatched_callback TO throughline_worker;

CREATE TABLE watch (
  lane smallint NOT NULL,
  journey_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  node text NOT NULL,
  key text NOT NULL DEFAULT ''::text,
  workspace_id uuid NOT NULL,
  due_at timestamp with time zone NOT NULL,
  frozen boolean NOT NULL DEFAULT false,
  event jsonb,
  CONSTRAINT watch_pkey PRIMARY KEY (lane, journey_id, contact_id, node, key)
);
ALTER TABLE watch ENABLE ROW LEVEL SECURITY;
ALTER TABLE watch FORCE ROW LEVEL SECURITY;
CREATE INDEX watch_due ON watch USING btree (lane, due_at) WHERE (NOT frozen);
CREATE POLICY api ON watch TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON watch TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON watch TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON watch TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON watch TO throughline_worker;

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
  due_at timestamp with time zone,
  attempt integer NOT NULL DEFAULT 0,
  answer_status integer,
  failure_code text,
  failure_message text,
  planned_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT webhook_call_pkey PRIMARY KEY (lane, id)
) WITH (fillfactor=75);
ALTER TABLE webhook_call ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_call FORCE ROW LEVEL SECURITY;
CREATE INDEX webhook_call_by_enrollment ON webhook_call USING btree (lane, enrollment_id);
CREATE INDEX webhook_call_by_time ON webhook_call USING brin (finished_at);
CREATE INDEX webhook_call_due ON webhook_call USING btree (lane, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX webhook_call_held ON webhook_call USING btree (journey_id) WHERE (status = 'HELD'::text);
CREATE POLICY api ON webhook_call TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON webhook_call TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON webhook_call TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_call TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_call TO throughline_worker;

CREATE TABLE webhook_delivery (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  type text NOT NULL,
  data json NOT NULL,
  status text NOT NULL,
  due_at timestamp with time zone,
  attempt integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  attempts jsonb NOT NULL DEFAULT '[]'::jsonb,
  created_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT webhook_delivery_pkey PRIMARY KEY (lane, id)
) WITH (fillfactor=75);
ALTER TABLE webhook_delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_delivery FORCE ROW LEVEL SECURITY;
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery USING btree (endpoint_id, id);
CREATE INDEX webhook_delivery_by_time ON webhook_delivery USING brin (created_at);
CREATE INDEX webhook_delivery_due ON webhook_delivery USING btree (endpoint_id, due_at) WHERE (due_at IS NOT NULL);
CREATE POLICY api ON webhook_delivery TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON webhook_delivery TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON webhook_delivery TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_delivery TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_delivery TO throughline_worker;

CREATE TABLE webhook_endpoint (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  url text NOT NULL,
  description text,
  event_types text[] NOT NULL,
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamp with time zone,
  disabled_at timestamp with time zone,
  disabled_reason text,
  failing_since timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT webhook_endpoint_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (id)
);
ALTER TABLE webhook_endpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoint FORCE ROW LEVEL SECURITY;
CREATE INDEX webhook_endpoint_by_workspace ON webhook_endpoint USING btree (workspace_id, id);
CREATE TRIGGER endpoint_configures AFTER INSERT OR DELETE OR UPDATE OF event_types, disabled_at ON public.webhook_endpoint FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE POLICY api ON webhook_endpoint TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON webhook_endpoint TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON webhook_endpoint TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_endpoint TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_endpoint TO throughline_worker;

CREATE TABLE whatsapp_template (
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  provider_id text NOT NULL,
  name text NOT NULL,
  language text NOT NULL,
  category text,
  status text NOT NULL,
  reason text,
  components jsonb NOT NULL,
  slots jsonb NOT NULL,
  reviewed_at timestamp with time zone,
  synced_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT whatsapp_template_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES provider_connection(id),
  CONSTRAINT whatsapp_template_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT whatsapp_template_pkey PRIMARY KEY (id),
  CONSTRAINT whatsapp_template_connection_id_provider_id_key UNIQUE (connection_id, provider_id)
);
ALTER TABLE whatsapp_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE whatsapp_template FORCE ROW LEVEL SECURITY;
CREATE INDEX whatsapp_template_by_name ON whatsapp_template USING btree (connection_id, name);
CREATE INDEX whatsapp_template_by_workspace ON whatsapp_template USING btree (workspace_id, id);
CREATE POLICY api ON whatsapp_template TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON whatsapp_template TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON whatsapp_template TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON whatsapp_template TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON whatsapp_template TO throughline_worker;

CREATE TABLE whatsapp_window (
  lane smallint NOT NULL,
  identity_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  open_until timestamp with time zone NOT NULL,
  CONSTRAINT whatsapp_window_pkey PRIMARY KEY (lane, identity_id, connection_id)
) WITH (fillfactor=80);
ALTER TABLE whatsapp_window ENABLE ROW LEVEL SECURITY;
ALTER TABLE whatsapp_window FORCE ROW LEVEL SECURITY;
CREATE INDEX whatsapp_window_by_time ON whatsapp_window USING brin (open_until);
CREATE POLICY api ON whatsapp_window TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON whatsapp_window TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON whatsapp_window TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON whatsapp_window TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON whatsapp_window TO throughline_worker;

CREATE TABLE workspace (
  id uuid NOT NULL,
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC'::text,
  data_key bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT workspace_pkey PRIMARY KEY (id)
);
ALTER TABLE workspace ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace FORCE ROW LEVEL SECURITY;
CREATE TRIGGER workspace_configures AFTER INSERT OR UPDATE OF time_zone ON public.workspace FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
CREATE POLICY api ON workspace TO throughline_api USING ((id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON workspace TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON workspace TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON workspace TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON workspace TO throughline_worker;

CREATE TABLE workspace_secret (
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  value bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT workspace_secret_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspace(id),
  CONSTRAINT workspace_secret_pkey PRIMARY KEY (workspace_id, name)
);
ALTER TABLE workspace_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace_secret FORCE ROW LEVEL SECURITY;
CREATE POLICY api ON workspace_secret TO throughline_api USING ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((workspace_id = ( SELECT (NULLIF(current_setting('throughline.workspace'::text, true), ''::text))::uuid AS "nullif")));
CREATE POLICY owner ON workspace_secret TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY worker ON workspace_secret TO throughline_worker USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON workspace_secret TO throughline_api;
GRANT DELETE, INSERT, SELECT, UPDATE ON workspace_secret TO throughline_worker;

CREATE OR REPLACE FUNCTION authenticate(key_hash bytea)
 RETURNS TABLE(id uuid, workspace_id uuid, scopes text[])
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
  SELECT id, workspace_id, scopes FROM api_key
  WHERE hash = key_hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
$function$;
GRANT EXECUTE ON FUNCTION authenticate(bytea) TO throughline_api;

CREATE OR REPLACE FUNCTION bump_configuration()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
BEGIN UPDATE configuration SET revision = revision + 1; RETURN NULL; END $function$;
GRANT EXECUTE ON FUNCTION bump_configuration() TO PUBLIC;

CREATE OR REPLACE FUNCTION connection_workspace(connection uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
  SELECT workspace_id FROM provider_connection WHERE id = connection AND disabled_at IS NULL
$function$;
GRANT EXECUTE ON FUNCTION connection_workspace(uuid) TO throughline_api;

CREATE OR REPLACE FUNCTION drop_partitions(parent text, before date)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
DECLARE child text; dropped integer := 0;
BEGIN
  IF parent <> ALL (ARRAY['event','message_status','journal']) THEN RAISE EXCEPTION 'not a partitioned table: %', parent; END IF;
  FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent::regclass LOOP
    IF child ~ '_[0-9]{6}$' AND to_date(right(child, 6), 'YYYYMM') + interval '1 month' <= before THEN
      EXECUTE format('DROP TABLE %I', child);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $function$;
GRANT EXECUTE ON FUNCTION drop_partitions(text,date) TO throughline_worker;

CREATE OR REPLACE FUNCTION follow_short_link(of_lane smallint, of_code text)
 RETURNS TABLE(workspace_id uuid, message_id uuid, url text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
  SELECT workspace_id, message_id, url FROM short_link WHERE lane = of_lane AND code = of_code
$function$;
GRANT EXECUTE ON FUNCTION follow_short_link(smallint,text) TO throughline_api;

CREATE OR REPLACE FUNCTION incoming_webhook_workspace(given text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
  SELECT workspace_id FROM incoming_webhook WHERE token = given AND disabled_at IS NULL
$function$;
GRANT EXECUTE ON FUNCTION incoming_webhook_workspace(text) TO throughline_api;

CREATE OR REPLACE FUNCTION is_instant(value text)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  SELECT coalesce(pg_input_is_valid(value, 'timestamptz'), false)
$function$;
GRANT EXECUTE ON FUNCTION is_instant(text) TO throughline_api;
GRANT EXECUTE ON FUNCTION is_instant(text) TO throughline_worker;
GRANT EXECUTE ON FUNCTION is_instant(text) TO PUBLIC;

CREATE OR REPLACE FUNCTION lane_of(id uuid)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT ('x0' || substr(id::text, 16, 3))::bit(16)::int::smallint $function$;
GRANT EXECUTE ON FUNCTION lane_of(uuid) TO PUBLIC;

CREATE OR REPLACE FUNCTION make_partitions(ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public'
AS $function$
DECLARE parent text; month date; made integer := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['event','message_status','journal'] LOOP
    FOR i IN 0..ahead LOOP
      month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))::date;
      IF to_regclass(format('%s_%s', parent, to_char(month, 'YYYYMM'))) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', parent || '_' || to_char(month, 'YYYYMM'), parent,
          month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $function$;
GRANT EXECUTE ON FUNCTION make_partitions(integer) TO throughline_worker;
