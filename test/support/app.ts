import type { GraphQLSchema } from 'graphql'
import { type Config, readConfig } from '../../src/config.ts'
import { buildApiSchema } from '../../src/graphql/schema.ts'
import { openServer } from '../../src/http/server.ts'
import { createLogger } from '../../src/logger.ts'
import { openHub } from '../../src/realtime/hub.ts'
import { authenticate } from '../../src/services/api-keys.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import type { TestDatabase } from './database.ts'
import { servicesOver } from './services.ts'

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

/** Built once per process: it takes a tenth of a second, and servers share it as they are. */
let schema: GraphQLSchema | undefined

/** The API in this process, on a free port, over a real database. */
export async function startTestApi(database: TestDatabase, overrides: Partial<Config> = {}): Promise<TestApi> {
  const config: Config = { ...readConfig({}), port: 0, adminKey: 'admin-key', publicUrl: 'http://api.test', ...overrides }
  const { services, jobs, close } = await servicesOver(database, config)
  const fail = (error: Error) => {
    throw error
  }
  const hub = openHub({ databaseUrl: database.url, onError: fail })
  await hub.ready
  schema ??= buildApiSchema()
  const server = await openServer({ services, schema, hub, log: createLogger('error') })
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
      await close()
    },
  }
}
