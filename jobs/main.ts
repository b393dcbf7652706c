import { layFoundation } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { ThroughlineError } from '../src/errors.ts'
import { createLogger } from '../src/logger.ts'
import { startWorker } from './worker.ts'

/** A worker in production: any number, anywhere the database can be reached from. */
const config = readConfig()
const log = createLogger(config.logLevel)
if (config.databaseUrl === null) throw new ThroughlineError('CONFIG_INVALID', 'DATABASE_URL must be set.', { path: ['DATABASE_URL'] })
const { lanes, vault } = await layFoundation(config, config.databaseUrl, log)
const worker = await startWorker({
  databaseUrl: config.databaseUrl,
  lanes,
  vault,
  log,
  publicUrl: config.publicUrl,
  rowsPerLane: config.tickRowsPerLane,
  sendConcurrency: config.sendConcurrency,
  privateHosts: config.privateHosts,
})

const stop = (signal: string) => {
  log.info({ signal }, 'stopping')
  worker.stop().then(() => process.exit(0))
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
