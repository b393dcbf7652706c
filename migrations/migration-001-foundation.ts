import { Migration } from '@mikro-orm/migrations'
import { CONFIGURATION, CONFIGURATION_TABLES, LANED, LANED_TABLES, PARTITIONED_TABLES } from './001-foundation.sql.ts'

/**
 * Roles are the cluster's, tables the database's: several databases of one cluster may migrate at once,
 * so creating a role that has just appeared is no fault.
 */
const ROLES = ['throughline_api', 'throughline_worker']
  .map((role) => `DO $$ BEGIN CREATE ROLE ${role} NOLOGIN NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;`)
  .join('\n')

/**
 * Row-level security, forced, so that it binds the tables' owner too. The API's role sees the workspace set
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
    CREATE POLICY worker ON ${table} TO throughline_worker USING (true) WITH CHECK (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO throughline_api, throughline_worker;`
}

/** Looks a key up before its workspace is known: the one door through row-level security, and it only opens for the exact hash. */
const AUTHENTICATE = `
CREATE FUNCTION authenticate(key_hash bytea) RETURNS TABLE (id uuid, workspace_id uuid, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET row_security = off AS $$
  SELECT id, workspace_id, scopes FROM api_key
  WHERE hash = key_hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
$$;
CREATE FUNCTION connection_workspace(connection uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET row_security = off AS $$
  SELECT workspace_id FROM provider_connection WHERE id = connection AND disabled_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION authenticate(bytea), connection_workspace(uuid) TO throughline_api;`

export class Migration001Foundation extends Migration {
  override async up(): Promise<void> {
    this.addSql(ROLES)
    this.addSql(CONFIGURATION)
    this.addSql(LANED)
    for (const table of PARTITIONED_TABLES) this.addSql(`CREATE TABLE ${table}_rest PARTITION OF ${table} DEFAULT;`)
    for (const table of [...CONFIGURATION_TABLES, ...LANED_TABLES]) this.addSql(secure(table, table === 'workspace' ? 'id' : 'workspace_id'))
    this.addSql(`GRANT SELECT, UPDATE ON lane TO throughline_worker; GRANT SELECT ON lane TO throughline_api;`)
    this.addSql(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO throughline_api, throughline_worker;`)
    this.addSql(AUTHENTICATE)
  }
}
