import { createHmac } from 'node:crypto'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConsentState } from '../../src/domain/channel.ts'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { openDispatcher } from '../../src/lanes/dispatch.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { consentHistory, consentsOf, setConsent } from '../../src/services/consents.ts'
import { identifyContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { sendMessage } from '../../src/services/sends.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { connected } from '../support/callbacks.ts'
import { LANES } from '../support/ring.ts'
import { openTestServices, type TestServices } from '../support/services.ts'
import { openTurns } from '../support/turns.ts'

/** «Stop» and «Resume» in WhatsApp's own settings do at once what STOP and START do as words. */
const { credentials, settings } = sandboxCredentials('callbacks').meta
const account = settings.phoneNumberId
let here: TestServices
let caller: Caller
let sandbox: Sandbox
let hook: string
let turn: () => Promise<string[]>
const http = Fastify()

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  turn = openTurns(here)
  await http.register(webhookRoutes(here.services))
  await http.listen({ port: 0, host: '127.0.0.1' })
  hook = `http://127.0.0.1:${(http.server.address() as { port: number }).port}/webhooks/meta/${(await connected(here, caller, 'meta')).id}`
  sandbox = await startSandbox()
  sandbox.connect({ provider: 'meta', account, callbackUrl: hook })
})
afterAll(async () => {
  await sandbox.close()
  await http.close()
  await here.close()
})

async function person(externalId: string, number: string, state: ConsentState | null): Promise<string> {
  const contact = { externalId }
  const { contactId } = await addIdentity(here.services, caller, { contact, channel: 'whatsapp', address: number })
  if (state !== null) await setConsent(here.services, caller, { contact, channel: 'whatsapp', state, purpose: 'marketing', source: 'form' })
  await turn()
  return contactId
}
async function choose(from: string, ...values: ('stop' | 'resume')[]): Promise<void> {
  for (const value of values) {
    sandbox.prefer({ account, from, value })
    await sandbox.settled()
  }
  await turn()
}
/** As Meta writes it. */
function preference(from: string, value: 'stop' | 'resume', timestamp: number): string {
  const user_preferences = [{ wa_id: from.slice(1), detail: '', category: 'marketing_messages', value, timestamp }]
  const metadata = { display_phone_number: '15005550006', phone_number_id: account }
  const changes = [{ field: 'user_preferences', value: { messaging_product: 'whatsapp', metadata, user_preferences } }]
  return JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: settings.businessAccountId, changes }] })
}
async function post(body: string, secret = credentials.appSecret): Promise<number> {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
  return (await fetch(hook, { method: 'POST', headers, body })).status
}
/** The ledger, oldest first. */
const ledger = async (contactId: string) =>
  (await consentHistory(here.services, caller, contactId, 10)).map(({ channel, state, source }) => [channel, state, source]).reverse()
const given = ['whatsapp', 'GRANTED', 'form']
const stopped = ['whatsapp', 'WITHDRAWN', 'preference']
const resumed = ['whatsapp', 'GRANTED', 'preference']

test('stopping withdraws consent, resuming gives it back, each into the ledger and once however often it is told', async () => {
  const contactId = await person('ada', '+15551230001', 'GRANTED')
  sandbox.callbacks.duplicate = 1
  await choose('+15551230001', 'stop')
  expect(await ledger(contactId)).toEqual([given, stopped])
  await choose('+15551230001', 'resume')
  sandbox.callbacks.duplicate = 0
  expect(await ledger(contactId)).toEqual([given, stopped, resumed])
})

test('a promotion planned before is not sent after it, what is transactional is', async () => {
  await person('bob', '+15551230002', 'GRANTED')
  const content = { category: 'UTILITY', template: { name: 'order_update', language: 'en_US' } }
  const templateId = await createTemplate(here.services, caller, { name: 'T', channel: 'whatsapp', variants: [{ locale: 'en', content }] })
  const send = (purpose: 'PROMOTIONAL' | 'TRANSACTIONAL') =>
    sendMessage(here.services, caller, { contact: { externalId: 'bob' }, templateId, purpose })
  const promotion = await send('PROMOTIONAL')
  const receipt = await send('TRANSACTIONAL')
  const planned = await turn()
  expect(planned.sort()).toEqual([promotion, receipt].sort())
  await choose('+15551230002', 'stop')
  const sent: string[] = []
  const dispatcher = openDispatcher({
    pool: here.database.worker,
    lanes: LANES,
    sockets: 4,
    async send({ id }) {
      sent.push(id)
      return { type: 'ok', providerMessageId: id }
    },
    onError: (error) => expect.fail(String(error)),
  })
  dispatcher.add(planned, () => {})
  await dispatcher.drain()
  await turn()
  const { rows } = await here.database.owner.query('SELECT status, failure_code FROM message WHERE id = $1', [promotion])
  expect([sent, rows]).toEqual([[receipt], [{ status: 'SUPPRESSED', failure_code: 'consent_withdrawn' }]])
})

test('what the workspace suppresses stays so, whatever the person resumes', async () => {
  const contactId = await person('cid', '+15551230003', 'SUPPRESSED')
  await choose('+15551230003', 'resume', 'stop')
  expect(await ledger(contactId)).toEqual([['whatsapp', 'SUPPRESSED', 'form']])
})

test('of a merged contact it is the known half that is heard', async () => {
  const contact = { anonymousId: 'visitor' }
  await addIdentity(here.services, caller, { contact, channel: 'whatsapp', address: '+15551230004' })
  const known = await person('dot', '+15551239994', 'GRANTED')
  await identifyContact(here.services, caller, { anonymousId: 'visitor', externalId: 'dot' })
  await choose('+15551230004', 'stop')
  expect(await ledger(known)).toEqual([given, stopped])
})

test('nobody is made a contact by it, and no window opens', async () => {
  const count = async () =>
    (
      await here.database.owner.query(
        'SELECT (SELECT count(*) FROM contact)::int AS contacts, (SELECT count(*) FROM whatsapp_window)::int AS windows',
      )
    ).rows[0]
  const before = await count()
  await choose('+15551230005', 'stop', 'resume')
  expect(await count()).toEqual(before)
  expect(before.windows).toBe(0)
})

test('resuming that comes late takes nothing back of what was stopped since', async () => {
  const contactId = await person('fay', '+15551230007', 'GRANTED')
  const now = Math.floor(Date.now() / 1_000)
  const tell = async (...told: ['stop' | 'resume', number][]) => {
    for (const [value, timestamp] of told) expect(await post(preference('+15551230007', value, timestamp))).toBe(200)
    await turn()
    return (await consentsOf(here.services, caller, [contactId])).get(contactId)?.map(({ channel, state }) => [channel, state])
  }
  expect(await tell(['stop', now + 1])).toEqual([['whatsapp', 'WITHDRAWN']])
  expect(await tell(['resume', now - 60])).toEqual([['whatsapp', 'WITHDRAWN']])
  expect(await tell(['resume', now + 2])).toEqual([['whatsapp', 'GRANTED']])
  // A stop always counts: whoever has said it once is rather left in peace.
  expect(await tell(['stop', now - 120])).toEqual([['whatsapp', 'WITHDRAWN']])
  expect(await tell(['resume', now + 3])).toEqual([['whatsapp', 'GRANTED']])
  // Both in one tick.
  expect(await tell(['stop', now + 4], ['resume', now - 50])).toEqual([['whatsapp', 'WITHDRAWN']])
})

test('a forged one is refused', async () => {
  const contactId = await person('eve', '+15551230006', 'GRANTED')
  const body = preference('+15551230006', 'stop', Math.floor(Date.now() / 1_000))
  expect(await post(body, sandboxCredentials('stranger').meta.credentials.appSecret)).toBe(403)
  await turn()
  expect(await ledger(contactId)).toEqual([given])
  expect(await post(body)).toBe(200)
  await turn()
  expect(await ledger(contactId)).toEqual([given, stopped])
})
