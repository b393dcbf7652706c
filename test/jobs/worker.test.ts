import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import { readConfig } from '../../src/config.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { linkRoutes } from '../../src/http/links.ts'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { connectProvider } from '../../src/services/connections.ts'
import { setConsent } from '../../src/services/consents.ts'
import type { Caller, Services } from '../../src/services/context.ts'
import { ingestEvents } from '../../src/services/events.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { createJourney, publishJourney } from '../../src/services/journeys.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { createWorkspace } from '../../src/services/workspaces.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { servicesOver } from '../support/services.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let sandbox: Sandbox
let over: Awaited<ReturnType<typeof servicesOver>>
let services: Services
let worker: Worker
let caller: Caller
const http = Fastify()
const silent = {
  info() {},
  warn() {},
  error(data: object, message: string) {
    throw Object.assign(new TypeError(message), data)
  },
}

beforeAll(async () => {
  database = await openTestDatabase()
  const config = { ...readConfig({}), publicUrl: '' }
  over = await servicesOver(database, config)
  services = over.services
  await http.register(webhookRoutes(services))
  await http.register(linkRoutes(services))
  config.publicUrl = await http.listen({ port: 0, host: '127.0.0.1' })
  sandbox = await startSandbox({ pause: 5 })
  const { id } = await createWorkspace(services, { name: 'Story' })
  caller = { workspaceId: id, keyId: null, scopes: ['admin'] }
  const accounts = sandboxCredentials('story')
  for (const provider of ['sendgrid', 'twilio', 'fcm'] as const) {
    const { credentials, settings } = accounts[provider]
    const connection = await connectProvider(services, caller, {
      provider,
      name: provider,
      credentials: { ...credentials },
      settings: { ...settings },
      baseUrl: sandbox.url,
    })
    if (provider === 'sendgrid') sandbox.connect({ provider, account: accounts.sendgrid.credentials.apiKey, callbackUrl: connection.callbackUrl })
    if (provider === 'twilio') sandbox.connect({ provider, account: accounts.twilio.credentials.accountSid, callbackUrl: connection.callbackUrl })
  }
  worker = await startWorker({
    databaseUrl: database.url,
    lanes: 64,
    publicUrl: config.publicUrl,
    rowsPerLane: 250,
    sendConcurrency: 16,
    vault: services.vault,
    log: silent,
  })
})
afterAll(async () => {
  await worker.stop()
  await sandbox.close()
  await http.close()
  await over.close()
  await database.close()
})

test('an event goes all the way round: email sent, opened by a person, followed up by SMS', async () => {
  const email = await createTemplate(services, caller, {
    name: 'Mail',
    channel: 'email',
    variants: [
      {
        locale: 'en',
        content: { subject: 'Hello {{ contact.firstName }}', html: '<p>{{ event.item }} <a href="https://shop.example/x">buy</a></p>' },
      },
    ],
  })
  const sms = await createTemplate(services, caller, {
    name: 'Text',
    channel: 'sms',
    variants: [{ locale: 'en', content: { body: 'You looked at {{ event.item }}' } }],
  })
  const graph: Graph = {
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'start', kind: 'event_trigger', config: { event: 'seen' } },
      {
        key: 'mail',
        kind: 'email',
        config: {
          templateId: email,
          followUps: [
            { on: 'OPENED', after: 'PT0S' },
            { on: 'IGNORED', after: 'PT1H' },
          ],
        },
      },
      { key: 'text', kind: 'sms', config: { templateId: sms } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'mail' },
      { from: 'mail', port: 'opened', to: 'text' },
      { from: 'mail', port: 'ignored', to: 'text' },
    ],
    exitRules: [],
    goals: [],
    settings: { purpose: 'PROMOTIONAL' },
  }
  const contact = { externalId: 'ada' }
  await addIdentity(services, caller, { contact, channel: 'email', address: 'opener.1@example.com' })
  await addIdentity(services, caller, { contact, channel: 'sms', address: '+14155550177' })
  for (const channel of ['email', 'sms'] as const)
    await setConsent(services, caller, { contact, channel, state: 'GRANTED', purpose: 'marketing', source: 'test' })
  const journeyId = await createJourney(services, caller, { name: 'Seen', graph })
  await publishJourney(services, caller, { id: journeyId })
  const answer = await ingestEvents(services, caller, [{ messageId: 'm1', name: 'seen', contact, properties: { item: 'Socks & Shoes' } }])
  expect(answer).toEqual({ accepted: 1, duplicates: 0, rejected: [] })
  const ended = await until(
    async () => (await database.owner.query(`SELECT status FROM enrollment WHERE journey_id = $1 AND status <> 'ACTIVE'`, [journeyId])).rows[0],
  )
  expect(ended).toEqual({ status: 'COMPLETED' })
  const { rows } = await database.owner.query(`SELECT channel, node, attempt, failure_code FROM message WHERE journey_id = $1 ORDER BY planned_at`, [
    journeyId,
  ])
  expect(rows).toEqual([
    { channel: 'email', node: 'mail', attempt: 1, failure_code: null },
    { channel: 'sms', node: 'text', attempt: 1, failure_code: null },
  ])
})
