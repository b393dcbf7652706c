import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallbackRequest, ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { meta } from '../../src/channels/meta.ts'
import { answerChallenge, parseMeta, verifyMeta } from '../../src/channels/meta-callbacks.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { refusesForgeries } from './callbacks.ts'
import { outgoing, sandboxConnection } from './contract.ts'

const adapter = meta() as unknown as ChannelAdapter
const { credentials, settings } = sandboxCredentials('demo').meta
const account = settings.phoneNumberId
const OFFER = {
  template: {
    name: 'weekend_offer',
    language: 'en_US',
    header: { media: { type: 'image', url: 'https://cdn.example/1.png' } },
    body: ['Ada', '20 %'],
    buttons: [{ index: 0, type: 'QUICK_REPLY', value: 'promo' }],
  },
}

let receiver: Receiver
let sandbox: Sandbox
let sender: Sender
beforeAll(async () => {
  receiver = await startReceiver()
  sandbox = await startSandbox({ pause: 1 })
  sandbox.connect({ provider: 'meta', account, callbackUrl: `${receiver.url}/hook` })
  sender = adapter.connect(sandboxConnection('meta', sandbox.url))
  await heard('+15551230103')
})
afterAll(async () => {
  await sender.close()
  await sandbox.close()
  await receiver.close()
})

/** What came of one message to this number. */
async function heard(address: string) {
  const from = receiver.requests.length
  const message = outgoing(adapter, address, OFFER)
  const outcome = await sender.send(message)
  await sandbox.settled()
  const requests = receiver.requests.slice(from)
  expect(requests.every((request) => verifyMeta(request, credentials.appSecret))).toBe(true)
  return { message, outcome, callbacks: requests.flatMap((request) => parseMeta(request, settings)) }
}

const request = (body: unknown): CallbackRequest => ({ headers: {}, url: 'https://t.example', body: Buffer.from(JSON.stringify(body)) })
const webhook = (changes: object[], id = settings.businessAccountId) =>
  request({ object: 'whatsapp_business_account', entry: [{ id, time: 1_750_000_000, changes }] })
const about = (value: object, phoneNumberId = account) => ({
  field: 'messages',
  value: { messaging_product: 'whatsapp', metadata: { display_phone_number: '15005550006', phone_number_id: phoneNumberId }, ...value },
})
const parsed = (changes: object[], id?: string) => parseMeta(webhook(changes, id), settings)

describe('what Meta reports', () => {
  it('is heard of a reader who answers: sent, delivered, read, and the answer', async () => {
    const { message, outcome, callbacks } = await heard('+15551230203')
    const providerMessageId = outcome.type === 'ok' ? outcome.providerMessageId : ''
    expect(callbacks.slice(0, 3)).toMatchObject(
      ['SENT', 'DELIVERED', 'OPENED'].map((status, n) => ({
        type: 'status',
        messageId: message.id,
        attempt: 1,
        providerMessageId,
        providerEventId: `${providerMessageId}:${['sent', 'delivered', 'read'][n]}`,
        status,
        human: true,
      })),
    )
    expect(callbacks[3]).toMatchObject({
      type: 'inbound',
      channel: 'whatsapp',
      from: '+15551230203',
      text: 'YES',
      properties: { kind: 'text', profileName: 'Person 0203' },
    })
    expect(callbacks.length).toBe(4)
  })

  it('is heard of who is not on WhatsApp: a failure that says why', async () => {
    const { callbacks } = await heard('+15551230101')
    expect(callbacks).toMatchObject([{ status: 'FAILED', code: '131026', detail: 'The recipient cannot be reached on WhatsApp.' }])
  })

  it('is heard of who wants no marketing: a failure and an opt-out, two events', () => {
    const status = { id: 'wamid.1', status: 'failed', timestamp: '1750000001', recipient_id: '1', errors: [{ code: 131050, title: 'x' }] }
    expect(parsed([about({ statuses: [status] })])).toMatchObject([
      { status: 'FAILED', code: '131050', providerEventId: 'wamid.1:failed', at: 1_750_000_001_000, messageId: null },
      { status: 'UNSUBSCRIBED', code: '131050', providerEventId: 'wamid.1:optout' },
    ])
  })

  it('asks for one attempt more where time alone puts it right, and the attempt is known', () => {
    const id = '0197f000-0000-8007-8000-000000000001'
    const said = (code: number, data: string) => {
      const status = { id: 'wamid.1', status: 'failed', timestamp: '1750000001', biz_opaque_callback_data: data, errors: [{ code }] }
      return parsed([about({ statuses: [status] })]).map((each) => each.type === 'status' && [each.messageId, each.attempt, each.again])
    }
    expect(said(131047, `${id} 2`)).toEqual([[id, 2, true]])
    expect(said(131056, `${id} 1`)).toEqual([[id, 1, true]])
    expect(said(131047, id)).toEqual([[id, undefined, undefined]])
    expect(said(131026, `${id} 1`)).toEqual([[id, 1, undefined]])
    expect(said(131047, `${id} 0`)).toEqual([[null, undefined, undefined]])
  })

  it("is not another number's, nor another account's", () => {
    const statuses = [{ id: 'wamid.1', status: 'read', timestamp: '1750000001' }]
    const messages = [{ from: '15551230004', id: 'wamid.2', timestamp: '1750000001', type: 'text', text: { body: 'Hi' } }]
    expect(parsed([about({ statuses, messages })]).length).toBe(2)
    expect(parsed([about({ statuses, messages }, '12345')])).toEqual([])
    const review = { field: 'message_template_status_update', value: { event: 'PAUSED', message_template_id: 7 } }
    expect(parsed([review]).length).toBe(1)
    expect(parsed([review], '12345')).toEqual([])
  })

  it('is a template that was counted to another category, not one that will be', () => {
    const told = { message_template_id: 7, message_template_name: 'order_update', message_template_language: 'en_US', new_category: 'MARKETING' }
    const change = (more: object) => parsed([{ field: 'template_category_update', value: { ...told, ...more } }])
    const at = expect.any(Number) as number
    expect(change({ previous_category: 'utility' })).toEqual([
      {
        type: 'template_category',
        providerEventId: expect.stringMatching(/^template:7:MARKETING:\d+$/) as string,
        providerId: '7',
        from: 'UTILITY',
        category: 'MARKETING',
        at,
      },
    ])
    for (const more of [
      { correct_category: 'MARKETING', category_update_timestamp: 1 },
      { previous_category: null },
      { previous_category: 'UTILITY', message_template_id: null },
    ])
      expect(change(more)).toEqual([])
    expect(parsed([{ field: 'template_category_update', value: { ...told, previous_category: 'UTILITY' } }], '12345')).toEqual([])
  })

  it('names a template by all digits of its number', () => {
    const body = '{"event":"PAUSED","message_template_id": 10158000000000017,"reason":"\\"message_template_id\\":10158000000000017"}'
    const entry = `{"id":"${settings.businessAccountId}","time":1,"changes":[{"field":"message_template_status_update","value":${body}}]}`
    const raw = Buffer.from(`{"object":"whatsapp_business_account","entry":[${entry}]}`)
    expect(parseMeta({ ...request(null), body: raw }, settings)).toMatchObject([
      { providerId: '10158000000000017', reason: '"message_template_id":10158000000000017' },
    ])
  })

  it('is left out where it is of a kind not known, whatever stands beside it', () => {
    const statuses = [
      null,
      7,
      { id: 'wamid.1', status: 'constructor' },
      { id: '', status: 'read' },
      { status: 'read' },
      { id: 'wamid.3', status: 'sent', biz_opaque_callback_data: 'not ours' },
    ]
    expect(parsed([{ field: 'account_update', value: {} }, about({ statuses }), { field: 'messages' }])).toMatchObject([
      { providerMessageId: 'wamid.3', messageId: null, status: 'SENT' },
    ])
  })

  it('is what a person stops and resumes, of promotions and for this number alone', () => {
    const chosen = (change: object, phoneNumberId?: string) => {
      const user_preferences = [
        { wa_id: '15551230004', detail: 'theirs', category: 'marketing_messages', value: 'stop', timestamp: 1_750_000_001, ...change },
      ]
      return parsed([{ ...about({ user_preferences }, phoneNumberId), field: 'user_preferences' }])
    }
    const told = { type: 'preference', channel: 'whatsapp', from: '+15551230004', at: 1_750_000_001_999 }
    expect(chosen({})).toEqual([{ ...told, state: 'WITHDRAWN', providerEventId: '15551230004:stop:1750000001' }])
    expect(chosen({ value: 'resume' })).toEqual([{ ...told, state: 'GRANTED', providerEventId: '15551230004:resume:1750000001' }])
    const hidden = { wa_id: undefined, user_id: 'US.13491208655302741918' }
    expect(chosen(hidden)).toMatchObject([{ from: hidden.user_id, state: 'WITHDRAWN', providerEventId: `${hidden.user_id}:stop:1750000001` }])
    for (const change of [{ value: 'constructor' }, { value: null }, { category: 'utility_messages' }, { wa_id: 15_551_230_004 }])
      expect(chosen(change)).toEqual([])
    expect(chosen({}, '12345')).toEqual([])
  })

  it("is a template's review", async () => {
    const from = receiver.requests.length
    sandbox.review({ account, name: 'order_update', status: 'PAUSED', reason: 'PROMOTIONAL' })
    sandbox.review({ account, name: 'nothing', status: 'PAUSED' })
    await sandbox.settled()
    const [template] = (await adapter.templates?.(sandboxConnection('meta', sandbox.url))) ?? []
    const { providerId = '' } = template ?? {}
    expect(receiver.requests.slice(from).flatMap((each) => parseMeta(each, settings))).toEqual([
      {
        type: 'template',
        providerId,
        providerEventId: expect.stringMatching(new RegExp(`^template:${providerId}:PAUSED:\\d+$`)),
        status: 'PAUSED',
        reason: 'PROMOTIONAL',
        at: expect.any(Number),
      },
    ])
    expect(template).toMatchObject({ name: 'order_update', status: 'PAUSED' })
  })
})

it.each([
  ['subscribe', credentials.verifyToken, '1158201444', '1158201444'],
  ['unsubscribe', credentials.verifyToken, '1', null],
  ['subscribe', `${credentials.verifyToken}x`, '1', null],
  ['subscribe', '', '1', null],
  ['subscribe', credentials.verifyToken, null, null],
])('a challenge by %s and %j for %j is answered %j', (mode, token, challenge, answer) => {
  const query = new URLSearchParams({ 'hub.mode': mode, 'hub.verify_token': token, ...(challenge === null ? {} : { 'hub.challenge': challenge }) })
  expect(answerChallenge(query, credentials.verifyToken)).toBe(answer)
})

describe('forgeries', () => {
  refusesForgeries({
    adapter,
    connection: sandboxConnection('meta', 'http://127.0.0.1:9'),
    stranger: sandboxConnection('meta', 'http://127.0.0.1:9', undefined, 'stranger'),
    genuine: () => receiver.requests.slice(0, 4),
    signed: ({ headers, body }) => `${headers['x-hub-signature-256']} ${body.toString('hex')}`,
    signatureHeaders: ['x-hub-signature-256'],
  })

  it('are what carries the SHA-1 signature alone, which Meta sends beside the other', () => {
    const [genuine] = receiver.requests
    const sha1 = `sha1=${createHmac('sha1', credentials.appSecret)
      .update(genuine?.body ?? '')
      .digest('hex')}`
    expect(verifyMeta({ headers: { 'x-hub-signature': sha1 }, url: '', body: genuine?.body ?? Buffer.alloc(0) }, credentials.appSecret)).toBe(false)
  })
})
