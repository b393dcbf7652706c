/**
 * One message to everybody a condition holds for, or of a list. `recipients` are the list, `listed` how many: null where the audience
 * alone decides. `cursor` is the last contact it has passed; `runner` the job that may go on.
 */
export const BROADCAST_CONFIGURATION = `
CREATE TABLE broadcast (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  name text NOT NULL,
  template_id uuid NOT NULL REFERENCES template,
  channel text NOT NULL,
  devices text,
  topic_id uuid REFERENCES topic,
  purpose text NOT NULL,
  audience jsonb,
  recipients uuid[],
  listed integer,
  vars jsonb NOT NULL DEFAULT '{}',
  per_second integer NOT NULL,
  status text NOT NULL,
  starts_at timestamptz NOT NULL,
  runner uuid,
  cursor uuid,
  handed integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
CREATE INDEX broadcast_by_workspace ON broadcast (workspace_id, id);
`
