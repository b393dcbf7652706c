import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { installQueues } from '../../src/queue/boss.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { createDatabase, migrate } from '../../src/store/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    clusterUrl: string
  }
}

export const TEMPLATE_DATABASE = 'throughline_template'

/** One PostgreSQL for the whole run, with a migrated template database that each test file clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'throughline-test-'))
  const { chmod } = await import('node:fs/promises')
  await chmod(directory, 0o755)
  const database = await startEmbedded(directory, { durable: false })
  const template = new URL(database.url)
  template.pathname = `/${TEMPLATE_DATABASE}`
  await createDatabase(template.href)
  await migrate(template.href, 64)
  await installQueues(template.href)
  project.provide('clusterUrl', database.url)
  return async () => {
    await database.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
