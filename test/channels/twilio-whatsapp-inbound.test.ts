import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { verifyTwilio } from '../../src/channels/twilio-callbacks.ts'
import { twilioWhatsapp } from '../../src/channels/twilio-whatsapp.ts'
import { parseTwilioWhatsapp } from '../../src/channels/twilio-whatsapp-inbound.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { refusesForgeries } from './callbacks.ts'
import { outgoing, sandboxConnection } from './contract.ts'

const adapter = twilioWhatsapp() as unknown as ChannelAdapter
const { credentials } = sandboxCredentials('demo').twilio_whatsapp
const OFFER = { template: { sid: contentSid({ name: 'weekend_offer', language: 'en_US' }), variables: { 1: 'Ada', 2: '20 %', 3: '1.png' } } }

let receiver: Receiver
let sandbox: Sandbox
let sender: Sender
beforeAll(async () => {
  receiver = await startReceiver()
  sandbox = await startSandbox({ pause: 1 })
  sandbox.connect({ provider: 'twilio_whatsapp', account: credentials.accountSid, callbackUrl: `${receiver.url}/hook` })
  sandbox.script('+15551239999', 'clicker')
  sender = adapter.connect(sandboxConnection('twilio_whatsapp', sandbox.url, `${receiver.url}/hook`))
  await heard('+15551230103')
})
afterAll(async () => {
  await sender.close()
  await sandbox.close()
  await receiver.close()
})

async function heard(address: string) {
  const from = receiver.requests.length
  const message = outgoing(adapter, address, OFFER)
  const outcome = await sender.send(message)
  await sandbox.settled()
  const requests = receiver.requests.slice(from)
  expect(requests.every((request) => verifyTwilio(request, credentials.authToken))).toBe(true)
  return { message, outcome, callbacks: requests.flatMap(parseTwilioWhatsapp) }
}

describe('what Twilio tells of WhatsApp', () => {
  it('is sent, delivered, read, and the button that was tapped', async () => {
    const { message, outcome, callbacks } = await heard('+15551239999')
    const providerMessageId = outcome.type === 'ok' ? outcome.providerMessageId : ''
    expect(callbacks.map((each) => (each.type === 'status' ? `${each.status} ${each.messageId === message.id}` : each.type)).sort()).toEqual([
      'DELIVERED true',
      'OPENED true',
      'SENT true',
      'inbound',
    ])
    expect(callbacks.find(({ type }) => type === 'inbound')).toMatchObject({
      channel: 'whatsapp',
      from: '+15551239999',
      to: '+15005550006',
      text: 'Promo',
      properties: { kind: 'reply', buttonPayload: 'promo', profileName: 'Person 9999' },
      repliesTo: providerMessageId,
    })
  })

  it('is that somebody cannot be reached', async () => {
    const { callbacks } = await heard('+15551230101')
    expect(callbacks).toMatchObject([{ status: 'FAILED', code: '63024', detail: 'The recipient cannot be reached on WhatsApp.' }])
  })
})

describe('an inbound message', () => {
  const read = (fields: Record<string, string>) =>
    parseTwilioWhatsapp({
      headers: {},
      url: 'https://t.example',
      body: Buffer.from(new URLSearchParams({ MessageSid: 'SM1', From: 'whatsapp:+15551230004', To: 'whatsapp:+15005550006', ...fields }).toString()),
    })

  it.each([
    [{ Body: 'Help' }, 'Help', { kind: 'text' }],
    [{ ButtonText: 'Yes', ButtonPayload: 'y', Body: 'Yes' }, 'Yes', { kind: 'reply', buttonPayload: 'y' }],
    [{ ListId: 'a', ListTitle: 'First', Body: 'First' }, 'First', { kind: 'reply', listId: 'a' }],
    [
      { Body: 'Look', NumMedia: '1', MediaUrl0: 'https://api.twilio.com/1', MediaContentType0: 'image/jpeg' },
      'Look',
      { kind: 'image', media: { type: 'image', url: 'https://api.twilio.com/1', mimeType: 'image/jpeg' } },
    ],
    [
      { NumMedia: '2', MediaUrl0: 'u0', MediaContentType0: 'application/pdf', MediaUrl1: 'u1', MediaContentType1: 'audio/ogg' },
      '',
      {
        kind: 'document',
        media: { type: 'document', url: 'u0', mimeType: 'application/pdf' },
        moreMedia: [{ type: 'audio', url: 'u1', mimeType: 'audio/ogg' }],
      },
    ],
    [
      { Latitude: '1.5', Longitude: '2', Label: 'Home' },
      'Home',
      { kind: 'location', location: { latitude: 1.5, longitude: 2, name: 'Home', address: null } },
    ],
  ])('%j', (fields, text, properties) => {
    expect(read(fields as Record<string, string>)).toMatchObject([
      { type: 'inbound', from: '+15551230004', text, properties, providerMessageId: 'SM1', providerEventId: 'SM1:inbound' },
    ])
  })

  it("is none without an id, or from another of the account's channels", () => {
    expect(read({ MessageSid: '', Body: 'Hi' })).toEqual([])
    expect(read({ From: '+15551230004', Body: 'Hi' })).toEqual([])
  })
})

describe('forgeries', () => {
  const normal = (url: string) => (URL.canParse(url) ? new URL(url).href : url)
  refusesForgeries({
    adapter,
    connection: sandboxConnection('twilio_whatsapp', 'http://127.0.0.1:9'),
    stranger: sandboxConnection('twilio_whatsapp', 'http://127.0.0.1:9', undefined, 'stranger'),
    genuine: () => receiver.requests,
    signed: ({ headers, body, url }) =>
      JSON.stringify([headers['x-twilio-signature'], normal(url), [...new URLSearchParams(body.toString('utf8'))].sort()]),
    signatureHeaders: ['x-twilio-signature'],
  })
})
