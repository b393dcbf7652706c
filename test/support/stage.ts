import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { startWorker } from '../../jobs/worker.ts'
import { layFoundation, startApi } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type DemoClient, openDemoClient } from '../../src/demo/client.ts'
import { createLogger } from '../../src/logger.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { databaseNamed } from '../../src/store/migrate.ts'
import { until } from './until.ts'

/** All that `npm start` starts, on a database of its own: stories speak to it through GraphQL and watch the sandbox. */
export interface Stage {
  url: string
  /** As the tables' owner, for what nobody can bring about from outside. */
  databaseUrl: string
  key: string
  sandbox: Sandbox
  client: DemoClient
  /** Creates a template in English; answers its id. */
  template(channel: 'PUSH' | 'WEB_PUSH' | 'IN_APP' | 'EMAIL' | 'SMS' | 'WHATSAPP' | 'RCS', content: object): Promise<string>
  /** Creates and publishes a journey; answers its id. */
  journey(graph: object): Promise<string>
  /** A contact with an address on every channel and consent for all of them. */
  contact(
    externalId: string,
    addresses: { email?: string; sms?: string; push?: string; web_push?: string; whatsapp?: string; rcs?: string },
  ): Promise<void>
  event(externalId: string, name: string, properties?: object): Promise<void>
  /** Waits until the contact's enrollment under this key has ended; answers it. */
  ended(
    journeyId: string,
    externalId: string,
  ): Promise<{ state: string; endReason: string | null; messages: { channel: string; status: string; engagement: string[] }[] }>
  /** Waits until the contact has been let in. */
  entered(journeyId: string, externalId: string): Promise<void>
  close(): Promise<void>
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => done(port))
    })
  })
}

/** @param privateHosts as PRIVATE_HOSTS: what webhooks may reach besides. */
export async function openStage(privateHosts: readonly string[] = []): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'throughline-stage-'))
  const cluster = inject('clusterUrl')
  const name = `stage_${randomBytes(6).toString('hex')}`
  const maintenance = new pg.Client({ connectionString: cluster })
  await maintenance.connect()
  await maintenance.query(`CREATE DATABASE ${name} TEMPLATE throughline_template STRATEGY FILE_COPY`)
  const databaseUrl = databaseNamed(cluster, name)
  const port = await freePort()
  const sandbox = await startSandbox({ pause: 5 })
  const config = {
    ...readConfig({
      PORT: String(port),
      PRIVATE_HOSTS: [new URL(sandbox.url).host, `127.0.0.1:${sandbox.smtpPort}`, ...privateHosts].join(),
      // A story asks again and again until something is so: a fast machine would use up a reader's allowance.
      RATE_LIMIT_PER_MINUTE: '1000000000',
    }),
    dataDirectory: directory,
  }
  const log = createLogger('error')
  const foundation = await layFoundation(config, databaseUrl, log)
  const api = await startApi(foundation)
  const worker = await startWorker({
    databaseUrl,
    lanes: foundation.lanes,
    vault: foundation.vault,
    log,
    publicUrl: config.publicUrl,
    rowsPerLane: 250,
    sendConcurrency: 16,
    privateHosts: config.privateHosts,
  })
  const { secret: key } = await createWorkspace({ ownerUrl: databaseUrl, vault: foundation.vault }, { name })
  const client = openDemoClient(api.url, key)
  const accounts = sandboxCredentials('story')
  for (const provider of ['fcm', 'sendgrid', 'twilio', 'webpush', 'twilio_rcs'] as const) {
    const { credentials, settings } = accounts[provider]
    const answer = await client.run<{ connectProvider: { connection: { callbackUrl: string } } }>(
      'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { callbackUrl } userErrors { message path } } }',
      { input: { provider, name: provider, credentials, settings, baseUrl: sandbox.url } },
    )
    const { callbackUrl } = answer.connectProvider.connection
    if (provider === 'sendgrid') sandbox.connect({ provider, account: accounts.sendgrid.credentials.apiKey, callbackUrl })
    if (provider === 'twilio' || provider === 'twilio_rcs')
      sandbox.connect({ provider, account: accounts[provider].credentials.accountSid, callbackUrl })
  }
  let templates = 0
  return {
    url: api.url,
    databaseUrl,
    key,
    sandbox,
    client,
    async template(channel, content) {
      const answer = await client.run<{ createTemplate: { template: { id: string } } }>(
        'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message path } } }',
        { input: { name: `Template ${templates++}`, channel, variants: [{ locale: 'en', content }] } },
      )
      return answer.createTemplate.template.id
    },
    async journey(graph) {
      const created = await client.run<{ createJourney: { journey: { id: string } } }>(
        'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message path } } }',
        { input: { name: 'Story', graph } },
      )
      const { id } = created.createJourney.journey
      await client.run('mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { id } userErrors { message path } } }', {
        input: { id },
      })
      return id
    },
    async contact(externalId, addresses) {
      const contact = { externalId }
      for (const [channel, address] of Object.entries(addresses)) {
        await client.run('mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { contact { id } userErrors { message path } } }', {
          input: { contact, channel: channel.toUpperCase(), address },
        })
        await client.run('mutation ($input: SetConsentInput!) { setConsent(input: $input) { contact { id } userErrors { message path } } }', {
          input: { contact, channel: channel.toUpperCase(), state: 'GRANTED', purpose: 'marketing', source: 'story' },
        })
      }
    },
    async event(externalId, eventName, properties = {}) {
      await client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
        events: [{ messageId: randomBytes(8).toString('hex'), name: eventName, contact: { externalId }, properties }],
      })
    },
    ended: (journeyId, externalId) =>
      until(async () => {
        const answer = await client.run<{
          enrollments: {
            edges: {
              node: {
                state: string
                endReason: string | null
                contact: { externalId: string }
                messages: { channel: string; status: string; engagement: string[] }[]
              }
            }[]
          }
        }>(
          'query ($journeyId: ID!) { enrollments(journeyId: $journeyId, first: 20) { edges { node { state endReason contact { externalId } messages { channel status engagement } } } } }',
          { journeyId },
        )
        const found = answer.enrollments.edges.map((edge) => edge.node).find((node) => node.contact.externalId === externalId)
        return found !== undefined && found.state !== 'ACTIVE' && found.state !== 'WAITING' ? found : null
      }),
    async entered(journeyId, externalId) {
      await until(async () => {
        const answer = await client.run<{ enrollments: { edges: { node: { contact: { externalId: string } } }[] } }>(
          'query ($journeyId: ID!) { enrollments(journeyId: $journeyId, first: 20) { edges { node { contact { externalId } } } } }',
          { journeyId },
        )
        return answer.enrollments.edges.some((edge) => edge.node.contact.externalId === externalId)
      })
    },
    async close() {
      await client.close()
      await worker.stop()
      await api.close()
      await sandbox.close()
      await maintenance.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await maintenance.end()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
