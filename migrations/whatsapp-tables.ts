/** Templates as the providers have them: written by a sync, their status by reviews told since. */
export const WHATSAPP_CONFIGURATION = `
CREATE TABLE whatsapp_template (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  connection_id uuid NOT NULL REFERENCES provider_connection,
  provider_id text NOT NULL,
  name text NOT NULL,
  language text NOT NULL,
  category text,
  status text NOT NULL,
  reason text,
  components jsonb NOT NULL,
  slots jsonb NOT NULL,
  reviewed_at timestamptz,
  synced_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (connection_id, provider_id)
);
CREATE INDEX whatsapp_template_by_workspace ON whatsapp_template (workspace_id, id);
CREATE INDEX whatsapp_template_by_name ON whatsapp_template (connection_id, name);
`

/** Until when free words reach an address through a connection's number. Beside its identity, since a person may write from several. */
export const WHATSAPP_LANED = `
CREATE TABLE whatsapp_window (
  lane smallint NOT NULL,
  identity_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  open_until timestamptz NOT NULL,
  PRIMARY KEY (lane, identity_id, connection_id)
) WITH (fillfactor = 80);
CREATE INDEX whatsapp_window_by_time ON whatsapp_window USING brin (open_until);
`
