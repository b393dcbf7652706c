import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEnded, hasEnded, heard, numbers, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** A booking waits for its payment: paid, declined, cancelled, too late. A visit ends in a purchase, or does not; all of it is counted. */
let stage: Stage
let booking: string
let unpaid: string
let visit: string

const payment = (timeout: string, sinceEntry: boolean) => ({
  wait: {
    events: [
      { name: 'paid', event: 'payment.done', matchKey: 'bookingId', where: [{ path: 'amount', op: 'GTE', value: 100 }] },
      { name: 'declined', event: 'payment.declined', matchKey: 'bookingId' },
    ],
    timeout,
    sinceEntry,
  },
})

beforeAll(async () => {
  stage = await openStage()
  const sms = await stage.template('SMS', { body: '{{ event.hotel }}: booking {{ key }}' })
  booking = await stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'booked', config: { eventTrigger: { event: 'room.booked', matchKey: 'bookingId' } } },
      { key: 'payment', config: payment('P1D', true) },
      { key: 'thanks', config: { sms: { templateId: sms } } },
      { key: 'sorry', config: { sms: { templateId: sms } } },
    ],
    edges: [
      { from: 'booked', port: 'next', to: 'payment' },
      { from: 'payment', port: 'paid', to: 'thanks' },
      { from: 'payment', port: 'declined', to: 'sorry' },
    ],
    exitRules: [{ event: 'room.cancelled', matchKey: 'bookingId', reason: 'cancelled' }],
  })
  unpaid = await stage.journey({
    nodes: [
      { key: 'booked', config: { eventTrigger: { event: 'room.reserved', matchKey: 'bookingId' } } },
      { key: 'check', config: { wait: { events: [{ name: 'checked', event: 'card.checked' }], timeout: 'P1D' } } },
      { key: 'heard', config: payment('PT0.3S', true) },
      { key: 'again', config: payment('PT0.3S', false) },
      { key: 'late', config: { exit: { reason: 'unpaid' } } },
    ],
    edges: [
      { from: 'booked', port: 'next', to: 'check' },
      { from: 'check', port: 'checked', to: 'heard' },
      { from: 'heard', port: 'paid', to: 'again' },
      { from: 'again', port: 'timeout', to: 'late' },
    ],
  })
  visit = await stage.journey({
    nodes: [
      { key: 'came', config: { eventTrigger: { event: 'site.visited' } } },
      { key: 'stay', config: { wait: { events: [{ name: 'done', event: 'visit.done' }], timeout: 'P1D' } } },
    ],
    edges: [{ from: 'came', port: 'next', to: 'stay' }],
    exitRules: [{ condition: { attribute: { path: 'plan', op: 'EQ', value: 'business' } }, reason: 'business' }],
    goals: [
      { name: 'looked', event: 'page.viewed', window: 'P1D', onReached: 'RECORD' },
      { name: 'bought', event: 'order.placed', window: 'P1D', valueProperty: 'total' },
    ],
  })
})
afterAll(() => stage.close())

describe('waiting for an event', () => {
  test('another booking’s payment and one too small are not what is waited for; the right one leaves by its port', async () => {
    await stage.contact('payer', { sms: '+14155551104' })
    await stage.event('payer', 'room.booked', { bookingId: 'b1', hotel: 'Ritz' })
    await stage.event('payer', 'payment.done', { bookingId: 'b2', amount: 500 })
    await stage.event('payer', 'payment.done', { bookingId: 'b1', amount: 50 })
    await stage.event('payer', 'room.cancelled', { bookingId: 'b2' })
    await heard(stage, 'payer', 4)
    expect((await seen(stage, booking, 'payer')).path).toEqual(['booked:next', 'payment'])
    await stage.event('payer', 'payment.done', { bookingId: 'b1', amount: 100 })
    const end = await seen(stage, booking, 'payer', hasEnded)
    expect({ state: end.state, key: end.key, path: end.path }).toEqual({
      state: 'COMPLETED',
      key: 'b1',
      path: ['booked:next', 'payment:paid', 'thanks:next'],
    })
    expect(stage.sandbox.log.entries().filter((entry) => entry.to === '+14155551104')).toMatchObject([
      { outcome: 'accepted', text: 'Ritz: booking b1' },
    ])
  })

  test('two bookings of one person wait apart', async () => {
    await stage.contact('twice', { sms: '+14155551204' })
    await stage.event('twice', 'room.booked', { bookingId: 't1', hotel: 'Ritz' })
    await stage.event('twice', 'room.booked', { bookingId: 't2', hotel: 'Savoy' })
    await stage.event('twice', 'payment.declined', { bookingId: 't2' })
    await stage.event('twice', 'room.cancelled', { bookingId: 't1' })
    const second = await seen(stage, booking, 'twice', (one) => one.key === 't2' && hasEnded(one))
    expect({ key: second.key, state: second.state, path: second.path }).toEqual({
      key: 't2',
      state: 'COMPLETED',
      path: ['booked:next', 'payment:declined', 'sorry:next'],
    })
    await allEnded(stage, booking, 3)
    expect(await numbers(stage, booking)).toMatchObject({ completed: 2, exited: 1, dropped: 1, converted: 0 })
  })

  test('what happened since entry counts, unless told otherwise; then the time limit leaves by its own port', async () => {
    await stage.event('early', 'room.reserved', { bookingId: 'e1' })
    await stage.event('early', 'payment.done', { bookingId: 'e1', amount: 100 })
    await stage.event('early', 'card.checked')
    const end = await seen(stage, unpaid, 'early', hasEnded)
    expect({ state: end.state, reason: end.endReason, path: end.path }).toEqual({
      state: 'EXITED',
      reason: 'unpaid',
      path: ['booked:next', 'check:checked', 'heard:paid', 'again:timeout', 'late'],
    })
  })
})

test('goals and exit rules end it at once, and everything is counted', async () => {
  for (const who of ['buyer', 'looker', 'upgraded']) await stage.event(who, 'site.visited')
  await stage.event('buyer', 'page.viewed')
  await stage.event('buyer', 'page.viewed')
  await stage.event('buyer', 'order.placed', { total: 20.5 })
  await stage.event('buyer', 'order.placed', { total: 1000 })
  await stage.event('looker', 'page.viewed')
  await stage.event('looker', 'visit.done')
  await stage.client.run(
    'mutation { upsertContact(input: { contact: { externalId: "upgraded" }, attributes: { plan: "business" } }) { userErrors { message } } }',
  )
  await allEnded(stage, visit, 3)
  await heard(stage, 'buyer', 5)
  const ends = await Promise.all(['buyer', 'looker', 'upgraded'].map((who) => seen(stage, visit, who)))
  expect(ends.map(({ state, endReason, path }) => ({ state, endReason, path }))).toEqual([
    { state: 'CONVERTED', endReason: 'bought', path: ['came:next', 'stay'] },
    { state: 'COMPLETED', endReason: null, path: ['came:next', 'stay:done'] },
    { state: 'EXITED', endReason: 'business', path: ['came:next', 'stay'] },
  ])
  expect(await numbers(stage, visit)).toEqual({
    started: 3,
    active: 0,
    completed: 1,
    converted: 1,
    exited: 1,
    dropped: 1,
    goals: 3,
    revenue: '20.50',
    conversionRate: 1 / 3,
  })
  expect(ends[0]?.trace.map((each) => each.code).slice(-3)).toEqual(['goal_reached', 'goal_reached', 'converted'])
})
