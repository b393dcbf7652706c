/**
 * Contact-scoped tables: every primary key and unique index begins with lane, the distribution column on
 * Citus. Rows that are inserted by the million and never changed (event, journal, message_status) are
 * partitioned by time, so that retention drops tables instead of deleting rows. What only the engine reads,
 * and whole, is json: as jsonb it cost 15 µs a step to take apart. Of that, what is written at every step (state, input, decisions)
 * and what comes in (data of the inbox) is text: as json it cost 4 µs to be read through once more by PostgreSQL, and events came in a fifth
 * slower. Whoever asks it there casts. Where other indexes begin with the lane, too, what rows are looked up by is made last: while a table is
 * empty all of them look as good, and the planner takes the youngest.
 */
export const LANED = `
CREATE TABLE lane (lane smallint PRIMARY KEY);

CREATE TABLE contact (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  external_id text,
  attributes jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}',
  locale text,
  time_zone text,
  merged_into uuid,
  linked uuid[] NOT NULL DEFAULT '{}',
  suppressed_at timestamptz,
  erased_at timestamptz,
  consent_revision integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX contact_by_workspace ON contact (workspace_id, id);
ALTER TABLE contact ADD PRIMARY KEY (lane, id);
CREATE TABLE contact_alias (
  lane smallint NOT NULL,
  workspace_id uuid NOT NULL,
  reference text NOT NULL,
  contact_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, workspace_id, reference)
);
CREATE TABLE channel_identity (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL,
  status text NOT NULL DEFAULT 'ACTIVE',
  address bytea NOT NULL,
  blind_index text NOT NULL,
  platform text,
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, id)
);
CREATE UNIQUE INDEX channel_identity_once ON channel_identity (lane, contact_id, channel, blind_index);
CREATE TABLE consent (
  lane smallint NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT '',
  topic_id text NOT NULL DEFAULT '',
  workspace_id uuid NOT NULL,
  state text NOT NULL,
  source text NOT NULL,
  purpose text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, contact_id, channel, topic_id)
);
CREATE TABLE consent_change (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT '',
  topic_id text NOT NULL DEFAULT '',
  state text NOT NULL,
  source text NOT NULL,
  purpose text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, id)
);
CREATE INDEX consent_change_by_contact ON consent_change (lane, contact_id, at, id);

CREATE TABLE inbox (
  lane smallint NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  contact_id uuid,
  reference text,
  data text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 10);
CREATE TABLE inbox_guard (
  lane smallint NOT NULL,
  digest uuid NOT NULL,
  workspace_id uuid NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, digest)
);
CREATE INDEX inbox_guard_by_time ON inbox_guard USING brin (received_at);

CREATE TABLE event (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  message_id text,
  name text NOT NULL,
  properties jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (lane, received_at, id)
) PARTITION BY RANGE (received_at);
CREATE INDEX event_by_contact ON event (lane, contact_id, name, occurred_at);
CREATE INDEX event_in_timeline ON event (lane, contact_id, received_at, id);

CREATE TABLE enrollment (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  version_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  key text NOT NULL DEFAULT '',
  status text NOT NULL,
  node text,
  due_at timestamptz,
  frozen_due_at timestamptz,
  state text NOT NULL,
  entered_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text
) WITH (fillfactor = 80);
CREATE INDEX enrollment_due ON enrollment (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX enrollment_frozen ON enrollment (journey_id) WHERE frozen_due_at IS NOT NULL;
CREATE INDEX enrollment_active ON enrollment (lane, contact_id) WHERE status = 'ACTIVE';
CREATE INDEX enrollment_ended ON enrollment (lane, contact_id, id) WHERE status <> 'ACTIVE';
CREATE INDEX enrollment_by_journey ON enrollment (journey_id, id);
ALTER TABLE enrollment ADD PRIMARY KEY (lane, id);
CREATE TABLE entry_slot (
  lane smallint NOT NULL,
  journey_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  key text NOT NULL DEFAULT '',
  workspace_id uuid NOT NULL,
  enrollment_id uuid,
  last_entered_at timestamptz,
  last_event_id uuid,
  PRIMARY KEY (lane, journey_id, contact_id, key)
);
CREATE TABLE watch (
  lane smallint NOT NULL,
  journey_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  node text NOT NULL,
  key text NOT NULL DEFAULT '',
  workspace_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  frozen boolean NOT NULL DEFAULT false,
  event jsonb,
  PRIMARY KEY (lane, journey_id, contact_id, node, key)
);
CREATE INDEX watch_due ON watch (lane, due_at) WHERE NOT frozen;

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
  due_at timestamptz,
  useful_for bigint,
  attempt integer NOT NULL DEFAULT 0,
  dedupe_key text,
  failure_code text,
  failure_class text,
  failure_message text,
  opened_at timestamptz,
  clicked_at timestamptz,
  replied_at timestamptz,
  machine_opened_at timestamptz,
  machine_clicked_at timestamptz,
  variables json,
  content bytea,
  cost numeric,
  planned_at timestamptz NOT NULL,
  dispatching_at timestamptz,
  sent_at timestamptz,
  delivered_at timestamptz
) WITH (fillfactor = 75);
CREATE INDEX message_due ON message (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_dispatching ON message (lane, dispatching_at) WHERE status = 'DISPATCHING';
CREATE INDEX message_by_contact ON message (lane, contact_id, planned_at, id);
CREATE INDEX message_by_provider_id ON message (provider_message_id) WHERE provider_message_id IS NOT NULL;
CREATE INDEX message_by_broadcast ON message (broadcast_id, status) WHERE broadcast_id IS NOT NULL;
CREATE INDEX message_dedupe ON message (lane, contact_id, dedupe_key) WHERE dedupe_key IS NOT NULL;
ALTER TABLE message ADD PRIMARY KEY (lane, id);
CREATE TABLE message_status (
  lane smallint NOT NULL,
  id uuid NOT NULL,
  message_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  status text NOT NULL,
  human boolean,
  detail jsonb,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (lane, received_at, id)
) PARTITION BY RANGE (received_at);
CREATE INDEX message_status_by_message ON message_status (lane, message_id);
CREATE INDEX message_status_in_timeline ON message_status (lane, contact_id, received_at, id);
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
  expires_at timestamptz NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz,
  seen_at timestamptz,
  clicked_at timestamptz,
  dismissed_at timestamptz,
  changed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX in_app_message_one_per_key ON in_app_message (lane, contact_id, key);
CREATE INDEX in_app_message_by_time ON in_app_message USING brin (least(expires_at, dismissed_at));
CREATE INDEX in_app_message_showing ON in_app_message (lane, contact_id, priority, id) WHERE dismissed_at IS NULL;
ALTER TABLE in_app_message ADD PRIMARY KEY (lane, id);

CREATE TABLE journal (
  lane smallint NOT NULL,
  at timestamptz NOT NULL,
  id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  enrollment_id uuid,
  seq integer NOT NULL,
  input text NOT NULL,
  decisions text NOT NULL,
  PRIMARY KEY (lane, at, id)
) PARTITION BY RANGE (at);
CREATE INDEX journal_refusals ON journal (lane, contact_id, at) WHERE enrollment_id IS NULL;
CREATE INDEX journal_in_timeline ON journal (lane, contact_id, at) WHERE enrollment_id IS NOT NULL;
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
  at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, id)
);
CREATE INDEX conversion_by_enrollment ON conversion (lane, enrollment_id);
CREATE INDEX conversion_in_timeline ON conversion (lane, contact_id, recorded_at, id);
CREATE TABLE node_stats (
  lane smallint NOT NULL,
  version_id uuid NOT NULL,
  node text NOT NULL,
  metric text NOT NULL,
  hour timestamptz NOT NULL,
  workspace_id uuid NOT NULL,
  journey_id uuid NOT NULL,
  n bigint NOT NULL DEFAULT 0,
  amount numeric NOT NULL DEFAULT 0,
  PRIMARY KEY (lane, version_id, node, metric, hour)
) WITH (fillfactor = 50);
CREATE INDEX node_stats_by_journey ON node_stats (journey_id, hour);
`

export const LANED_TABLES = [
  'contact',
  'contact_alias',
  'channel_identity',
  'consent',
  'consent_change',
  'inbox',
  'inbox_guard',
  'event',
  'enrollment',
  'entry_slot',
  'watch',
  'message',
  'message_status',
  'in_app_message',
  'journal',
  'conversion',
  'node_stats',
  'webhook_call',
  'webhook_delivery',
  'short_link',
  'whatsapp_window',
]
export const PARTITIONED_TABLES = ['event', 'message_status', 'journal']
