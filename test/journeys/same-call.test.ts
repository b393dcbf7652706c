import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'

/**
 * What happens between a trigger and the tick that reads it has happened since entry: a caller may send both events at
 * once, and workers may have been away for a while.
 */
let stage: Stage
let journeyId: string

beforeAll(async () => {
  stage = await openStage()
  const push = await stage.template('PUSH', { title: 'Your cart', body: 'is waiting' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'cart', config: { eventTrigger: { event: 'cart.filled', matchKey: 'cartId' } } },
      { key: 'pause', config: { delay: { duration: 'PT0.3S' } } },
      { key: 'wait', config: { wait: { events: [{ name: 'asked', event: 'help.asked', matchKey: 'cartId' }], timeout: 'PT0.3S' } } },
      { key: 'seen', config: { branch: { branches: [{ name: 'looked', when: { event: { name: 'page.viewed', sinceEntry: true } } }] } } },
      { key: 'push', config: { push: { templateId: push } } },
      { key: 'looked', config: { exit: { reason: 'looked' } } },
      { key: 'helped', config: { exit: { reason: 'helped' } } },
    ],
    edges: [
      { from: 'cart', port: 'next', to: 'pause' },
      { from: 'pause', port: 'next', to: 'wait' },
      { from: 'wait', port: 'asked', to: 'helped' },
      { from: 'wait', port: 'timeout', to: 'seen' },
      { from: 'seen', port: 'looked', to: 'looked' },
      { from: 'seen', port: 'else', to: 'push' },
    ],
    goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D' }],
  })
})
afterAll(() => stage.close())

/** Fills a cart and does something else in one call, both a second ago. */
async function atOnce(externalId: string, name: string): Promise<void> {
  await stage.contact(externalId, { push: `ignorer-device-${externalId}` })
  const occurredAt = new Date(Date.now() - 1_000).toISOString()
  const events = ['cart.filled', name].map((each) => ({
    messageId: `${externalId} ${each}`,
    name: each,
    contact: { externalId },
    properties: { cartId: 'c1' },
    occurredAt,
  }))
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', { events })
}

test.each([
  ['order.placed', 'CONVERTED', 'bought'],
  ['help.asked', 'EXITED', 'helped'],
  ['page.viewed', 'EXITED', 'looked'],
])('a cart and %s in one call', async (name, state, reason) => {
  const externalId = reason
  await atOnce(externalId, name)
  const end = await stage.ended(journeyId, externalId)
  expect({ state: end.state, reason: end.endReason, messages: end.messages }).toEqual({ state, reason, messages: [] })
})
