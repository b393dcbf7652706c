import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describeDatabase } from './describe-database.ts'
import { startEmbedded } from './embedded.ts'
import { createDatabase, databaseNamed, migrate } from './migrate.ts'

/** Writes schema/database.sql from a database of its own, so that nobody's changed one leaks into it. */
const directory = await mkdtemp(join(tmpdir(), 'throughline-schema-'))
// The server runs as another user where this one is root.
await chmod(directory, 0o755)
const database = await startEmbedded(directory, { durable: false })
try {
  const url = databaseNamed(database.url, 'throughline_schema')
  await createDatabase(url)
  await migrate(url, 64)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await writeFile(new URL('../../schema/database.sql', import.meta.url), await describeDatabase(client))
  await client.end()
} finally {
  await database.stop()
  await rm(directory, { recursive: true, force: true })
}
