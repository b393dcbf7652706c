import { describe, expect, it } from 'vitest'
import type { ChannelAdapter } from '../../src/channels/channel.ts'
import { twilioSms } from '../../src/channels/twilio-sms.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = twilioSms as unknown as (options?: object) => ChannelAdapter

contract({
  provider: 'twilio',
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
      why: 'no mobile',
      address: '+15005550009',
      outcome: { type: 'permanent', code: '21614', message: 'The recipient is no mobile number.', identity: 'INVALID' },
    },
    {
      why: 'opted out',
      address: '+15005550004',
      outcome: { type: 'permanent', code: '21610', message: 'The recipient has opted out by replying STOP.', optedOut: true },
    },
    { why: 'a region', address: '+15005550003', outcome: { type: 'permanent', code: '21408', message: 'The account may not send to this region.' } },
    {
      why: 'too long',
      content: { body: 'x'.repeat(1_601) },
      outcome: { type: 'permanent', code: '21617', message: 'The text is longer than 1,600 characters.' },
    },
    { why: 'a code the table does not know', content: {}, outcome: { type: 'permanent', code: '21602', message: 'Message body is required.' } },
  ],
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

describe('the SMS Twilio is given', () => {
  it('names our id in the callback, asks for repetitions, and repeats MediaUrl', async () => {
    const server = await startReceiver()
    server.answers.push(201)
    const sender = adapter().connect(sandboxConnection('twilio', server.url, 'https://t.example/webhooks/twilio/c1'))
    const message = outgoing(adapter(), '+15551230004', { body: 'Hi & bye', mediaUrls: ['https://a.example/1', 'https://a.example/2'] })
    // The answer has no body, so the message may have been accepted.
    expect(await sender.send(message)).toMatchObject({ type: 'ambiguous', code: 'UNREADABLE' })
    expect([...new URLSearchParams(String(server.requests[0]?.body))].sort()).toEqual([
      ['Body', 'Hi & bye'],
      ['From', '+15005550006'],
      ['MediaUrl', 'https://a.example/1'],
      ['MediaUrl', 'https://a.example/2'],
      ['StatusCallback', `https://t.example/webhooks/twilio/c1?message=${message.id}&attempt=1#rc=5&rp=all`],
      ['To', '+15551230004'],
    ])
    await sender.close()
    await server.close()
  })
})

describe('an SMS costs', () => {
  const cost = async (price: string | null, costPerSegment: number | undefined, content: JsonObject) => {
    const sandbox = await startSandbox({ callbacks: { attempts: 1 } })
    sandbox.fault({ kind: 'status', provider: 'twilio', times: 1, status: 201, body: { sid: 'SM1', price } })
    const connection = sandboxConnection('twilio', sandbox.url)
    const settings = { ...connection.settings, ...(costPerSegment === undefined ? {} : { costPerSegment }) }
    const sender = adapter().connect({ ...connection, settings })
    const outcome = await sender.send(outgoing(adapter(), '+15551230004', content))
    await sender.close()
    await sandbox.close()
    return outcome
  }
  const picture = { body: 'Hi', mediaUrls: ['https://a.example/1'] }
  it.each([
    ['what Twilio says', '-0.00790', 0.01, { body: 'Hi' }, { cost: 0.0079 }],
    ['its parts where Twilio does not say', null, 0.0083, { body: 'ж'.repeat(135) }, { cost: 0.0249 }],
    ['nobody knows what where nobody says', null, undefined, { body: 'Hi' }, {}],
    ['nobody knows what with a picture', null, 0.01, picture, {}],
  ])('%s', async (_what, price, costPerSegment, content, known) => {
    expect(await cost(price, costPerSegment, content)).toEqual({ type: 'ok', providerMessageId: 'SM1', ...known })
  })
})
