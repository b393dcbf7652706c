/**
 * attachment: files that templates name, kept whole: a few megabytes each, written once.
 * provider_circuit: how a connection fares, written at failures and at the first success after them, read at every dispatch.
 */
export const EMAIL_CONFIGURATION = `
CREATE TABLE attachment (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  content_type text NOT NULL,
  size integer NOT NULL,
  content bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attachment_by_workspace ON attachment (workspace_id, id);
ALTER TABLE attachment ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE provider_circuit (
  connection_id uuid PRIMARY KEY REFERENCES provider_connection,
  workspace_id uuid NOT NULL REFERENCES workspace,
  failures integer NOT NULL DEFAULT 0,
  open_until timestamptz,
  code text NOT NULL,
  failed_at timestamptz NOT NULL
);
`
