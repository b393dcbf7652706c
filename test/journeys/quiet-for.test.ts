import { afterAll, beforeAll, expect, test } from 'vitest'
import { heard, look, numbers, refusals, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** A cart is abandoned when nobody has added to it for a while: another item puts it off, buying or emptying it calls it off. */
const QUIET = 500
let stage: Stage
let journeyId: string

beforeAll(async () => {
  stage = await openStage()
  const email = await stage.template('EMAIL', { subject: 'Your {{ event.item }}', html: '<p>is waiting</p>' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'abandoned', config: { eventTrigger: { event: 'cart.item_added', matchKey: 'cartId', quietFor: `PT${QUIET / 1000}S` } } },
      { key: 'mail', config: { email: { templateId: email } } },
    ],
    edges: [{ from: 'abandoned', port: 'next', to: 'mail' }],
    goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D' }],
    exitRules: [{ event: 'cart.emptied', matchKey: 'cartId', reason: 'emptied' }],
  })
})
afterAll(() => stage.close())

/** One call, and so one tick, with what happened to carts so many milliseconds ago. */
async function happen(externalId: string, events: [ago: number, name: string, cartId: string, item?: string][]): Promise<number> {
  const now = Date.now()
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted rejected { index } } }', {
    events: events.map(([ago, name, cartId, item], index) => ({
      messageId: `${externalId} ${now} ${index}`,
      name,
      contact: { externalId },
      occurredAt: new Date(now - ago).toISOString(),
      properties: { cartId, ...(item === undefined ? {} : { item }) },
    })),
  })
  return now
}

test('another item starts the quiet anew; then the cart enters once, by its last item', async () => {
  await stage.contact('adder', { email: 'ignorer.31@mail.example' })
  const now = await happen('adder', [
    [QUIET - 20, 'cart.item_added', 'a1', 'lamp'],
    [QUIET / 2, 'cart.item_added', 'a1', 'desk'],
    [0, 'cart.item_added', 'a1', 'chair'],
  ])
  const one = await seen(stage, journeyId, 'adder', (each) => each.state === 'COMPLETED')
  expect(Date.parse(one.enteredAt)).toBeGreaterThanOrEqual(now + QUIET)
  expect((await look(stage, journeyId)).filter((each) => each.contact.externalId === 'adder')).toHaveLength(1)
  expect(
    stage.sandbox.log
      .entries()
      .filter((entry) => entry.to === 'ignorer.31@mail.example')
      .map((entry) => entry.subject),
  ).toEqual(['Your chair'])
})

test('buying or emptying a cart calls it off; the person’s other cart is abandoned all the same', async () => {
  await stage.contact('buyer', { email: 'ignorer.32@mail.example' })
  await happen('buyer', [
    [90, 'cart.item_added', 'b1'],
    [80, 'cart.item_added', 'b2'],
    [70, 'cart.item_added', 'b3', 'sofa'],
    [60, 'order.placed', 'b1'],
    [50, 'cart.emptied', 'b2'],
    [40, 'order.placed', 'elsewhere'],
  ])
  // The third fell due last, so the other two would have been in by now.
  await seen(stage, journeyId, 'buyer', (each) => each.state === 'COMPLETED')
  expect((await look(stage, journeyId)).filter((each) => each.contact.externalId === 'buyer').map((each) => each.key)).toEqual(['b3'])
  expect((await refusals(stage, 'buyer')).map((each) => [each.code, each.data?.event]).sort()).toEqual([
    ['quiet_cancelled', 'cart.emptied'],
    ['quiet_cancelled', 'order.placed'],
  ])
})

test('a cart that is filled again after it was bought is a new one', async () => {
  await stage.contact('returner', { email: 'ignorer.33@mail.example' })
  await happen('returner', [
    [300, 'cart.item_added', 'c1', 'lamp'],
    [200, 'order.placed', 'c1'],
    [100, 'cart.item_added', 'c1', 'rug'],
  ])
  await seen(stage, journeyId, 'returner', (each) => each.state === 'COMPLETED')
  expect(
    stage.sandbox.log
      .entries()
      .filter((entry) => entry.to === 'ignorer.33@mail.example')
      .map((entry) => entry.subject),
  ).toEqual(['Your rug'])
})

test('one that was bought before news of it arrives is not abandoned', async () => {
  const before = (await numbers(stage, journeyId)).started
  await happen('late', [[100, 'order.placed', 'd1']])
  await happen('late', [
    [QUIET + 200, 'cart.item_added', 'd1'],
    [QUIET + 100, 'cart.item_added', 'd2'],
  ])
  await heard(stage, 'late', 3)
  await seen(stage, journeyId, 'late')
  expect((await numbers(stage, journeyId)).started).toBe(before + 1)
  expect(await refusals(stage, 'late')).toMatchObject([{ code: 'refused_exit_event', data: { event: 'order.placed' } }])
})

test('what was read in an earlier tick is put off as well', async () => {
  const list = await stage.journey({
    nodes: [
      { key: 'forgotten', config: { eventTrigger: { event: 'list.item_added', quietFor: 'PT2S' } } },
      { key: 'kept', config: { update: { attributes: [{ name: 'wanted', from: 'event.item' }] } } },
    ],
    edges: [{ from: 'forgotten', port: 'next', to: 'kept' }],
  })
  await stage.event('lister', 'list.item_added', { item: 'lamp' })
  await heard(stage, 'lister', 1)
  const now = Date.now()
  await stage.event('lister', 'list.item_added', { item: 'rug' })
  const one = await seen(stage, list, 'lister', (each) => each.state === 'COMPLETED')
  expect(Date.parse(one.enteredAt)).toBeGreaterThanOrEqual(now + 2_000)
  const { contact } = await stage.client.run<{ contact: { attributes: object } }>('{ contact(ref: { externalId: "lister" }) { attributes } }')
  expect(contact.attributes).toEqual({ wanted: 'rug' })
})
