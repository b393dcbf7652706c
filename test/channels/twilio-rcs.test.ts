import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { twilioRcs } from '../../src/channels/twilio-rcs.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = twilioRcs as unknown as (options?: object) => ChannelAdapter
const unknown = { content: { sid: `HX${'0'.repeat(32)}` } }

contract({
  provider: 'twilio_rcs',
  adapter,
  address: '+15551230004',
  content: { body: 'Hello' },
  permanent: [
    {
      why: 'no number',
      address: '0551230004',
      outcome: { type: 'permanent', code: '21211', message: 'The recipient is no valid phone number.', identity: 'INVALID' },
    },
    {
      why: 'a phone without RCS, whose number stays as good as it was',
      address: '+15551230099',
      outcome: { type: 'permanent', code: 'unreachable', message: 'The phone is not capable of RCS. (63106)' },
    },
    {
      why: 'a content nobody made',
      content: unknown,
      outcome: { type: 'permanent', code: '21655', message: 'The ContentSid is Invalid' },
    },
    {
      why: 'too long',
      content: { body: 'x'.repeat(1_601) },
      outcome: { type: 'permanent', code: '21617', message: 'The text is longer than 1,600 characters.' },
    },
  ],
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

describe('the RCS message Twilio is given', () => {
  const given = async (settings: JsonObject, content: JsonObject) => {
    const server = await startReceiver()
    server.answers.push(201)
    const connection = { ...sandboxConnection('twilio_rcs', server.url, 'https://t.example/webhooks/twilio_rcs/c1'), settings }
    const sender = adapter().connect(connection)
    const message = outgoing(adapter(), '+15551230004', content)
    expect(await sender.send(message)).toMatchObject({ type: 'ambiguous', code: 'UNREADABLE' })
    await sender.close()
    await server.close()
    const { StatusCallback, ...fields } = Object.fromEntries(new URLSearchParams(String(server.requests[0]?.body)))
    expect(StatusCallback).toBe(`https://t.example/webhooks/twilio_rcs/c1?message=${message.id}#rc=5&rp=all`)
    return fields
  }
  const service = `MG${'a'.repeat(32)}`
  const sid = `HX${'b'.repeat(32)}`
  it.each([
    [{ from: 'shop_agent' }, { body: 'Hi' }, { From: 'rcs:shop_agent', To: 'rcs:+15551230004', Body: 'Hi' }],
    [{ messagingServiceSid: service }, { body: 'Hi' }, { MessagingServiceSid: service, To: 'rcs:+15551230004', Body: 'Hi' }],
    [{ messagingServiceSid: service, providerFallsBack: true }, { body: 'Hi' }, { MessagingServiceSid: service, To: '+15551230004', Body: 'Hi' }],
    [{ from: 'a' }, { content: { sid } }, { From: 'rcs:a', To: 'rcs:+15551230004', ContentSid: sid }],
    [
      { from: 'a' },
      { content: { sid, variables: { 1: 'Ada' } } },
      { From: 'rcs:a', To: 'rcs:+15551230004', ContentSid: sid, ContentVariables: '{"1":"Ada"}' },
    ],
  ])('by %j of %j', async (settings, content, fields) => {
    expect(await given(settings as JsonObject, content as JsonObject)).toEqual(fields)
  })
})

describe('a card', () => {
  let sandbox: Sandbox
  let sender: Sender
  beforeAll(async () => {
    sandbox = await startSandbox({ callbacks: { attempts: 1 } })
    sender = adapter().connect(sandboxConnection('twilio_rcs', sandbox.url))
  })
  afterAll(async () => {
    await sender.close()
    await sandbox.close()
  })
  const card = (name: string) => ({
    card: { title: `Hi ${name}`, media: 'https://a.example/1.png', suggestions: [{ type: 'REPLY', text: 'Yes', value: 'yes' }] },
  })

  it('is made once and then sent to everybody with their own texts', async () => {
    const shown = await Promise.all(
      ['Ada', 'Bea "B"'].map(async (name) => {
        const message = outgoing(adapter(), '+15551230004', card(name))
        expect((await sender.send(message)).type).toBe('ok')
        return JSON.parse(sandbox.log.entries().find(({ messageId }) => messageId === message.id)?.text ?? '') as object
      }),
    )
    const media = ['https://a.example/1.png']
    const actions = [{ type: 'QUICK_REPLY', title: 'Yes', id: 'yes' }]
    expect(shown).toEqual(['Hi Ada', 'Hi Bea "B"'].map((title) => ({ 'twilio/card': { title, media, actions } })))
  })

  it('is refused when it is made, by labels too long and for want of anything beside a text', async () => {
    const of = (part: object) => sender.send(outgoing(adapter(), '+15551230004', part as JsonObject))
    const labelled = { card: { title: 'Hi', suggestions: [{ type: 'REPLY', text: 'x'.repeat(26), value: 'yes' }] } }
    const linked = { card: { title: 'Hi', suggestions: [{ type: 'URL', text: 'Shop', value: 'shop' }] } }
    for (const part of [labelled, linked, { card: { title: 'Hi' } }, { card: { title: 'Hi', media: 'cat.png' } }])
      expect(await of(part)).toMatchObject({ type: 'permanent', code: '20001' })
    const carousel = { text: 'Look', cards: Array(2).fill({ description: 'x', media: 'https://a.example/1.png', suggestions: [] }) }
    expect(await of({ carousel })).toMatchObject({ type: 'permanent', code: '20001' })
    expect(await of(card('Ada'))).toMatchObject({ type: 'ok' })
  })

  it('that could not be made has been sent to nobody, and is made at the next attempt', async () => {
    const server = await startReceiver()
    server.answers.push(503, 400, 401)
    const away = adapter().connect(sandboxConnection('twilio_rcs', server.url))
    const send = () => away.send(outgoing(adapter(), '+15551230004', card('Ada')))
    expect(await send()).toMatchObject({ type: 'retry', code: 'HTTP_503' })
    expect(await send()).toMatchObject({ type: 'permanent', code: 'HTTP_400' })
    expect(await send()).toMatchObject({ type: 'retry', code: 'AUTH' })
    expect(server.requests.map(({ url }) => new URL(url).pathname)).toEqual(['/v1/Content', '/v1/Content', '/v1/Content'])
    expect(JSON.parse(String(server.requests[0]?.body))).toMatchObject({ language: 'en', variables: { 1: 'Text 1' } })
    // A content stays at Twilio: whoever happened to be the first to get it is not kept in it.
    expect(server.requests.filter(({ body }) => String(body).includes('Ada'))).toEqual([])
    await away.close()
    await server.close()
  })
})
