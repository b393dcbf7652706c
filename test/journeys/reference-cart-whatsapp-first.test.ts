import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, look, numbers, refusals, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { atOnce, connectWhatsapp, got, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J6 as shipped: a cart that was left is spoken of by WhatsApp, email and SMS until it is bought, or reported as lost. A day is four seconds. */
let stage: Stage
let receiver: Receiver
let journeyId: string
const mail = (who: string) => `ignorer.${who}@mail.example`

beforeAll(async () => {
  receiver = await startReceiver()
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
  journeyId = await publishReference(stage, 'cart_whatsapp_first', { secondsPerDay: 4, parameters: { lost: `${receiver.url}/lost` } })
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

test('ignored all the way it is lost; bought after the coupon, or answered and bought, it is not', async () => {
  const people = [
    { who: 'ignores', persona: 'ignorer', whatsapp: '+14155553104', sms: '+14155563104' },
    { who: 'buys', persona: 'ignorer', whatsapp: '+14155553204', sms: '+14155563204' },
    { who: 'answers', persona: 'replier', whatsapp: '+14155553304', sms: '+14155563304' },
  ] as const
  for (const { who, persona, whatsapp, sms } of people) {
    stage.sandbox.script(whatsapp, persona)
    await stage.contact(who, { whatsapp, sms, email: mail(who) })
  }
  await Promise.all(
    people.map(({ who }) => stage.event(who, 'cart.item_added', { cartId: `cart-${who}`, items: ['lamp', 'teapot'], total: '42.50 €' })),
  )
  const bought = async (who: string, node: string) => {
    await seen(stage, journeyId, who, (one) => one.node === node)
    await stage.event(who, 'order.placed', { cartId: `cart-${who}`, total: 10 })
    return seen(stage, journeyId, who, hasEnded)
  }
  const [ignores, buys, answers] = await Promise.all([
    seen(stage, journeyId, 'ignores', hasEnded),
    bought('buys', 'day'),
    bought('answers', 'bought'),
  ])
  expect(ignores.state).toBe('COMPLETED')
  expect(ignores.path).toEqual(['left:next', 'cart:next', 'coupon:next', 'day:next', 'sms:next', 'bought:timeout', 'lost:success'])
  expect([buys.state, buys.path]).toEqual(['CONVERTED', ['left:next', 'cart:next', 'coupon:next', 'day']])
  expect([answers.state, answers.path]).toEqual(['CONVERTED', ['left:next', 'cart:replied', 'bought']])
  expect(receiver.requests.map(({ url, body }) => [url, JSON.parse(String(body))])).toEqual([[`${receiver.url}/lost`, { cart: 'cart-ignores' }]])
  expect(people.map(({ who, whatsapp, sms }) => [got(stage, whatsapp).length, got(stage, mail(who)).length, got(stage, sms).length])).toEqual([
    [1, 1, 1],
    [1, 1, 0],
    [1, 0, 0],
  ])
  for (const { whatsapp } of people) expect(got(stage, whatsapp)).toEqual(['there, your cart is waiting: lamp, teapot, 42.50 € in all.'])
  expect(await numbers(stage, journeyId)).toMatchObject({ started: 3, converted: 2, goals: 2 })
})

test('bought before the cart was quiet, there is nothing to say', async () => {
  await stage.contact('hurries', { whatsapp: '+14155553404' })
  const cart = { cartId: 'cart-hurries', item: 'lamp', total: 10 }
  await atOnce(stage, 'hurries', ['cart.item_added', cart], ['order.placed', cart])
  const refused = await until(async () => {
    const found = await refusals(stage, 'hurries')
    return found.length > 0 && found
  })
  expect([refused, got(stage, '+14155553404')]).toEqual([[{ code: 'quiet_cancelled', data: { event: 'order.placed' } }], []])
  expect((await look(stage, journeyId)).filter(({ contact }) => contact.externalId === 'hurries')).toEqual([])
})
