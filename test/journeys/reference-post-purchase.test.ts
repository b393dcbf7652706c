import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, look, type Seen, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { archiveReference, connectWhatsapp, got, publishReference } from '../support/reference.ts'
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

const invoiceOf = (orderId: string) => ({ orderId, status: 'delivered', invoiceUrl: `https://shop.example/invoices/${orderId}.pdf` })
const carried = (to: string) => stage.sandbox.log.entries().flatMap((entry) => (entry.to === to ? [[entry.text, entry.media]] : []))
const told = () => receiver.requests.map(({ body }) => (JSON.parse(String(body)) as { order: string }).order).sort()

test('an order that came is thanked for, and only then; every order has a journey of its own', async () => {
  await stage.contact('ada', { whatsapp: '+14155553104', email: 'ignorer.1@mail.example', push: 'ignorer-device-0123456789' })
  await stage.event('ada', 'order.status_changed', { orderId: '0', status: 'shipped' })
  await heard(stage, 'ada', 1)
  await stage.event('ada', 'order.status_changed', invoiceOf('1'))
  await stage.event('ada', 'order.status_changed', invoiceOf('2'))
  const ends = await Promise.all(['1', '2'].map((key) => seen(stage, journeyId, 'ada', (one) => one.key === key && hasEnded(one))))
  for (const { state, path } of ends)
    expect([state, path]).toEqual(['COMPLETED', ['delivered:next', 'thanks:next', 'days:next', 'email:next', 'push:next', 'done:success']])
  expect((await look(stage, journeyId)).map(({ key }) => key).sort()).toEqual(['1', '2'])
  expect(told()).toEqual(['1', '2'])
  expect(carried('+14155553104').sort()).toEqual(
    ['1', '2'].map((id) => [`Thank you, there. Here is the invoice of order ${id}.`, invoiceOf(id).invoiceUrl]),
  )
  expect(['+14155553104', 'ignorer.1@mail.example', 'ignorer-device-0123456789'].map((to) => got(stage, to).length)).toEqual([2, 2, 2])
})

test('who cannot be written to is passed over, and the systems are told all the same', async () => {
  await stage.event('nobody', 'order.status_changed', { orderId: '3', status: 'delivered' })
  const end = await seen(stage, journeyId, 'nobody', hasEnded)
  expect(end.path).toEqual(['delivered:next', 'thanks:suppressed', 'days:next', 'email:suppressed', 'push:suppressed', 'done:success'])
  expect(told()).toEqual(['1', '2', '3'])
})

test('an order that is sent back is spoken of no more, and others are', async () => {
  const slow = await publishReference(stage, 'post_purchase')
  await archiveReference(stage, journeyId)
  await stage.contact('bea', { whatsapp: '+14155553204', email: 'ignorer.2@mail.example' })
  for (const id of ['4', '5']) await stage.event('bea', 'order.status_changed', invoiceOf(id))
  const at = (key: string, as: (one: Seen) => boolean) => seen(stage, slow, 'bea', (one) => one.key === key && as(one))
  await Promise.all(['4', '5'].map((key) => at(key, (one) => one.node === 'days')))
  await stage.event('bea', 'order.returned', { orderId: '4' })
  const end = await at('4', hasEnded)
  expect([end.state, end.endReason, end.path]).toEqual(['EXITED', 'returned', ['delivered:next', 'thanks:next', 'days']])
  expect((await at('5', () => true)).state).toBe('WAITING')
})
