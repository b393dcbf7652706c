import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasEnded, look, refusals, type Seen, seen } from '../support/look.ts'
import { archiveReference, atOnce, got, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J1 as shipped: push, then email if it is ignored, then SMS if that is too; a purchase of the same cart ends it at once. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const cartOf = (cartId: string, item: string) => ({ cartId, item, total: 20 })

describe('J1, a day being four seconds', () => {
  let journeyId: string
  beforeAll(async () => {
    journeyId = await publishReference(stage, 'abandoned_cart', { secondsPerDay: 4 })
  })
  afterAll(() => archiveReference(stage, journeyId))

  test('whoever ignores everything gets all three, in order; whoever opens one gets no more', async () => {
    await stage.contact('ignorer', { email: 'ignorer.1@mail.example', sms: '+14155550104', push: 'ignorer-device-0123456789' })
    await stage.contact('opener', { email: 'opener.1@mail.example', sms: '+14155550204', push: 'ignorer-device-9876543210' })
    await stage.event('ignorer', 'cart.item_added', cartOf('c1', 'lamp'))
    await stage.event('opener', 'cart.item_added', cartOf('c2', 'vase'))
    const [ignorer, opener] = await Promise.all(['ignorer', 'opener'].map((who) => seen(stage, journeyId, who, hasEnded)))
    expect([ignorer?.state, ignorer?.path]).toEqual(['COMPLETED', ['cart:next', 'push:ignored', 'email:ignored', 'sms:next']])
    expect([opener?.state, opener?.path]).toEqual(['COMPLETED', ['cart:next', 'push:ignored', 'email:next']])
    expect(got(stage, 'ignorer-device-0123456789')).toEqual(['Your lamp is waiting.'])
    expect(got(stage, 'ignorer.1@mail.example')).toHaveLength(1)
    expect(got(stage, '+14155550104')).toEqual(['Last call for your lamp. Reply STOP to opt out.'])
    expect(got(stage, '+14155550204')).toEqual([])
  })
})

describe('J1, a day being twenty-four seconds', () => {
  let journeyId: string
  beforeAll(async () => {
    // A quarter of an hour is a quarter of a second, and two hours are two.
    journeyId = await publishReference(stage, 'abandoned_cart', { secondsPerDay: 24 })
  })
  const at = (key: string, as: (one: Seen) => boolean) => seen(stage, journeyId, 'buyer', (one) => one.key === key && as(one))

  test('a purchase after the push converts that cart’s journey, in which nothing more is said', async () => {
    await stage.contact('buyer', { email: 'ignorer.2@mail.example', sms: '+14155550304', push: 'ignorer-device-1111111111' })
    await stage.event('buyer', 'cart.item_added', cartOf('c3', 'lamp'))
    await at('c3', (one) => one.node === 'push')
    await stage.event('buyer', 'order.placed', { cartId: 'elsewhere', total: 5 })
    await stage.event('buyer', 'order.placed', { cartId: 'c3', total: 20 })
    const end = await at('c3', hasEnded)
    expect([end.state, end.endReason, end.path, end.messages.map(({ channel }) => channel)]).toEqual([
      'CONVERTED',
      'bought',
      ['cart:next', 'push'],
      ['PUSH'],
    ])
    expect([got(stage, 'ignorer.2@mail.example'), got(stage, '+14155550304')]).toEqual([[], []])
  })

  test('a purchase while the cart is still being filled leaves nothing to remind of', async () => {
    await stage.contact('hurries', { push: 'ignorer-device-2222222222' })
    await atOnce(stage, 'hurries', ['cart.item_added', cartOf('c4', 'lamp')], ['order.placed', { cartId: 'c4', total: 20 }])
    const refused = await until(async () => {
      const found = await refusals(stage, 'hurries')
      return found.length > 0 && found
    })
    expect(refused).toEqual([{ code: 'quiet_cancelled', data: { event: 'order.placed' } }])
    expect((await look(stage, journeyId)).filter(({ contact }) => contact.externalId === 'hurries')).toEqual([])
    expect(got(stage, 'ignorer-device-2222222222')).toEqual([])
  })
})
