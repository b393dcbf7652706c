import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { twilioWhatsapp } from '../../src/channels/twilio-whatsapp.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'
import { startReceiver } from '../support/receiver.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = twilioWhatsapp as unknown as (options?: object) => ChannelAdapter
const content = (name: string, variables?: Record<string, string>) => ({
  template: { sid: contentSid({ name, language: 'en_US' }), ...(variables ? { variables } : {}) },
})
const unavailable = 'Twilio sends buttons and lists as contents only, and this has no content SID.'

contract({
  provider: 'twilio_whatsapp',
  adapter,
  address: '+15551230004',
  content: content('order_update', { 1: 'Ada', 2: '7', 3: '7' }),
  permanent: [
    {
      why: 'no number',
      address: '0551230004',
      outcome: { type: 'permanent', code: '21211', message: 'The recipient is no valid phone number.', identity: 'INVALID' },
    },
    {
      why: 'too few variables',
      content: content('order_update', { 1: 'Ada' }),
      outcome: { type: 'permanent', code: '63028', message: 'The template takes another number of variables.' },
    },
    {
      why: 'a code the table does not know',
      content: { template: { sid: `HX${'0'.repeat(32)}` } },
      outcome: { type: 'permanent', code: '21655', message: 'The ContentSid is Invalid' },
    },
    {
      why: "a template of Meta's alone",
      content: { template: { name: 'order_update', language: 'en_US' } },
      outcome: { type: 'permanent', code: 'INVALID_MESSAGE', message: unavailable },
    },
    {
      why: 'buttons without a content',
      content: { session: { text: 'Sure?', buttons: [{ id: 'y', title: 'Yes' }] } },
      outcome: { type: 'permanent', code: 'INVALID_MESSAGE', message: unavailable },
    },
  ],
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

describe('the WhatsApp message Twilio is given', () => {
  it.each([
    [
      content('greeting', { first_name: 'Ada' }).template,
      { ContentSid: contentSid({ name: 'greeting', language: 'en_US' }), ContentVariables: '{"first_name":"Ada"}' },
    ],
    [content('greeting').template, { ContentSid: contentSid({ name: 'greeting', language: 'en_US' }) }],
  ])('is a content: %j', async (template, fields) => {
    expect(await given({ template })).toEqual({ ...fields, From: 'whatsapp:+15005550006', To: 'whatsapp:+15551230004' })
  })

  it.each([
    [{ text: 'Hi' }, { Body: 'Hi' }],
    [
      { text: 'Look', media: { type: 'image', url: 'https://a.example/1' } },
      { Body: 'Look', MediaUrl: 'https://a.example/1' },
    ],
    [{ media: { type: 'audio', url: 'https://a.example/1' } }, { MediaUrl: 'https://a.example/1' }],
  ])('is free words: %j', async (session, fields) => {
    expect(await given({ session })).toEqual({ ...fields, From: 'whatsapp:+15005550006', To: 'whatsapp:+15551230004' })
  })

  it("is a messaging service's where there is one", async () => {
    const messagingServiceSid = `MG${'a'.repeat(32)}`
    expect(await given({ session: { text: 'Hi' } }, { messagingServiceSid })).toEqual({
      Body: 'Hi',
      MessagingServiceSid: messagingServiceSid,
      To: 'whatsapp:+15551230004',
    })
  })
})

async function given(body: object, settings?: object): Promise<object> {
  const server = await startReceiver()
  const connection = sandboxConnection('twilio_whatsapp', server.url, 'https://t.example/hook')
  const sender = adapter().connect({ ...connection, settings: (settings ?? connection.settings) as never })
  const message = outgoing(adapter(), '+15551230004', body as never)
  await sender.send(message)
  const { StatusCallback, ...fields } = Object.fromEntries(new URLSearchParams(String(server.requests[0]?.body)))
  expect(StatusCallback).toBe(`https://t.example/hook?message=${message.id}&attempt=1#rc=5&rp=all`)
  await sender.close()
  await server.close()
  return fields
}

describe('the 24 hours', () => {
  let sandbox: Sandbox
  let sender: Sender
  beforeAll(async () => {
    sandbox = await startSandbox({ callbacks: { attempts: 1 } })
    sender = adapter().connect(sandboxConnection('twilio_whatsapp', sandbox.url))
  })
  afterAll(async () => {
    await sender.close()
    await sandbox.close()
  })
  const send = (body: object, address = '+15551230004') => sender.send(outgoing(adapter(), address, body as never))

  it('keep free words and unapproved contents back until the person writes', async () => {
    const window = { type: 'retry', code: '63016', message: 'The 24 hours since the recipient last wrote are over.', retryAfter: 0 }
    expect([await send({ session: { text: 'Hi' } }), await send(content('spring_sale'))]).toEqual([window, window])
    const { accountSid } = sandboxConnection('twilio_whatsapp', '').credentials
    sandbox.inbound({ provider: 'twilio_whatsapp', account: String(accountSid), from: '+15551230004', to: '+15005550006', text: 'Hi' })
    expect([(await send({ session: { text: 'Hi' } })).type, (await send(content('spring_sale'))).type]).toEqual(['ok', 'ok'])
  })

  it('are no concern of a look-up, which goes by number', async () => {
    sandbox.fault({ kind: 'reset-after', provider: 'twilio_whatsapp', times: 1 })
    expect((await send(content('greeting', { first_name: 'Ada' }), '+15559990004')).type).toBe('ambiguous')
    const providerMessageId = sandbox.log.entries().at(-1)?.providerMessageId
    const found = await sender.lookUp?.({ id: 'any', address: '+15559990004', dispatchedAt: Date.now() })
    expect(found).toEqual({ type: 'ok', providerMessageId })
  })
})
