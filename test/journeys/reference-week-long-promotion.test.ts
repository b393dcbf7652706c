import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, numbers, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { archiveReference, connectWhatsapp, got, launch, publishReference } from '../support/reference.ts'
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
  ...Array.from({ length: 6 }, () => ROUND).flat(),
  'daily:done',
  'last:next',
  'sms:next',
  'over:next',
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
  expect(looker?.path).toEqual([...WEEK, 'result:else'])
  expect(buyer?.path).toEqual([...WEEK, 'result:bought', 'report:success'])
  // Without an address there is nothing to send, and the end all the same.
  expect([nobody?.path.slice(-3), nobody?.messages.filter(({ status }) => status !== 'SUPPRESSED')]).toEqual([
    ['sms:suppressed', 'over:next', 'result:else'],
    [],
  ])
  expect(receiver.requests.map(({ url, body }) => [url, JSON.parse(String(body))])).toEqual([[`${receiver.url}/promotion`, { contact: 'buyer' }]])
  for (const n of [31, 32]) {
    expect(got(stage, `ignorer-device-${n}23456789`)).toHaveLength(6)
    expect(got(stage, `+1415555${n}04`)).toEqual(['there, the code WEEK10 takes 10 % off.'])
    expect(got(stage, `+1415556${n}04`)).toEqual(['Today is the last day. Reply STOP to opt out.'])
  }
  expect(await numbers(stage, journeyId)).toMatchObject({ started: 3, active: 0, completed: 3, dropped: 0, goals: 1 })
})

test('a day lasts a day from launch to the end, and called off nobody hears of it again', async () => {
  await archiveReference(stage, journeyId)
  const slow = await publishReference(stage, 'week_long_promotion')
  await person('early', 33)
  await launch(stage, slow, 'early')
  const resting = await seen(stage, slow, 'early', (one) => one.node === 'day')
  expect(Date.parse(resting.dueAt ?? '') - Date.parse(resting.visits.at(-1)?.enteredAt ?? '')).toBe(86_400_000)
  await stage.client.run(
    'mutation ($id: ID!) { exitEnrollments(input: { journeyId: $id, reason: "called off" }) { exiting userErrors { message path } } }',
    {
      id: slow,
    },
  )
  const end = await seen(stage, slow, 'early', hasEnded)
  expect([end.state, end.endReason, end.path]).toEqual(['EXITED', 'called off', ['launch:next', 'email:next', 'day']])
  expect([got(stage, '+14155553304'), got(stage, 'ignorer-device-3323456789'), got(stage, '+14155563304')]).toEqual([[], [], []])
})
