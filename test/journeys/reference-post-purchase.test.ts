import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, look, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectWhatsapp, got, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** J8 as shipped: thanks for an order that came, and a question three days later. A day is a third of a second. */
let stage: Stage
let receiver: Receiver
let journeyId: string

beforeAll(async () => {
  receiver = await startReceiver()
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
  journeyId = await publishReference(stage, 'post_purchase', { secondsPerDay: 1 / 3, parameters: { done: `${receiver.url}/done` } })
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

const told = () => receiver.requests.map(({ body }) => (JSON.parse(String(body)) as { order: string }).order).sort()

test('an order that came is thanked for, and only then; every order has a journey of its own', async () => {
  await stage.contact('ada', { whatsapp: '+14155553104', email: 'ignorer.1@mail.example', push: 'ignorer-device-0123456789' })
  await stage.event('ada', 'order.status_changed', { orderId: '0', status: 'shipped' })
  await heard(stage, 'ada', 1)
  await stage.event('ada', 'order.status_changed', { orderId: '1', status: 'delivered' })
  await stage.event('ada', 'order.status_changed', { orderId: '2', status: 'delivered' })
  const ends = await Promise.all(['1', '2'].map((key) => seen(stage, journeyId, 'ada', (one) => one.key === key && hasEnded(one))))
  for (const { state, path } of ends)
    expect([state, path]).toEqual(['COMPLETED', ['delivered:next', 'thanks:next', 'days:next', 'email:next', 'push:next', 'done:success']])
  expect((await look(stage, journeyId)).map(({ key }) => key).sort()).toEqual(['1', '2'])
  expect(told()).toEqual(['1', '2'])
  expect(['+14155553104', 'ignorer.1@mail.example', 'ignorer-device-0123456789'].map((to) => got(stage, to).length)).toEqual([2, 2, 2])
})

test('who cannot be written to is passed over, and the systems are told all the same', async () => {
  await stage.event('nobody', 'order.status_changed', { orderId: '3', status: 'delivered' })
  const end = await seen(stage, journeyId, 'nobody', hasEnded)
  expect(end.path).toEqual(['delivered:next', 'thanks:suppressed', 'days:next', 'email:suppressed', 'push:suppressed', 'done:success'])
  expect(told()).toEqual(['1', '2', '3'])
})
