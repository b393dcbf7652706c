import { layFoundation, startApi } from './app.ts'
import { readConfig } from './config.ts'
import { ThroughlineError } from './errors.ts'
import { createLogger } from './logger.ts'

/** The API in production: DATABASE_URL is set, workers run elsewhere. */
const config = readConfig()
const log = createLogger(config.logLevel)
if (config.databaseUrl === null)
  throw new ThroughlineError('CONFIG_INVALID', 'DATABASE_URL must be set; `npm start` brings a database of its own.', { path: ['DATABASE_URL'] })
const api = await startApi(await layFoundation(config, config.databaseUrl, log))
log.info({ url: api.url }, 'API ready')

const stop = (signal: string) => {
  log.info({ signal }, 'stopping')
  api.close().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ error }, 'did not stop cleanly')
      process.exit(1)
    },
  )
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
