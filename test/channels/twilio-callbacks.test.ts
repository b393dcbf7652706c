import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallbackRequest, ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { parseTwilio, verifyTwilio } from '../../src/channels/twilio-callbacks.ts'
import { twilioSms } from '../../src/channels/twilio-sms.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { refusesForgeries } from './callbacks.ts'
import { outgoing, sandboxConnection } from './contract.ts'

const adapter = twilioSms() as unknown as ChannelAdapter
const { credentials, settings } = sandboxCredentials('demo').twilio

let receiver: Receiver
let sandbox: Sandbox
let sender: Sender
beforeAll(async () => {
  receiver = await startReceiver()
  sandbox = await startSandbox({ pause: 1 })
  sandbox.connect({ provider: 'twilio', account: credentials.accountSid, callbackUrl: `${receiver.url}/webhooks/twilio/c1` })
  sender = adapter.connect(sandboxConnection('twilio', sandbox.url, `${receiver.url}/webhooks/twilio/c1`))
  await heard('+15551230001')
  await heard('+15551230003')
})
afterAll(async () => {
  await sender.close()
  await sandbox.close()
  await receiver.close()
})

async function heard(address: string) {
  const from = receiver.requests.length
  const message = outgoing(adapter, address, { body: 'Reply YES & win 100 %' })
  const outcome = await sender.send(message)
  await sandbox.settled()
  const requests = receiver.requests.slice(from)
  expect(requests.every((request) => verifyTwilio(request, credentials.authToken))).toBe(true)
  return { id: message.id, sid: outcome.type === 'ok' ? outcome.providerMessageId : null, outcome, callbacks: requests.flatMap(parseTwilio) }
}

describe('Twilio callbacks', () => {
  it('tell of sending and delivery under our id', async () => {
    const { id, sid, callbacks } = await heard('+15551230104')
    const base = { type: 'status', messageId: id, providerMessageId: sid, human: true, attempt: 1, at: expect.any(Number) as number }
    expect(callbacks).toHaveLength(2)
    expect(callbacks).toContainEqual({ ...base, status: 'SENT', providerEventId: `${sid}:sent` })
    expect(callbacks).toContainEqual({ ...base, status: 'DELIVERED', providerEventId: `${sid}:delivered` })
  })

  it('tell of a number that is no longer one', async () => {
    const { callbacks } = await heard('+15551230101')
    expect(callbacks).toContainEqual(
      expect.objectContaining({ status: 'FAILED', code: '30005', identity: 'INVALID', detail: 'The number is unknown or no longer in use.' }),
    )
  })

  it('tell of replies, and Twilio obeys STOP and START by itself', async () => {
    const yes = (await heard('+15551230103')).callbacks.find(({ type }) => type === 'inbound')
    expect(yes).toMatchObject({ type: 'inbound', channel: 'sms', from: '+15551230103', to: settings.from, text: 'YES' })
    expect((await heard('+15551230102')).callbacks).toContainEqual(expect.objectContaining({ type: 'inbound', text: 'STOP' }))
    expect((await heard('+15551230102')).outcome).toMatchObject({ type: 'permanent', code: '21610', optedOut: true })
    sandbox.inbound({ account: credentials.accountSid, from: '+15551230102', to: settings.from, text: ' start ' })
    expect((await heard('+15551230102')).outcome.type).toBe('ok')
  })

  it('keep their ids when they are repeated', async () => {
    sandbox.callbacks.duplicate = 1
    const { sid, callbacks } = await heard('+15551230204')
    sandbox.callbacks.duplicate = 0
    expect(callbacks.map(({ providerEventId }) => providerEventId).sort()).toEqual([
      `${sid}:delivered`,
      `${sid}:delivered`,
      `${sid}:sent`,
      `${sid}:sent`,
    ])
  })
})

describe('Twilio callbacks are read', () => {
  const read = (fields: Record<string, string>, url = 'https://t.example/webhooks/twilio/c1') =>
    parseTwilio({ headers: {}, url, body: Buffer.from(new URLSearchParams(fields).toString()) })

  it('by table: unknown statuses are left out, unknown codes kept', () => {
    const statuses = [
      'queued',
      'accepted',
      'sending',
      'sent',
      'delivered',
      'undelivered',
      'failed',
      'canceled',
      'read',
      'partially_delivered',
      'constructor',
    ]
    expect(
      statuses.flatMap((MessageStatus) => read({ MessageSid: 'SM1', MessageStatus })).map((each) => each.type === 'status' && each.status),
    ).toEqual(['PROCESSED', 'PROCESSED', 'PROCESSED', 'SENT', 'DELIVERED', 'FAILED', 'FAILED', 'FAILED', 'OPENED'])
    expect(read({ MessageSid: 'SM1', MessageStatus: 'failed', ErrorCode: '99999' })).toMatchObject([
      { status: 'FAILED', code: '99999', detail: 'Twilio error 99999.' },
    ])
  })

  it('without an error where nothing failed', () => {
    for (const [MessageStatus, ErrorCode] of [
      ['delivered', '0'],
      ['sent', '30005'],
      ['read', '21610'],
    ] as const) {
      const [only, ...rest] = read({ MessageSid: 'SM1', MessageStatus, ErrorCode })
      expect([MessageStatus, rest]).toEqual([MessageStatus, []])
      for (const field of ['code', 'detail', 'identity']) expect(only).not.toHaveProperty(field)
    }
  })

  it('with the pictures of an MMS, which may come without words', () => {
    const mms = {
      MessageSid: 'MM1',
      From: '+15551230001',
      To: '+15005550006',
      Body: '',
      NumMedia: '2',
      MediaUrl0: 'https://api.twilio.example/ME1',
      MediaContentType0: 'image/jpeg',
      MediaUrl1: 'https://api.twilio.example/ME2',
      MediaContentType1: 'text/vcard',
    }
    expect(read(mms)).toEqual([
      {
        type: 'inbound',
        channel: 'sms',
        from: '+15551230001',
        to: '+15005550006',
        text: '',
        providerMessageId: 'MM1',
        providerEventId: 'MM1:inbound',
        at: expect.any(Number) as number,
        properties: {
          kind: 'image',
          media: { type: 'image', url: 'https://api.twilio.example/ME1', mimeType: 'image/jpeg' },
          moreMedia: [{ type: 'document', url: 'https://api.twilio.example/ME2', mimeType: 'text/vcard' }],
        },
      },
    ])
    expect(read({ ...mms, Body: 'Look', NumMedia: '0' })[0]).not.toHaveProperty('properties')
    expect(read({ ...mms, NumMedia: '-1' })[0]).not.toHaveProperty('properties')
  })

  it('as a withdrawal, too, where the failure is an opt-out', () => {
    expect(read({ MessageSid: 'SM1', MessageStatus: 'failed', ErrorCode: '21610' })).toMatchObject([
      { status: 'FAILED', code: '21610', providerEventId: 'SM1:failed' },
      { status: 'UNSUBSCRIBED', code: '21610', providerEventId: 'SM1:optout' },
    ])
  })

  it('with an id of ours only where it is one', () => {
    const id = '0197f000-0000-8007-8000-000000000001'
    expect(read({ MessageSid: 'SM1', MessageStatus: 'sent' }, `https://t.example/x?message=${id}`)).toMatchObject([{ messageId: id }])
    const lost = { MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30008' }
    expect(read(lost, `https://t.example/x?message=${id}&attempt=1`)).toMatchObject([{ status: 'FAILED', attempt: 1, again: true }])
    expect(read({ ...lost, ErrorCode: '30007' }, `https://t.example/x?message=${id}&attempt=1`)[0]).not.toHaveProperty('again')
    for (const attempt of ['', '&attempt=0', '&attempt=1e1', '&attempt=99999']) {
      const [callback] = read(lost, `https://t.example/x?message=${id}${attempt}`)
      expect([callback, attempt]).toEqual([expect.not.objectContaining({ again: true }), attempt])
      expect(callback).not.toHaveProperty('attempt')
    }
    expect(read({ MessageSid: 'SM1', MessageStatus: 'sent' }, 'https://t.example/x?message=1%27--')).toMatchObject([{ messageId: null }])
    expect(read({ From: '+15551230001', Body: 'hi' })).toEqual([])
  })
})

describe('Twilio signatures', () => {
  // The SDK also tries the URL as `new URL` writes it, since some of Twilio's back ends sign that.
  const normal = (url: string) => (URL.canParse(url) ? new URL(url).href : url)
  const decoded = ({ headers, body, url }: CallbackRequest) =>
    JSON.stringify([headers['x-twilio-signature'], normal(url), [...new URLSearchParams(body.toString('utf8'))].sort()])
  refusesForgeries({
    adapter,
    connection: sandboxConnection('twilio', 'http://127.0.0.1:9'),
    stranger: sandboxConnection('twilio', 'http://127.0.0.1:9', 'http://127.0.0.1:9', 'stranger'),
    genuine: () => receiver.requests,
    signed: decoded,
    signatureHeaders: ['x-twilio-signature'],
  })

  it('may cover the overrides asked for in the fragment', () => {
    const url = 'https://t.example/webhooks/twilio/c1?message=1'
    const signature = createHmac('sha1', credentials.authToken).update(`${url}#rc=5&rp=allMessageSidSM1`).digest('base64')
    expect(verifyTwilio({ headers: { 'x-twilio-signature': signature }, url, body: Buffer.from('MessageSid=SM1') }, credentials.authToken)).toBe(true)
  })
})
