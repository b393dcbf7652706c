/** Files that templates name. Kept whole: a few megabytes each, written once, read at every send that is not cached. */
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
`
