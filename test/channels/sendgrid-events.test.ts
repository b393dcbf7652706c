import { sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallbackRequest, ChannelAdapter, Sender } from '../../src/channels/channel.ts'
import { sendgrid } from '../../src/channels/sendgrid.ts'
import { parseEvents, verifyEvents } from '../../src/channels/sendgrid-events.ts'
import type { ProviderCallback } from '../../src/domain/delivery.ts'
import { sandboxCredentials, webhookKeyOf } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { refusesForgeries } from './callbacks.ts'
import { outgoing, sandboxConnection } from './contract.ts'

const adapter = sendgrid() as unknown as ChannelAdapter
const CONTENT = { subject: 'Hi', html: '<a href="https://t.example/unsubscribe">no</a><a href="https://t.example/c/1?a=b&amp;c=d">yes</a>' }
const SIGNATURE = 'x-twilio-email-event-webhook-signature'
const TIMESTAMP = 'x-twilio-email-event-webhook-timestamp'
const demo = sandboxCredentials('demo').sendgrid.credentials

let receiver: Receiver
let sandbox: Sandbox
let sender: Sender
beforeAll(async () => {
  receiver = await startReceiver()
  sandbox = await startSandbox({ pause: 1 })
  sandbox.connect({ provider: 'sendgrid', account: demo.apiKey, callbackUrl: `${receiver.url}/hook` })
  sender = adapter.connect(sandboxConnection('sendgrid', sandbox.url))
  await heard('clicker.1@shop.example')
})
afterAll(async () => {
  await sender.close()
  await sandbox.close()
  await receiver.close()
})

/** What came of one mail to this address, in the order of the provider's clock and arrival. */
async function heard(address: string): Promise<{ id: string; events: Extract<ProviderCallback, { type: 'status' }>[] }> {
  const from = receiver.requests.length
  const message = outgoing(adapter, address, CONTENT)
  expect((await sender.send(message)).type).toBe('ok')
  await sandbox.settled()
  const requests = receiver.requests.slice(from)
  expect(requests.every((request) => verifyEvents(request, demo.webhookPublicKey))).toBe(true)
  return { id: message.id, events: requests.flatMap(parseEvents).flatMap((each) => (each.type === 'status' ? each : [])) }
}

describe('SendGrid events', () => {
  it.each([
    ['clicker', ['PROCESSED', 'DELIVERED', 'OPENED', 'CLICKED']],
    ['complainer', ['PROCESSED', 'DELIVERED', 'OPENED', 'COMPLAINED']],
    ['unsubscriber', ['PROCESSED', 'DELIVERED', 'OPENED', 'UNSUBSCRIBED']],
    ['slow', ['PROCESSED', 'DEFERRED', 'DELIVERED']],
  ])('tell of a %s', async (persona, statuses) => {
    const { id, events } = await heard(`${persona}.2@shop.example`)
    expect(events.map(({ status }) => status).sort()).toEqual([...statuses].sort())
    const accepted = sandbox.log.entries().find(({ messageId }) => messageId === id)
    expect(events.map(({ messageId, providerMessageId, human }) => [messageId, providerMessageId, human])).toEqual(
      events.map(() => [id, accepted?.providerMessageId, true]),
    )
    expect(new Set(events.map(({ providerEventId }) => providerEventId)).size).toBe(statuses.length)
    expect(events.find(({ status }) => status === 'CLICKED')?.url).toBe(persona === 'clicker' ? 'https://t.example/c/1?a=b&c=d' : undefined)
  })

  it('tell a machine from a human', async () => {
    const { events } = await heard('machine.3@shop.example')
    expect(events.map(({ status, human }) => [status, human])).toContainEqual(['OPENED', false])
  })

  it('tell a bounce, which is the address, from a block, which is not', async () => {
    const bounced = (await heard('bouncer.4@shop.example')).events.at(-1)
    expect(bounced).toMatchObject({ status: 'BOUNCED', identity: 'BOUNCED', code: '5.1.1' })
    const blocked = (await heard('blocked.4@shop.example')).events.at(-1)
    expect(blocked).toMatchObject({ status: 'FAILED', code: 'blocked', detail: '550 5.7.1 Message blocked' })
    expect(blocked).not.toHaveProperty('identity')
  })

  it('keep their ids when they are repeated and disordered', async () => {
    Object.assign(sandbox.callbacks, { duplicate: 1, disorder: true })
    const { events } = await heard('clicker.5@shop.example')
    Object.assign(sandbox.callbacks, { duplicate: 0, disorder: false })
    const ids = events.map(({ providerEventId }) => providerEventId)
    expect(ids.length).toBe(8)
    expect(new Set(ids).size).toBe(4)
  })

  it('come again, signed anew, after an answer that is no 2xx', async () => {
    receiver.answers.push(503)
    const { events } = await heard('ignorer.6@shop.example')
    expect(events.length).toBeGreaterThan(2)
    expect(new Set(events.map(({ providerEventId }) => providerEventId)).size).toBe(2)
  })
})

describe('SendGrid events are read', () => {
  const read = (...events: unknown[]) => parseEvents({ headers: {}, url: '', body: Buffer.from(JSON.stringify(events)) })
  const base = { sg_event_id: 'e1', timestamp: 1_750_000_000 }

  it('one by one, so that an unknown one does not fail the rest', () => {
    expect(
      read({ ...base, event: 'teleported' }, 7, null, { event: 'open' }, { ...base, event: '__proto__' }, { ...base, event: 'group_unsubscribe' }),
    ).toEqual([
      { type: 'status', messageId: null, providerMessageId: null, providerEventId: 'e1', status: 'UNSUBSCRIBED', human: true, at: 1_750_000_000_000 },
    ])
  })

  it('with the reason of a drop deciding about the address, and addresses taken out of it', () => {
    expect(read({ ...base, event: 'dropped', reason: 'Bounced Address' })).toMatchObject([{ status: 'FAILED', code: 'dropped', identity: 'BOUNCED' }])
    expect(read({ ...base, event: 'dropped', reason: 'Invalid' })).toMatchObject([{ identity: 'INVALID' }])
    for (const reason of ['Invalid SMTPAPI header', 'Spam Content', 'Recipient List over Package Quota']) {
      const [ours, ...rest] = read({ ...base, event: 'dropped', reason })
      expect([ours?.type === 'status' && ours.status, rest]).toEqual(['FAILED', []])
      expect(ours).not.toHaveProperty('identity')
    }
  })

  it('with a drop for what the person told SendGrid as that, too', () => {
    const [dropped, ...more] = read({ ...base, event: 'dropped', reason: 'Unsubscribed Address: ada@shop.example' })
    expect(dropped).toMatchObject({ status: 'FAILED', code: 'dropped', detail: 'Unsubscribed Address: <email>' })
    expect(dropped).not.toHaveProperty('identity')
    expect(more).toMatchObject([{ status: 'UNSUBSCRIBED', providerEventId: 'e1:optout', at: 1_750_000_000_000 }])
    expect(read({ ...base, event: 'dropped', reason: 'Spam Reporting Address' })).toMatchObject([
      { status: 'FAILED', providerEventId: 'e1' },
      { status: 'COMPLAINED', providerEventId: 'e1:optout' },
    ])
  })

  it('with an id of ours only where it is one', () => {
    const id = '0197f000-0000-8007-8000-000000000001'
    expect(read({ ...base, event: 'open', throughline_message: id, sg_message_id: 'abc.recvd-1.0' })).toMatchObject([
      { messageId: id, providerMessageId: 'abc' },
    ])
    expect(read({ ...base, event: 'open', throughline_message: "'; drop" })).toMatchObject([{ messageId: null }])
  })
})

describe('SendGrid signatures', () => {
  refusesForgeries({
    adapter,
    connection: sandboxConnection('sendgrid', 'http://127.0.0.1:9'),
    stranger: sandboxConnection('sendgrid', 'http://127.0.0.1:9', 'http://127.0.0.1:9', 'stranger'),
    genuine: () => receiver.requests,
    // The URL is no part of what SendGrid signs.
    signed: ({ headers, body }) => `${headers[SIGNATURE]} ${headers[TIMESTAMP]} ${body.toString('latin1')}`,
    signatureHeaders: [SIGNATURE, TIMESTAMP],
  })

  it('expire when SendGrid gives up, after a day, and hold ten minutes in advance', () => {
    const at = (seconds: number): CallbackRequest => {
      const timestamp = String(Math.floor(Date.now() / 1_000) + seconds)
      const signature = sign('sha256', Buffer.from(`${timestamp}[]`), { key: webhookKeyOf(demo.apiKey), dsaEncoding: 'der' }).toString('base64')
      return { headers: { [TIMESTAMP]: timestamp, [SIGNATURE]: signature }, body: Buffer.from('[]'), url: '' }
    }
    const verified = (...seconds: number[]) => seconds.map((each) => verifyEvents(at(each), demo.webhookPublicKey))
    expect(verified(-86_400, -90_000 + 10, 0, 590)).toEqual([true, true, true, true])
    expect(verified(-1e9, -90_001, 610, 86_400)).toEqual([false, false, false, false])
    expect(verifyEvents(at(0), 'no key at all')).toBe(false)
  })
})
