import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, numbers, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectWhatsapp, got, launch, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** J7 as shipped: a week of offers, of which who bought is reported. A day is four fifths of a second. */
let stage: Stage
let receiver: Receiver
let journeyId: string
const ROUND = ['daily:body', 'push:next']
const WEEK = [
  'launch:next',
  'email:next',
  'day:next',
  'coupon:next',
  ...ROUND,
  ...ROUND,
  ...ROUND,
  ...ROUND,
  ...ROUND,
  'daily:done',
  'last:next',
  'sms:next',
]

beforeAll(async () => {
  receiver = await startReceiver()
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
  journeyId = await publishReference(stage, 'week_long_promotion', { secondsPerDay: 0.8, parameters: { report: `${receiver.url}/promotion` } })
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

const person = (externalId: string, n: number) =>
  stage.contact(externalId, {
    email: `ignorer.${n}@mail.example`,
    whatsapp: `+1415555${n}04`,
    push: `ignorer-device-${n}23456789`,
    sms: `+1415556${n}04`,
  })

test('the week runs its course, and who bought is reported, and nobody else', async () => {
  await person('buyer', 31)
  await person('looker', 32)
  await launch(stage, journeyId, 'buyer', 'looker', 'nobody')
  await seen(stage, journeyId, 'buyer')
  await stage.event('buyer', 'order.placed', { total: 30 })
  const [buyer, looker, nobody] = await Promise.all(['buyer', 'looker', 'nobody'].map((who) => seen(stage, journeyId, who, hasEnded)))
  expect(looker?.path).toEqual([...WEEK, 'result:else', 'done'])
  expect(buyer?.path).toEqual([...WEEK, 'result:bought', 'report:success', 'done'])
  // Without an address there is nothing to send, and the end all the same.
  expect([nobody?.path.slice(-3), nobody?.messages.filter(({ status }) => status !== 'SUPPRESSED')]).toEqual([
    ['sms:suppressed', 'result:else', 'done'],
    [],
  ])
  expect(receiver.requests.map(({ url, body }) => [url, JSON.parse(String(body))])).toEqual([[`${receiver.url}/promotion`, { contact: 'buyer' }]])
  for (const n of [31, 32]) {
    expect(got(stage, `ignorer-device-${n}23456789`)).toHaveLength(5)
    expect(got(stage, `+1415555${n}04`)).toEqual(['Welcome, there.'])
    expect(got(stage, `+1415556${n}04`)).toEqual(['Today is the last day. Reply STOP to opt out.'])
  }
  expect(await numbers(stage, journeyId)).toMatchObject({ started: 3, active: 0, goals: 1 })
})
