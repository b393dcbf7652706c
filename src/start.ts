import { startWorker } from '../jobs/worker.ts'
import { layFoundation, startApi } from './app.ts'
import { readConfig } from './config.ts'
import { askedJourney, typedName } from './demo/journeys.ts'
import { startDemo } from './demo/run.ts'
import { startShop } from './demo/shop.ts'
import { createLogger } from './logger.ts'
import { startSandbox } from './sandbox/sandbox.ts'
import { createWorkspace } from './services/workspaces.ts'
import { startEmbedded } from './store/embedded.ts'
import { databaseNamed } from './store/migrate.ts'

/** Everything on one machine: database, API, worker, the providers' sandbox, and a demo that uses them from outside. */
const given = readConfig()
// The terminal belongs to the story; LOG_LEVEL=debug gives the log the word too.
const log = createLogger(given.logLevel === 'info' ? 'warn' : given.logLevel)
const write = (line: string) => process.stdout.write(`${line}\n`)
const closing: (() => Promise<unknown>)[] = []
let stopping = false

async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  for (const close of closing.reverse()) await close().catch((error: unknown) => log.error({ error }, 'did not stop cleanly'))
  process.exit(code)
}
process.once('SIGINT', () => void stop(0))
process.once('SIGTERM', () => void stop(0))

try {
  const journey = askedJourney(process.argv.slice(2))
  write('\nThroughline is starting…')
  const sandbox = await startSandbox({ port: given.sandboxPort, pause: 700 })
  closing.push(() => sandbox.close())
  // The one after the sandbox's is its mail server's.
  const shop = await startShop(given.sandboxPort === 0 ? 0 : given.sandboxPort + 2)
  closing.push(() => shop.close())
  // Its push service is as good as a browser's own here, its mail server as good as a public one, and the shop's as any.
  const { hostname, host } = new URL(sandbox.url)
  const config = { ...given, privateHosts: [...given.privateHosts, host, `${hostname}:${sandbox.smtpPort}`, new URL(shop.url).host] }
  const embedded = config.databaseUrl === null ? await startEmbedded(config.dataDirectory, { durable: true }) : null
  if (embedded) closing.push(() => embedded.stop())
  const databaseUrl = embedded === null ? (config.databaseUrl ?? '') : databaseNamed(embedded.url, 'throughline')
  const foundation = await layFoundation(config, databaseUrl, log)
  const api = await startApi(foundation)
  closing.push(() => api.close())
  const worker = await startWorker({
    databaseUrl,
    lanes: foundation.lanes,
    vault: foundation.vault,
    log,
    publicUrl: config.publicUrl,
    rowsPerLane: config.tickRowsPerLane,
    sendConcurrency: config.sendConcurrency,
    privateHosts: config.privateHosts,
  })
  closing.push(() => worker.stop())
  const demo = await startDemo({
    url: api.url,
    sandbox,
    shop,
    journey,
    dataDirectory: config.dataDirectory,
    createWorkspace: async () =>
      (await createWorkspace({ ownerUrl: databaseUrl, vault: foundation.vault }, { name: 'Demo', timeZone: 'Europe/Berlin' })).secret,
    write,
  })
  closing.push(() => demo.stop())
  write(`
  GraphiQL      ${api.url}/
  Sandbox       ${sandbox.url}/      what the providers' stand-ins received
  Demo API key  ${demo.key}
                (GraphiQL: Headers → {"authorization": "Bearer ${demo.key}"})

  Four to paste:

  query { journeys { edges { node { id name status liveVersion { number } } } } }

  query { messages(first: 5) { edges { node { channel status engagement contact { externalId } } } } }

  subscription { journeyProgress(journeyId: "${demo.journeyId}") { stats { started active converted completed dropped revenue } } }

  mutation { createJourneyFromTemplate(input: { key: "win_back" }) { journey { id name status } userErrors { message path } } }

  The last makes a draft of a shipped journey. All there are, and how to watch one:

${demo.catalogue.map(({ key, title }) => `  ${title.padEnd(32)}${key.padEnd(22)}npm start -- --journey ${typedName(key)}`).join('\n')}

  Ctrl-C stops everything. «${demo.catalogue.find(({ key }) => key === journey.key)?.title ?? journey.key}», days as seconds:
`)
} catch (error) {
  write(`\nIt did not start: ${error instanceof Error ? error.message : String(error)}`)
  await stop(1)
}
