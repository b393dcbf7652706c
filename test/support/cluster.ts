import { chmod, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { installQueues } from '../../src/queue/boss.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { createDatabase, databaseNamed, migrate } from '../../src/store/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    clusterUrl: string
  }
}

export const TEMPLATE_DATABASE = 'throughline_template'

/** Where Linux keeps files in memory. */
const IN_MEMORY = '/dev/shm'
/** Bytes a whole run may need at once, many times over; containers often have no more than 64 MB there. */
const ROOM = 4 * 1024 ** 3

/**
 * Databases come and go with every file, and ext4 spends more on finding inodes that were not freed a moment ago than
 * the tests do on all they ask: the lanes' take 34 s of CPU there, and 20 s in memory.
 */
async function whereDatabasesGo(): Promise<string> {
  const { bavail, bsize } = await statfs(IN_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize >= ROOM ? IN_MEMORY : tmpdir()
}

const PREFIX = 'throughline-test-'
/** Milliseconds in which a run that has made its folder has its server started. */
const STARTED_BY_THEN = 600_000

/** Removes what runs that were killed left there, which would lie in memory until the machine is started anew. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue
    const directory = join(folder, name)
    const made = await stat(directory).catch(() => null)
    const server = await stat(join(directory, 'postgres', 'postmaster.pid')).catch(() => null)
    if (made !== null && server === null && Date.now() - made.mtimeMs > STARTED_BY_THEN) await rm(directory, { recursive: true, force: true })
  }
}

/** One PostgreSQL for the whole run, with a migrated template database that each test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await whereDatabasesGo()
  await sweep(folder)
  const directory = await mkdtemp(join(folder, PREFIX))
  await chmod(directory, 0o755)
  const database = await startEmbedded(directory, { durable: false })
  const template = databaseNamed(database.url, TEMPLATE_DATABASE)
  await createDatabase(template)
  await migrate(template, 64)
  await installQueues(template)
  project.provide('clusterUrl', database.url)
  return async () => {
    await database.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
