import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'

/** J1: push, then email if it is ignored, then SMS if that is too; a purchase of the same cart ends it at once. Hours are fractions of seconds. */
let stage: Stage
let journeyId: string

beforeAll(async () => {
  stage = await openStage()
  const push = await stage.template('PUSH', { title: 'Your {{ event.item }}', body: 'is waiting' })
  const email = await stage.template('EMAIL', { subject: 'Your {{ event.item }}', html: '<p>is waiting</p>' })
  const sms = await stage.template('SMS', { body: 'Your {{ event.item }} is waiting' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'cart', config: { eventTrigger: { event: 'cart.item_added', matchKey: 'cartId', quietFor: 'PT0.3S' } } },
      { key: 'pause', config: { delay: { duration: 'PT1S' } } },
      { key: 'push', config: { push: { templateId: push, followUps: [{ on: 'IGNORED', after: 'PT0.5S' }] } } },
      { key: 'email', config: { email: { templateId: email, followUps: [{ on: 'IGNORED', after: 'PT1S' }] } } },
      { key: 'sms', config: { sms: { templateId: sms } } },
    ],
    edges: [
      { from: 'cart', port: 'next', to: 'pause' },
      { from: 'pause', port: 'next', to: 'push' },
      { from: 'push', port: 'ignored', to: 'email' },
      { from: 'email', port: 'ignored', to: 'sms' },
    ],
    goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D', valueProperty: 'total' }],
  })
})
afterAll(() => stage.close())

describe('J1, the abandoned cart', () => {
  test('whoever ignores everything gets all three, in order', async () => {
    await stage.contact('ignorer', { email: 'ignorer.1@mail.example', sms: '+14155550104', push: 'ignorer-device-0123456789' })
    await stage.event('ignorer', 'cart.item_added', { cartId: 'c1', item: 'lamp' })
    const end = await stage.ended(journeyId, 'ignorer')
    expect({ state: end.state, channels: end.messages.map((message) => message.channel).reverse() }).toEqual({
      state: 'COMPLETED',
      channels: ['PUSH', 'EMAIL', 'SMS'],
    })
  })

  test('whoever opens the email gets no SMS', async () => {
    await stage.contact('opener', { email: 'opener.1@mail.example', sms: '+14155550204', push: 'ignorer-device-9876543210' })
    await stage.event('opener', 'cart.item_added', { cartId: 'c2', item: 'lamp' })
    const end = await stage.ended(journeyId, 'opener')
    expect({ state: end.state, channels: end.messages.map((message) => message.channel).reverse() }).toEqual({
      state: 'COMPLETED',
      channels: ['PUSH', 'EMAIL'],
    })
    expect(end.messages[0]?.engagement).toEqual(['OPENED'])
  })

  test('a purchase of the same cart converts, and nothing is sent; another cart goes on', async () => {
    await stage.contact('buyer', { email: 'ignorer.2@mail.example', sms: '+14155550304', push: 'ignorer-device-1111111111' })
    await stage.event('buyer', 'cart.item_added', { cartId: 'c3', item: 'lamp' })
    await stage.event('buyer', 'order.placed', { cartId: 'elsewhere', total: 5 })
    await stage.entered(journeyId, 'buyer')
    await stage.event('buyer', 'order.placed', { cartId: 'c3', total: 20 })
    const end = await stage.ended(journeyId, 'buyer')
    expect(end).toEqual({ state: 'CONVERTED', endReason: 'bought', contact: { externalId: 'buyer' }, messages: [] })
  })
})
