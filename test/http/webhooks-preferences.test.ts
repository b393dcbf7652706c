import { createHmac } from 'node:crypto'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConsentState } from '../../src/domain/channel.ts'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { openDispatcher } from '../../src/lanes/dispatch.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { consentHistory, setConsent } from '../../src/services/consents.ts'
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

test('a forged one is refused', async () => {
  const contactId = await person('eve', '+15551230006', 'GRANTED')
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '1500', phone_number_id: account },
    user_preferences: [{ wa_id: '15551230006', detail: '', category: 'marketing_messages', value: 'stop', timestamp: 1_750_000_000 }],
  }
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: settings.businessAccountId, changes: [{ field: 'user_preferences', value }] }],
  })
  const post = async (secret: string) => {
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    const answer = await fetch(hook, { method: 'POST', headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature }, body })
    await turn()
    return [answer.status, (await ledger(contactId)).length]
  }
  expect(await post(sandboxCredentials('stranger').meta.credentials.appSecret)).toEqual([403, 1])
  expect(await post(credentials.appSecret)).toEqual([200, 2])
})
