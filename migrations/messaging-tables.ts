/** A workspace's own keywords; without any, its answer to the built-in words of the action. */
export const MESSAGING_CONFIGURATION = `
CREATE TABLE keyword_rule (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspace,
  channel text NOT NULL,
  action text NOT NULL,
  keywords text[] NOT NULL DEFAULT '{}',
  template_id uuid REFERENCES template,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX keyword_rule_by_workspace ON keyword_rule (workspace_id, id);
CREATE UNIQUE INDEX keyword_rule_answers_once ON keyword_rule (workspace_id, channel, action) WHERE keywords = '{}';
CREATE TRIGGER keyword_rule_configures AFTER INSERT OR UPDATE OR DELETE ON keyword_rule FOR EACH STATEMENT EXECUTE FUNCTION bump_configuration();
`

/** Where the short links of a message lead: made when it is sent, the same ones however often that is tried. */
export const MESSAGING_LANED = `
CREATE TABLE short_link (
  lane smallint NOT NULL,
  code text NOT NULL,
  workspace_id uuid NOT NULL,
  message_id uuid NOT NULL,
  url text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane, code)
);
CREATE INDEX short_link_by_time ON short_link USING brin (created_at);
CREATE INDEX short_link_by_message ON short_link (lane, message_id);
`

/** Who follows a short link brings no key: its lane and code are all that is known, and enough to find the one row. */
export const FOLLOW = `
CREATE FUNCTION follow_short_link(of_lane smallint, of_code text) RETURNS TABLE (workspace_id uuid, message_id uuid, url text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT workspace_id, message_id, url FROM short_link WHERE lane = of_lane AND code = of_code
$$;
REVOKE EXECUTE ON FUNCTION follow_short_link(smallint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION follow_short_link(smallint, text) TO throughline_api;
`
