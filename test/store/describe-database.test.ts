import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeDatabase } from '../../src/store/describe-database.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('schema/database.sql is what the migrations make: run `npm run database-schema` after changing them', async () => {
  expect(await describeDatabase(database.owner)).toBe(await readFile('schema/database.sql', 'utf8'))
})

test('a month that comes changes nothing', async () => {
  const before = await describeDatabase(database.owner)
  const { rows } = await database.worker.query<{ made: number }>('SELECT make_partitions(4) AS made')
  expect(rows[0]?.made).toBeGreaterThan(0)
  expect(await describeDatabase(database.owner)).toBe(before)
})

test('every kind of change shows, as the line that makes it', async () => {
  const before = new Set((await describeDatabase(database.owner)).split('\n'))
  await database.owner.query(`
    CREATE TABLE zebra (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text DEFAULT 'plain' CHECK (name <> ''), shout text GENERATED ALWAYS AS (upper(name)) STORED);
    CREATE INDEX zebra_by_name ON zebra (name) WHERE name IS NOT NULL;
    ALTER TABLE zebra ENABLE ROW LEVEL SECURITY;
    CREATE POLICY herd ON zebra FOR SELECT TO throughline_api USING (name = 'shared');
    GRANT SELECT ON zebra TO throughline_api;
    CREATE FUNCTION stripes() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 40';
    REVOKE EXECUTE ON FUNCTION stripes() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION stripes() TO throughline_worker`)
  const after = (await describeDatabase(database.owner)).split('\n')
  expect(after.filter((line) => !before.has(line))).toEqual([
    'CREATE TABLE zebra (',
    '  id integer NOT NULL GENERATED ALWAYS AS IDENTITY,',
    `  name text DEFAULT 'plain'::text,`,
    '  shout text GENERATED ALWAYS AS (upper(name)) STORED,',
    `  CONSTRAINT zebra_name_check CHECK ((name <> ''::text)),`,
    '  CONSTRAINT zebra_pkey PRIMARY KEY (id)',
    'ALTER TABLE zebra ENABLE ROW LEVEL SECURITY;',
    'CREATE INDEX zebra_by_name ON zebra USING btree (name) WHERE (name IS NOT NULL);',
    `CREATE POLICY herd ON zebra FOR SELECT TO throughline_api USING ((name = 'shared'::text));`,
    'GRANT SELECT ON zebra TO throughline_api;',
    'CREATE OR REPLACE FUNCTION stripes()',
    ' RETURNS bigint',
    ' IMMUTABLE',
    'AS $function$SELECT 40$function$;',
    'GRANT EXECUTE ON FUNCTION stripes() TO throughline_worker;',
  ])
})
