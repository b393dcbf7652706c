import { sign } from 'node:crypto'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type Worker } from '../../jobs/worker.ts'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { sandboxCredentials, webhookKeyOf } from '../../src/sandbox/accounts.ts'
import { connectProvider } from '../../src/services/connections.ts'
import type { Caller } from '../../src/services/context.ts'
import { enrollContacts } from '../../src/services/enrollments.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { createJourney, publishJourney } from '../../src/services/journeys.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { openTestServices, type TestServices } from '../support/services.ts'
import { until } from '../support/until.ts'

const { credentials, settings } = sandboxCredentials('overtaking').sendgrid
let here: TestServices
let caller: Caller
let worker: Worker
const ours = Fastify()
const provider = Fastify()
/** Runs while the provider has the mail and has not answered yet. */
let beforeAnswer: () => Promise<void> = async () => {}

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  await ours.register(webhookRoutes(here.services))
  await ours.listen({ port: 0, host: '127.0.0.1' })
  provider.post('/v3/mail/send', async (_request, reply) => {
    await beforeAnswer()
    return reply.code(202).header('x-message-id', 'their-1').send()
  })
  worker = await startWorker({
    databaseUrl: here.database.url,
    lanes: 64,
    publicUrl: here.services.config.publicUrl,
    rowsPerLane: 250,
    sendConcurrency: 4,
    vault: here.services.vault,
    log: { info() {}, warn() {}, error: (data, message) => expect.fail(`${message}: ${JSON.stringify(data)}`) },
  })
})
afterAll(async () => {
  await worker.stop()
  await provider.close()
  await ours.close()
  await here.close()
})

test('a callback that comes before our own write of what the provider answered still arrives', async () => {
  const baseUrl = await provider.listen({ port: 0, host: '127.0.0.1' })
  const connection = await connectProvider(here.services, caller, {
    provider: 'sendgrid',
    name: 'Mail',
    credentials: { ...credentials },
    settings: { ...settings },
    baseUrl,
  })
  const templateId = await createTemplate(here.services, caller, {
    name: 'Mail',
    channel: 'email',
    variants: [{ locale: 'en', content: { subject: 'Hello', html: '<p>Hello</p>' } }],
  })
  const graph = {
    reentry: { rule: 'EVERY_TIME' as const },
    nodes: [
      { key: 'call', kind: 'api_trigger', config: {} },
      { key: 'mail', kind: 'email', config: { templateId, nextAfter: 'P1D' } },
    ],
    edges: [{ from: 'call', port: 'next', to: 'mail' }],
    exitRules: [],
    goals: [],
    settings: { purpose: 'TRANSACTIONAL' as const },
  }
  const journeyId = await publishJourney(here.services, caller, { id: await createJourney(here.services, caller, { name: 'J', graph }) })
  await addIdentity(here.services, caller, { contact: { externalId: 'ada' }, channel: 'email', address: 'ada@example.com' })

  // From the moment the provider has the mail no tick gets at any lane, as where one is far behind.
  const holding = await here.database.owner.connect()
  const held = new Promise<void>((done) => {
    beforeAnswer = async () => {
      await holding.query('BEGIN')
      await holding.query('SELECT 1 FROM lane FOR UPDATE')
      done()
    }
  })
  await enrollContacts(here.services, caller, { journeyId, contacts: [{ externalId: 'ada' }] })
  await held

  // Without our own id in it: SendGrid leaves custom arguments out of some events.
  const body = JSON.stringify([{ event: 'delivered', sg_event_id: 'e1', sg_message_id: 'their-1.recvd-7', timestamp: 1_700_000_000 }])
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const { port } = ours.server.address() as { port: number }
  const answer = await fetch(`http://127.0.0.1:${port}/webhooks/sendgrid/${connection.id}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(timestamp + body), {
        key: webhookKeyOf(credentials.apiKey),
        dsaEncoding: 'der',
      }).toString('base64'),
    },
    body,
  })
  expect([answer.status, await answer.json()]).toEqual([200, { accepted: 0 }])
  const message = async () =>
    (await here.database.owner.query(`SELECT status, provider_message_id, (extract(epoch FROM delivered_at))::int AS delivered_at FROM message`)).rows
  expect(await message()).toEqual([{ status: 'DISPATCHING', provider_message_id: null, delivered_at: null }])
  expect((await here.database.owner.query('SELECT provider_message_id FROM unmatched_callback')).rows).toEqual([{ provider_message_id: 'their-1' }])

  await holding.query('COMMIT')
  holding.release()
  await until(async () => (await message())[0]?.status === 'DELIVERED')
  expect(await message()).toEqual([{ status: 'DELIVERED', provider_message_id: 'their-1', delivered_at: 1_700_000_000 }])
  expect((await here.database.owner.query('SELECT 1 FROM unmatched_callback')).rows).toEqual([])
  const { rows } = await here.database.owner.query('SELECT status FROM message_status')
  expect(rows.map((row) => row.status).sort()).toEqual(['DELIVERED', 'SENT'])
})
