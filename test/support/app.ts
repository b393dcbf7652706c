import { randomBytes } from 'node:crypto'
import { providerTemplates, sendOnce } from '../../src/channels/registry.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { buildApiSchema } from '../../src/graphql/schema.ts'
import { openServer } from '../../src/http/server.ts'
import { createLogger } from '../../src/logger.ts'
import { openHub } from '../../src/realtime/hub.ts'
import { authenticate } from '../../src/services/api-keys.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { openRenderer } from '../../src/services/rendering/renderer.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { openOrm } from '../../src/store/orm.ts'
import { createVault } from '../../src/store/vault.ts'
import type { TestDatabase } from './database.ts'

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read deep into answers, and vitest compares what they find
  data: any
  errors: { message: string; path?: (string | number)[]; extensions: { code: string; [key: string]: unknown } }[] | undefined
}

export interface TestApi {
  url: string
  services: Services
  /** Runs one operation with a key. */
  graphql(key: string, query: string, variables?: Record<string, unknown>): Promise<Answer>
  /** A workspace of its own with its first key, and the caller that key makes. */
  workspace(): Promise<{ id: string; key: string; caller: Caller }>
  /** Jobs that were enqueued, in order; pg-boss itself does not run. */
  jobs: { queue: string; data: object }[]
  close(): Promise<void>
}

/** The API in this process, on a free port, over a real database. */
export async function startTestApi(database: TestDatabase, overrides: Partial<Config> = {}): Promise<TestApi> {
  const config: Config = { ...readConfig({}), port: 0, adminKey: 'admin-key', publicUrl: 'http://api.test', ...overrides }
  const orm = await openOrm(database.url)
  const jobs: TestApi['jobs'] = []
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
  const fail = (error: Error) => {
    throw error
  }
  const hub = openHub({ databaseUrl: database.url, onError: fail })
  await hub.ready
  const server = await openServer({ services, schema: buildApiSchema(), hub, log: createLogger('error') })
  return {
    url: server.url,
    services,
    jobs,
    async graphql(key, query, variables = {}) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as Pick<Answer, 'data' | 'errors'>
      return { status: response.status, headers: response.headers, data, errors }
    },
    async workspace() {
      const { id, secret } = await createWorkspace(services, { name: 'Test' })
      const caller = await authenticate(services, secret)
      if (caller === null) throw new Error('the new key is not known')
      return { id, key: secret, caller }
    },
    async close() {
      await server.close()
      await hub.close()
      await services.renderer.close()
      await orm.close(true)
    },
  }
}
