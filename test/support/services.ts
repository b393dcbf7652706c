import { randomBytes } from 'node:crypto'
import { providerTemplates, sendOnce } from '../../src/channels/registry.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { authenticate } from '../../src/services/api-keys.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { openRenderer } from '../../src/services/rendering/renderer.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { openOrm } from '../../src/store/orm.ts'
import { createVault } from '../../src/store/vault.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

export interface TestServices {
  database: TestDatabase
  services: Services
  /** Jobs that were enqueued, in order; pg-boss itself does not run. */
  jobs: { queue: string; data: object }[]
  /** Who holds the first key of a workspace of its own. */
  workspace(): Promise<Caller>
  close(): Promise<void>
}

/** The services over a database that is there, and what must be closed before it is. */
export async function servicesOver(
  database: TestDatabase,
  config: Config = readConfig({ PUBLIC_URL: 'https://api.example.com' }),
): Promise<Pick<TestServices, 'services' | 'jobs' | 'workspace' | 'close'>> {
  const orm = await openOrm(database.url)
  const jobs: TestServices['jobs'] = []
  const services: Services = {
    config,
    orm,
    apiPool: database.api,
    vault: createVault(randomBytes(32)),
    renderer: openRenderer(),
    lanes: 64,
    ownerUrl: database.url,
    async enqueue(queue, data) {
      jobs.push({ queue, data })
    },
    providerTemplates,
    sendOnce,
  }
  return {
    services,
    jobs,
    async workspace() {
      const { secret } = await createWorkspace(services, { name: 'Test' })
      const caller = await authenticate(services, secret)
      if (caller === null) throw new Error('the new key is not known')
      return caller
    },
    async close() {
      await services.renderer.close()
      await orm.close(true)
    },
  }
}

/** The services over a real database of the test file's own, without a server before them. */
export async function openTestServices(): Promise<TestServices> {
  const database = await openTestDatabase()
  const over = await servicesOver(database)
  return {
    ...over,
    database,
    async close() {
      await over.close()
      await database.close()
    },
  }
}

/** What a promise failed with, as callers of a service see it. */
export async function faultOf(work: Promise<unknown>): Promise<{ code: unknown; path: unknown }> {
  const { code, path } = (await work.then(
    () => ({}),
    (error: unknown) => error,
  )) as { code?: unknown; path?: unknown }
  return { code, path }
}
