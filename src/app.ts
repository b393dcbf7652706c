import type pg from 'pg'
import { providerTemplates, sendOnce } from './channels/registry.ts'
import type { Config } from './config.ts'
import { buildApiSchema } from './graphql/schema.ts'
import { incomingRoutes } from './http/incoming.ts'
import { linkRoutes } from './http/links.ts'
import { openServer, type Server } from './http/server.ts'
import { webhookRoutes } from './http/webhooks.ts'
import type { Logger } from './logger.ts'
import { installQueues, openBoss, sendAndWake } from './queue/boss.ts'
import { openHub } from './realtime/hub.ts'
import type { Services } from './services/context.ts'
import { openRenderer } from './services/rendering/renderer.ts'
import { rewrapDataKeys } from './services/workspace-keys.ts'
import { createDatabase, migrate } from './store/migrate.ts'
import { openOrm } from './store/orm.ts'
import { onceThere, openPool } from './store/sql.ts'
import { createVault, readMasterKey, type Vault } from './store/vault.ts'

/** A database that is up to date, and the key to what is sealed in it. */
export interface Foundation {
  config: Config
  databaseUrl: string
  lanes: number
  vault: Vault
  log: Logger
}

/** Migrates and prepares; waits for a database that is still starting, a minute at most. */
export async function layFoundation(config: Config, databaseUrl: string, log: Logger): Promise<Foundation> {
  return onceThere(
    async () => {
      await createDatabase(databaseUrl)
      const lanes = await migrate(databaseUrl, config.lanes)
      await installQueues(databaseUrl)
      const retired = config.retiredSecretKeys.map((key) => Buffer.from(key, 'base64'))
      const vault = createVault(await readMasterKey(config), retired)
      const unreadable = await rewrapDataKeys({ ownerUrl: databaseUrl, vault })
      if (unreadable.length > 0) log.error({ workspaces: unreadable }, 'no key opens what these workspaces sealed')
      return { config, databaseUrl, lanes, vault, log }
    },
    () => log.warn({}, 'waiting for the database'),
  )
}

export interface Api {
  services: Services
  server: Server
  url: string
  /** Stops taking requests, finishes those under way, closes sockets and pools. */
  close(): Promise<void>
}

/** One API process; any number run side by side. */
export async function startApi(foundation: Foundation): Promise<Api> {
  const { config, databaseUrl, lanes, vault, log } = foundation
  const onError = (error: unknown) => log.warn({ error: (error as Error).message }, 'a database connection broke; it is replaced')
  const apiPool: pg.Pool = openPool(databaseUrl, { role: 'throughline_api', max: 10, name: 'throughline api', onError })
  const orm = await openOrm(databaseUrl)
  const boss = openBoss(databaseUrl, { supervise: false, onError })
  await onceThere(() => boss.start(), onError)
  const services: Services = {
    config,
    orm,
    apiPool,
    vault,
    renderer: openRenderer(),
    lanes,
    ownerUrl: databaseUrl,
    enqueue: (queue, data, client, startAfter) => sendAndWake(boss, queue, data, client, startAfter),
    providerTemplates,
    sendOnce,
  }
  const hub = openHub({ databaseUrl, onError })
  await hub.ready
  const server = await openServer({
    services,
    schema: buildApiSchema(),
    hub,
    log,
    routes: [webhookRoutes(services), linkRoutes(services), incomingRoutes(services)],
  })
  return {
    services,
    server,
    url: server.url,
    async close() {
      await server.close()
      await hub.close()
      await boss.stop({ graceful: false })
      await services.renderer.close()
      await orm.close(true)
      await apiPool.end()
    },
  }
}
