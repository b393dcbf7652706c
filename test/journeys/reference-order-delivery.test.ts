import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasEnded, look, seen } from '../support/look.ts'
import { type App, archiveReference, got, openApp, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J3 as shipped: an order is followed from being placed to the day after it came. */
let stage: Stage
let app: App
beforeAll(async () => {
  stage = await openStage()
})
afterAll(async () => {
  await app.client.close()
  await stage.close()
})

describe('J3, with days as long as they are', () => {
  let journeyId: string
  beforeAll(async () => {
    journeyId = await publishReference(stage, 'order_delivery')
    await stage.contact('ada', { email: 'opener.1@mail.example', sms: '+14155553104', push: 'ignorer-device-0123456789' })
    app = await openApp(stage, 'ada')
  })
  afterAll(() => archiveReference(stage, journeyId))
  const at = (orderId: string, node: string) => seen(stage, journeyId, 'ada', (one) => one.key === orderId && one.node === node)
  const shows = (count: number, title: string) =>
    until(async () => {
      const now = await app.shown()
      return now.length === count && now.some((each) => each.title === title) && now
    })

  test('two orders at once are two journeys, each with a status of its own', async () => {
    await stage.event('ada', 'order.placed', { orderId: '1' })
    await at('1', 'partner')
    await shows(1, 'Preparing your order')
    await stage.event('ada', 'order.placed', { orderId: '2' })
    await at('2', 'partner')
    expect(await shows(2, 'Preparing your order')).toEqual([
      { title: 'Preparing your order', key: 'order-1', revision: 1 },
      { title: 'Preparing your order', key: 'order-2', revision: 1 },
    ])
    expect((await look(stage, journeyId)).map(({ key }) => key)).toEqual(['1', '2'])
  })

  test('the status changes in place, and in time there is no SMS; the email is for the day after', async () => {
    await stage.event('ada', 'order.partner_assigned', { orderId: '1' })
    await at('1', 'expected')
    expect(await shows(2, 'Your order is on its way')).toEqual([
      { title: 'Your order is on its way', key: 'order-1', revision: 2 },
      { title: 'Preparing your order', key: 'order-2', revision: 1 },
    ])
    await stage.event('ada', 'order.delivered', { orderId: '1' })
    const resting = await at('1', 'next_day')
    expect(resting.path).toEqual([
      'order:next',
      'confirmed:next',
      'preparing:next',
      'partner:assigned',
      'assigned:next',
      'riding:next',
      'expected:delivered',
      'delivered:next',
      'arrived:next',
      'next_day',
    ])
    expect(Date.parse(resting.dueAt ?? '') - Date.parse(resting.visits.at(-1)?.enteredAt ?? '')).toBe(86_400_000)
    expect((await shows(2, 'Delivered'))[0]).toEqual({ title: 'Delivered', key: 'order-1', revision: 3 })
    expect(got(stage, '+14155553104')).toEqual([])
  })

  test('a cancellation ends that order alone', async () => {
    await stage.event('ada', 'order.cancelled', { orderId: '2' })
    const end = await seen(stage, journeyId, 'ada', (one) => one.key === '2' && hasEnded(one))
    expect([end.state, end.endReason, end.path.at(-1)]).toEqual(['EXITED', 'cancelled', 'partner'])
    expect((await at('1', 'next_day')).state).toBe('WAITING')
  })

  test('who brings it without having been announced has delivered it all the same', async () => {
    await stage.event('ada', 'order.placed', { orderId: '5' })
    await at('5', 'partner')
    await stage.event('ada', 'order.delivered', { orderId: '5' })
    expect((await at('5', 'next_day')).path.slice(2)).toEqual(['preparing:next', 'partner:delivered', 'delivered:next', 'arrived:next', 'next_day'])
  })
})

describe('J3, hastened', () => {
  let journeyId: string
  beforeAll(async () => {
    // Half an hour is a sixteenth of a second, and the day that a late order may take three.
    journeyId = await publishReference(stage, 'order_delivery', { secondsPerDay: 3 })
  })

  test('who waits too long gets an SMS, and once it is there all the rest; what never comes ends as not delivered', async () => {
    await stage.contact('bob', { email: 'opener.2@mail.example', sms: '+14155553204', push: 'ignorer-device-1123456789' })
    await stage.contact('cyd', { sms: '+14155553304' })
    await Promise.all([stage.event('bob', 'order.placed', { orderId: '3' }), stage.event('cyd', 'order.placed', { orderId: '4' })])
    await seen(stage, journeyId, 'bob', (one) => one.node === 'at_last')
    await stage.event('bob', 'order.delivered', { orderId: '3' })
    const [came, lost] = await Promise.all(['bob', 'cyd'].map((who) => seen(stage, journeyId, who, hasEnded)))
    const late = ['partner:timeout', 'no_partner:timeout', 'late:next']
    const rest = ['at_last:delivered', 'delivered:next', 'arrived:next', 'next_day:next', 'email:next']
    expect([came?.state, came?.path.slice(3)]).toEqual(['COMPLETED', [...late, ...rest]])
    expect([lost?.state, lost?.endReason, lost?.path.slice(3)]).toEqual(['EXITED', 'not delivered', [...late, 'at_last:timeout', 'lost']])
    expect(got(stage, '+14155553204')).toEqual(['Sorry, order 3 is running late.'])
    expect(got(stage, '+14155553304')).toEqual(['Sorry, order 4 is running late.'])
  })
})
