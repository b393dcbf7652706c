/** PostgreSQL 16 asks without trying; before, a text is an instant where reading it as one does not fail. */
export const TRYING = `
CREATE FUNCTION is_instant(value text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $body$
BEGIN
  PERFORM value::timestamptz;
  RETURN value IS NOT NULL;
EXCEPTION WHEN OTHERS THEN RETURN false;
END $body$;`

const ASKING = `
CREATE FUNCTION is_instant(value text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $body$
  SELECT coalesce(pg_input_is_valid(value, 'timestamptz'), false)
$body$;`

/** What conditions in SQL call before a cast, because a text that is no instant must not fail the query. */
export const IS_INSTANT = `
DO $do$ BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN ${ASKING}
  ELSE ${TRYING}
  END IF;
END $do$;
GRANT EXECUTE ON FUNCTION is_instant(text) TO throughline_api, throughline_worker;`
