import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J10: push, email, SMS, stopping at the first engagement, wherever it comes; and an SMS answered with STOP. */
let stage: Stage
let promotion: string
let text: string

beforeAll(async () => {
  stage = await openStage()
  const push = await stage.template('PUSH', { title: 'Sale', body: 'today' })
  const email = await stage.template('EMAIL', { subject: 'Sale', html: '<p>today</p>' })
  const sms = await stage.template('SMS', { body: 'Sale today' })
  promotion = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'promotion.sent' } } },
      { key: 'push', config: { push: { templateId: push, followUps: [{ on: 'IGNORED', after: 'PT0.3S' }] } } },
      { key: 'email', config: { email: { templateId: email, followUps: [{ on: 'IGNORED', after: 'PT1.5S' }] } } },
      { key: 'sms', config: { sms: { templateId: sms } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'push' },
      { from: 'push', port: 'ignored', to: 'email' },
      { from: 'email', port: 'ignored', to: 'sms' },
    ],
    exitRules: [
      {
        condition: { any: [{ engagement: { node: 'push', status: 'OPENED' } }, { engagement: { node: 'email', status: 'OPENED' } }] },
        reason: 'engaged',
      },
    ],
  })
  text = await stage.journey({
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'text.wanted' } } },
      { key: 'sms', config: { sms: { templateId: sms } } },
    ],
    edges: [{ from: 'start', port: 'next', to: 'sms' }],
  })
})
afterAll(() => stage.close())

describe('J10, stop at the first engagement', () => {
  test('whoever opens the email leaves at once and gets no SMS', async () => {
    await stage.contact('opener', { email: 'opener.9@mail.example', sms: '+14155550504', push: 'ignorer-device-2222222222' })
    await stage.event('opener', 'promotion.sent')
    const end = await stage.ended(promotion, 'opener')
    expect({ state: end.state, reason: end.endReason, channels: end.messages.map((message) => message.channel).reverse() }).toEqual({
      state: 'EXITED',
      reason: 'engaged',
      channels: ['PUSH', 'EMAIL'],
    })
  })

  test('a machine that opens it does not count: the SMS goes out', async () => {
    await stage.contact('scanned', { email: 'machine.9@mail.example', sms: '+14155550604', push: 'ignorer-device-3333333333' })
    await stage.event('scanned', 'promotion.sent')
    const end = await stage.ended(promotion, 'scanned')
    expect(end.messages.map((message) => message.channel).reverse()).toEqual(['PUSH', 'EMAIL', 'SMS'])
  })
})

test('STOP withdraws consent, and the next SMS is held back and says why', async () => {
  await stage.contact('stopper', { sms: '+14155550502' })
  await stage.event('stopper', 'text.wanted')
  await until(async () => {
    const answer = await stage.client.run<{ contact: { consents: { channel: string; state: string }[] } }>(
      '{ contact(ref: { externalId: "stopper" }) { consents { channel state } } }',
    )
    return answer.contact.consents.some((consent) => consent.channel === 'SMS' && consent.state === 'WITHDRAWN')
  })
  await stage.event('stopper', 'text.wanted')
  const held = await until(async () => {
    const answer = await stage.client.run<{
      messages: { edges: { node: { status: string; failure: { code: string } | null; contact: { externalId: string } } }[] }
    }>('query ($id: ID!) { messages(journeyId: $id, status: [SUPPRESSED]) { edges { node { status failure { code } contact { externalId } } } } }', {
      id: text,
    })
    return answer.messages.edges[0]?.node
  })
  expect(held).toEqual({ status: 'SUPPRESSED', failure: { code: 'consent_withdrawn' }, contact: { externalId: 'stopper' } })
})
