import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasEnded, type Seen, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** What providers do wrong, and what becomes of the message: sent once where nothing was taken, in doubt where it may have been, else the way out for failures. */
let stage: Stage
let templates: Record<'PUSH' | 'EMAIL' | 'SMS', string>

beforeAll(async () => {
  stage = await openStage()
  templates = {
    PUSH: await stage.template('PUSH', { title: 'News', body: 'of today' }),
    EMAIL: await stage.template('EMAIL', { subject: 'News', html: '<p>of today</p>' }),
    SMS: await stage.template('SMS', { body: 'News of today' }),
  }
})
beforeEach(() => stage.sandbox.clearFaults())
afterAll(() => stage.close())

/** A message on each of these channels in turn, begun by an event of the journey's name. */
function inTurn(
  name: string,
  nodes: { key: string; channel: 'push' | 'email' | 'sms'; config?: object }[],
  edges: { from: string; port: string; to: string }[],
) {
  return stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: name } } },
      ...nodes.map(({ key, channel, config }) => ({
        key,
        config: { [channel]: { templateId: templates[channel.toUpperCase() as keyof typeof templates], ...config } },
      })),
    ],
    edges: [{ from: 'start', port: 'next', to: nodes[0]?.key }, ...edges],
  })
}

const requests = (address: string) => stage.sandbox.log.entries().filter((entry) => entry.to === address)
async function history(id: string): Promise<{ status: string; detail: object | null }[]> {
  const answer = await stage.client.run<{ message: { statuses: { status: string; detail: object | null }[] } }>(
    'query ($id: ID!) { message(id: $id) { statuses { status detail } } }',
    { id },
  )
  return answer.message.statuses
}
const brief = ({ state, path, messages }: Seen) => ({
  state,
  path: path.slice(1),
  messages: messages.map(({ nodeKey, attempt, status, failure }) => [nodeKey, attempt, failure?.code ?? status]),
})

/** Oldest first. */
async function identities(externalId: string): Promise<string[]> {
  const answer = await stage.client.run<{ contact: { identities: { channel: string; status: string }[] } }>(
    'query ($ref: ContactRef!) { contact(ref: $ref) { identities { channel status } } }',
    { ref: { externalId } },
  )
  return answer.contact.identities.map(({ channel, status }) => `${channel} ${status}`)
}

/** As Firebase turns a request away: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode. */
const OVERLOADED = {
  error: {
    code: 503,
    message: 'The service is currently unavailable.',
    status: 'UNAVAILABLE',
    details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNAVAILABLE' }],
  },
}

describe('a provider that turns a message away for now', () => {
  test.each([
    ['fcm', 'push', 'ignorer-device-busy-1', { status: 503, retryAfter: 1, body: OVERLOADED }],
    ['fcm', 'push', 'ignorer-device-busy-2', { status: 429, retryAfter: 1 }],
    ['sendgrid', 'email', 'ignorer.51@mail.example', { status: 429, retryAfter: 1 }],
    ['twilio', 'sms', '+14155553104', { status: 429, retryAfter: 1 }],
  ] as const)('%s %s to %s: not before the time it names, and then once', async (provider, channel, address, fault) => {
    const who = `busy-${address}`
    const id = await inTurn(who, [{ key: 'news', channel }], [])
    await stage.contact(who, { [channel]: address })
    stage.sandbox.fault({ kind: 'status', provider, times: 1, ...fault })
    await stage.event(who, who)
    const end = await seen(stage, id, who, hasEnded)
    expect({ state: end.state, path: end.path, attempt: end.messages[0]?.attempt, failure: end.messages[0]?.failure }).toEqual({
      state: 'COMPLETED',
      path: ['start:next', 'news:next'],
      attempt: 2,
      failure: null,
    })
    expect((await history(end.messages[0]?.id ?? ''))[0]).toMatchObject({
      status: 'RETRY',
      detail: { code: fault.status === 503 ? 'UNAVAILABLE' : 'RATE_LIMITED' },
    })
    const [turnedAway, sent, ...more] = requests(address)
    expect([turnedAway?.outcome, sent?.outcome, more]).toEqual(['lost', 'accepted', []])
    expect((sent?.at ?? 0) - (turnedAway?.at ?? 0)).toBeGreaterThanOrEqual(1_000)
  })
})

describe('a provider that leaves it in doubt', () => {
  test.each([
    ['sendgrid', 'email', 'ignorer.52@mail.example'],
    ['twilio', 'sms', '+14155553204'],
    ['fcm', 'push', 'ignorer-device-doubt-1'],
  ] as const)(
    '%s: a bare 503 may be a proxy’s word for a message that was taken: one request, and the journey goes on',
    async (provider, channel, address) => {
      const who = `doubt-${address}`
      const id = await inTurn(who, [{ key: 'news', channel }], [])
      await stage.contact(who, { [channel]: address })
      stage.sandbox.fault({ kind: 'status', provider, status: 503, times: 1 })
      await stage.event(who, who)
      const end = await seen(stage, id, who, hasEnded)
      expect(end.path).toEqual(['start:next', 'news:next'])
      expect(end.messages).toMatchObject([{ attempt: 1, status: 'UNKNOWN', failure: { class: 'AMBIGUOUS' } }])
      expect(requests(address).map((entry) => entry.outcome)).toEqual(['lost'])
    },
  )

  test('the provider’s own events clear it up: it had been taken', async () => {
    const id = await inTurn('cleared', [{ key: 'news', channel: 'email' }], [])
    await stage.contact('cleared', { email: 'ignorer.53@mail.example' })
    stage.sandbox.fault({ kind: 'reset-after', provider: 'sendgrid', times: 1 })
    await stage.event('cleared', 'cleared')
    const end = await seen(stage, id, 'cleared', (one) => hasEnded(one) && one.messages[0]?.status === 'DELIVERED')
    expect(brief(end)).toEqual({ state: 'COMPLETED', path: ['news:next'], messages: [['news', 1, 'DELIVERED']] })
    expect(requests('ignorer.53@mail.example').map((entry) => entry.outcome)).toEqual(['accepted'])
  })
})

describe('a provider that refuses for good', () => {
  const fallBack = [
    { from: 'text', port: 'failed', to: 'mail' },
    { from: 'text', port: 'next', to: 'wrong' },
  ]
  const twoWays = [
    { key: 'mail', channel: 'email' },
    { key: 'wrong', channel: 'push' },
  ] as const

  test('at once: the failed way out is taken, and the number is not tried again', async () => {
    const id = await inTurn('refused', [{ key: 'text', channel: 'sms' }, ...twoWays], fallBack)
    await stage.contact('refused', { sms: '+15005550009', email: 'ignorer.54@mail.example' })
    await stage.event('refused', 'refused')
    expect(brief(await seen(stage, id, 'refused', hasEnded))).toMatchObject({
      state: 'COMPLETED',
      path: ['text:failed', 'mail:next'],
      messages: [
        ['text', 1, '21614'],
        ['mail', 1, expect.stringMatching(/SENT|DELIVERED/)],
      ],
    })
    expect(await identities('refused')).toEqual(['SMS INVALID', 'EMAIL ACTIVE'])
  })

  test('by a callback after it was accepted: a bounce takes the same way out', async () => {
    const id = await inTurn(
      'bounced',
      [
        { key: 'mail', channel: 'email', config: { followUps: [{ on: 'FAILED' }], nextAfter: 'P1D' } },
        { key: 'text', channel: 'sms' },
      ],
      [{ from: 'mail', port: 'failed', to: 'text' }],
    )
    await stage.contact('bounced', { email: 'bouncer.55@mail.example', sms: '+14155553504' })
    await stage.event('bounced', 'bounced')
    const end = await seen(stage, id, 'bounced', hasEnded)
    expect(end.path).toEqual(['start:next', 'mail:failed', 'text:next'])
    expect(end.messages[0]).toMatchObject({ nodeKey: 'mail', attempt: 1, status: 'BOUNCED' })
    expect(await identities('bounced')).toEqual(['EMAIL BOUNCED', 'SMS ACTIVE'])
  })

  test('a push token whose app is gone is dropped; the next push goes to the other device', async () => {
    const id = await inTurn('uninstalled', [{ key: 'news', channel: 'push' }], [])
    await stage.contact('uninstalled', { push: 'ignorer-device-tablet' })
    await stage.contact('uninstalled', { push: 'unregistered-device-phone' })
    await stage.event('uninstalled', 'uninstalled')
    const first = await seen(stage, id, 'uninstalled', hasEnded)
    expect(brief(first)).toEqual({ state: 'EXITED', path: ['news:failed'], messages: [['news', 1, 'UNREGISTERED']] })
    expect(await identities('uninstalled')).toEqual(['PUSH ACTIVE', 'PUSH UNREGISTERED'])
    await stage.event('uninstalled', 'uninstalled')
    const second = await seen(stage, id, 'uninstalled', (one) => one.id !== first.id && hasEnded(one))
    expect(brief(second)).toEqual({ state: 'COMPLETED', path: ['news:next'], messages: [['news', 1, 'SENT']] })
    expect(requests('unregistered-device-phone')).toHaveLength(1)
    expect(requests('ignorer-device-tablet')).toHaveLength(1)
  })

  /** Owed: a tick that drops an address plans what follows at once by the facts it had before, to the same address; dispatch then refuses it. */
  test('a push behind the failed one goes to the other device at once', async () => {
    const nodes = [
      { key: 'first', channel: 'push' },
      { key: 'second', channel: 'push' },
    ] as const
    const id = await inTurn('fallen', [...nodes], [{ from: 'first', port: 'failed', to: 'second' }])
    await stage.contact('fallen', { push: 'ignorer-device-fallen' })
    await stage.contact('fallen', { push: 'unregistered-device-fallen' })
    await stage.event('fallen', 'fallen')
    expect(brief(await seen(stage, id, 'fallen', hasEnded))).toEqual({
      state: 'COMPLETED',
      path: ['first:failed', 'second:next'],
      messages: [
        ['first', 1, 'UNREGISTERED'],
        ['second', 1, 'SENT'],
      ],
    })
  })
})
