import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { hasEnded, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Journey: a card by RCS, and where RCS does not reach the phone, an SMS, once. */
let stage: Stage
let journeyId: string
beforeAll(async () => {
  stage = await openStage()
  const card = await stage.template('RCS', {
    card: {
      title: 'Your order {{ event.number }}',
      description: 'Comes today',
      media: 'https://shop.example/van.png',
      suggestions: [{ type: 'REPLY', text: 'Leave it', value: 'leave-{{ event.number }}' }],
    },
  })
  const sms = await stage.template('SMS', { body: 'Your order {{ event.number }} comes today' })
  journeyId = await stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'order.sent' } } },
      { key: 'card', config: { rcs: { templateId: card, followUps: [{ on: 'REPLIED' }, { on: 'FAILED' }], nextAfter: 'P1D' } } },
      { key: 'sms', config: { sms: { templateId: sms } } },
      { key: 'done', config: { exit: {} } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'card' },
      { from: 'card', port: 'replied', to: 'done' },
      { from: 'card', port: 'next', to: 'done' },
      { from: 'card', port: 'failed', to: 'sms' },
      { from: 'sms', port: 'next', to: 'done' },
    ],
  })
})
beforeEach(() => {
  stage.sandbox.callbacks.duplicate = 0
})
afterAll(() => stage.close())

async function ordered(externalId: string, number: string, persona: 'ignorer' | 'clicker' | 'bouncer'): Promise<void> {
  stage.sandbox.script(number, persona)
  await stage.contact(externalId, { rcs: number, sms: number })
  await stage.event(externalId, 'order.sent', { number: 7 })
}
const sent = (number: string, provider: 'twilio' | 'twilio_rcs') =>
  stage.sandbox.log.entries().filter((entry) => entry.provider === provider && entry.to === number)
const smsTo = (number: string) => sent(number, 'twilio').map(({ outcome, text }) => [outcome, text])
const ONE_SMS = [['accepted', 'Your order 7 comes today']]

interface Look {
  contact: {
    identities: { channel: string; status: string }[]
    events: { edges: { node: { name: string; properties: { text: string; payload?: string } } }[] }
  }
}
async function look(externalId: string): Promise<Look['contact']> {
  const query =
    'query ($ref: ContactRef!) { contact(ref: $ref) { identities { channel status } events(first: 20) { edges { node { name properties } } } } }'
  return (await stage.client.run<Look>(query, { ref: { externalId } })).contact
}

test('a phone with RCS shows the card, and a tapped suggestion comes back with what it was worth', async () => {
  const number = '+14155556104'
  await ordered('ada', number, 'clicker')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect(end.path).toEqual(['start:next', 'card:replied', 'done'])
  expect(JSON.parse(sent(number, 'twilio_rcs')[0]?.text ?? '')).toEqual({
    'twilio/card': {
      title: 'Your order 7',
      body: 'Comes today',
      media: ['https://shop.example/van.png'],
      actions: [{ type: 'QUICK_REPLY', title: 'Leave it', id: 'leave-7' }],
    },
  })
  const [reply] = (await look('ada')).events.edges.map(({ node }) => node).filter(({ name }) => name === 'rcs.message.received')
  expect(reply?.properties).toMatchObject({ text: 'Leave it', payload: 'leave-7' })
  expect(smsTo(number)).toEqual([])
})

test('where the card is not delivered the SMS goes once, though Twilio says so twice, and late', async () => {
  const number = '+14155556204'
  stage.sandbox.callbacks.duplicate = 1
  await ordered('bea', number, 'bouncer')
  const end = await seen(stage, journeyId, 'bea', hasEnded)
  expect(end.path).toEqual(['start:next', 'card:failed', 'sms:next', 'done'])
  expect(end.messages.find(({ nodeKey }) => nodeKey === 'card')).toMatchObject({ status: 'FAILED', failure: { code: 'unreachable' } })
  const id = sent(number, 'twilio_rcs')[0]?.messageId ?? ''
  for (const reaction of ['undelivered', 'sent', 'delivered', 'open'] as const) expect(stage.sandbox.react(id, reaction)).toBe(true)
  await stage.sandbox.settled()
  // Told at last that it arrived after all, which the ledger believes and the journey, long over, does not mind.
  const cardOf = async () => (await seen(stage, journeyId, 'bea', hasEnded)).messages.find(({ nodeKey }) => nodeKey === 'card')
  await until(async () => (await cardOf())?.status === 'DELIVERED')
  expect((await seen(stage, journeyId, 'bea', hasEnded)).path).toEqual(end.path)
  expect([smsTo(number), sent(number, 'twilio_rcs')]).toEqual([ONE_SMS, [expect.objectContaining({ outcome: 'accepted' })]])
  // The sandbox's bouncer bounces the SMS, too; of RCS alone it is said that the number stays good.
  expect((await look('bea')).identities).toContainEqual({ channel: 'RCS', status: 'ACTIVE' })
})

test('a phone that Twilio knows to lack RCS is sent the SMS at once', async () => {
  const number = '+14155556299'
  await ordered('cyd', number, 'ignorer')
  const end = await seen(stage, journeyId, 'cyd', hasEnded)
  expect(end.path).toEqual(['start:next', 'card:failed', 'sms:next', 'done'])
  expect(smsTo(number)).toEqual(ONE_SMS)
  expect((await look('cyd')).identities.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE'])
})

test('a lost answer is no failure: the callback shows that the card arrived, and no SMS goes', async () => {
  const number = '+14155556304'
  stage.sandbox.fault({ kind: 'reset-after', provider: 'twilio_rcs', times: 1 })
  await ordered('dan', number, 'clicker')
  const end = await seen(stage, journeyId, 'dan', hasEnded)
  expect([end.path, smsTo(number)]).toEqual([['start:next', 'card:replied', 'done'], []])
})
