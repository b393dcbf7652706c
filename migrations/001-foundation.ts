import { Migration } from '@mikro-orm/migrations'
import { BROADCAST_CONFIGURATION } from './broadcast-tables.ts'
import { CONFIGURATION, CONFIGURATION_TABLES } from './configuration-tables.ts'
import { EMAIL_CONFIGURATION } from './email-tables.ts'
import { IS_INSTANT } from './instant-function.ts'
import { LANED, LANED_TABLES, PARTITIONED_TABLES } from './laned-tables.ts'
import { FOLLOW, MESSAGING_CONFIGURATION, MESSAGING_LANED } from './messaging-tables.ts'
import { WEBHOOK_CONFIGURATION, WEBHOOK_DOOR, WEBHOOK_LANED } from './webhook-tables.ts'
import { WHATSAPP_CONFIGURATION, WHATSAPP_LANED } from './whatsapp-tables.ts'

/**
 * Roles are the cluster's, tables the database's: several databases of one cluster may migrate at once,
 * so creating a role that has just appeared is no fault.
 */
const ROLES = ['throughline_api', 'throughline_worker']
  .map((role) => `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;`)
  .join('\n')

/**
 * Row-level security, forced. The owner, who only migrates and administers, has a policy of its own. The API's role sees the workspace set
 * for its transaction and nothing where none is set; the worker's role, which HTTP never reaches, sees all
 * lanes because one tick serves many workspaces. The sub-select makes the setting an InitPlan, read once a
 * statement instead of once a row.
 */
function secure(table: string, column: string): string {
  const own = `${column} = (SELECT nullif(current_setting('throughline.workspace', true), '')::uuid)`
  return `
    ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY api ON ${table} TO throughline_api USING (${own}) WITH CHECK (${own});
    CREATE POLICY owner ON ${table} TO CURRENT_USER USING (true) WITH CHECK (true);
    CREATE POLICY worker ON ${table} TO throughline_worker USING (true) WITH CHECK (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO throughline_api, throughline_worker;`
}

/** Looks a key up before its workspace is known: the one door through row-level security, and it only opens for the exact hash. */
const AUTHENTICATE = `
CREATE FUNCTION authenticate(key_hash bytea) RETURNS TABLE (id uuid, workspace_id uuid, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT id, workspace_id, scopes FROM api_key
  WHERE hash = key_hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
$$;
CREATE FUNCTION connection_workspace(connection uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT workspace_id FROM provider_connection WHERE id = connection AND disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION authenticate(bytea), connection_workspace(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authenticate(bytea), connection_workspace(uuid) TO throughline_api;`

/** The lane in a contact-scoped id, as domain/ids.ts lays it out, for statements that follow a merge into another lane. */
const LANE_OF = `CREATE FUNCTION lane_of(id uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ('x0' || substr(id::text, 16, 3))::bit(16)::int::smallint $$;`

/**
 * Monthly partitions, made ahead and dropped whole. Security definer, because only the owner may create
 * tables and the worker that keeps house is not the owner.
 */
const PARTITIONS = `
CREATE FUNCTION make_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE parent text; month date; made integer := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['${PARTITIONED_TABLES.join("','")}'] LOOP
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
END $$;
CREATE FUNCTION drop_partitions(parent text, before date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE child text; dropped integer := 0;
BEGIN
  IF parent <> ALL (ARRAY['${PARTITIONED_TABLES.join("','")}']) THEN RAISE EXCEPTION 'not a partitioned table: %', parent; END IF;
  FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent::regclass LOOP
    IF child ~ '_[0-9]{6}$' AND to_date(right(child, 6), 'YYYYMM') + interval '1 month' <= before THEN
      EXECUTE format('DROP TABLE %I', child);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
REVOKE EXECUTE ON FUNCTION make_partitions(integer), drop_partitions(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_partitions(integer), drop_partitions(text, date) TO throughline_worker;
SELECT make_partitions(2);`

export class Migration001Foundation extends Migration {
  override async up(): Promise<void> {
    this.addSql(ROLES)
    this.addSql(LANE_OF)
    this.addSql(CONFIGURATION)
    this.addSql(EMAIL_CONFIGURATION)
    this.addSql(WEBHOOK_CONFIGURATION)
    this.addSql(MESSAGING_CONFIGURATION)
    this.addSql(WHATSAPP_CONFIGURATION)
    this.addSql(BROADCAST_CONFIGURATION)
    this.addSql(LANED)
    this.addSql(WHATSAPP_LANED)
    this.addSql(WEBHOOK_LANED)
    this.addSql(MESSAGING_LANED)
    for (const table of PARTITIONED_TABLES) this.addSql(`CREATE TABLE ${table}_rest PARTITION OF ${table} DEFAULT;`)
    for (const table of [...CONFIGURATION_TABLES, ...LANED_TABLES]) this.addSql(secure(table, table === 'workspace' ? 'id' : 'workspace_id'))
    this.addSql(`GRANT SELECT, UPDATE ON lane TO throughline_worker; GRANT SELECT ON lane, configuration TO throughline_api, throughline_worker;`)
    this.addSql(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO throughline_api, throughline_worker;`)
    this.addSql(AUTHENTICATE)
    this.addSql(WEBHOOK_DOOR)
    this.addSql(FOLLOW)
    this.addSql(IS_INSTANT)
    this.addSql(PARTITIONS)
  }
}
