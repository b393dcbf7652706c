import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { archiveReference, connectWhatsapp, got, longAgo, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** J9 as shipped: whoever was silent for a month is written to, and who reads and does not click is a case for sales. */
let stage: Stage
let receiver: Receiver
const PEOPLE = ['opener', 'clicker', 'ignorer', 'reads', 'answers'] as const
const phone = (n: number) => `+1415555${31 + n}04`

beforeAll(async () => {
  receiver = await startReceiver()
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

test('read by mail or by WhatsApp and not clicked is told to sales; clicked or answered, or never read, is not', async () => {
  for (const [n, who] of PEOPLE.entries()) {
    const mail = who === 'reads' || who === 'answers' ? 'ignorer' : who
    stage.sandbox.script(phone(n), who === 'reads' ? 'opener' : who === 'answers' ? 'clicker' : 'ignorer')
    await stage.contact(who, { email: `${mail}.${n}@mail.example`, whatsapp: phone(n), push: `ignorer-device-${n}23456789` })
    await longAgo(stage, who, 'page.viewed', 40)
    await heard(stage, who, 1)
  }
  // A day is 1.2 seconds.
  const journeyId = await publishReference(stage, 'lead_re_engagement', { secondsPerDay: 1.2, parameters: { sales: `${receiver.url}/sales` } })
  const ends = await Promise.all(PEOPLE.map((who) => seen(stage, journeyId, who, hasEnded)))
  expect(ends.map(({ state }) => state)).toEqual(PEOPLE.map(() => 'COMPLETED'))
  const way = ['silent:next', 'email:next', 'days:next', 'whatsapp:next', 'push:next', 'day:next']
  expect(ends.map(({ path }) => path)).toEqual([
    [...way, 'warm:warm', 'sales:success'],
    [...way, 'warm:else'],
    [...way, 'warm:else'],
    [...way, 'warm:warm', 'sales:success'],
    [...way, 'warm:else'],
  ])
  const told = receiver.requests.map(({ url, body }) => [url, (JSON.parse(String(body)) as { contact: string }).contact])
  expect(told.sort()).toEqual(['opener', 'reads'].map((who) => [`${receiver.url}/sales`, who]))
  for (const n of PEOPLE.keys()) expect(got(stage, phone(n))).toEqual(['there, the code BACK10 takes 10 % off.'])
  await archiveReference(stage, journeyId)
})

test('a purchase ends it, whatever was to come', async () => {
  await stage.contact('buyer', { email: 'opener.9@mail.example', whatsapp: '+14155554004' })
  await longAgo(stage, 'buyer', 'page.viewed', 31 * 86_400)
  await heard(stage, 'buyer', 1)
  const journeyId = await publishReference(stage, 'lead_re_engagement')
  await seen(stage, journeyId, 'buyer', (one) => one.node === 'days')
  await stage.event('buyer', 'order.placed', { total: 10 })
  const end = await seen(stage, journeyId, 'buyer', hasEnded)
  expect([end.state, end.endReason, end.path]).toEqual(['CONVERTED', 'bought', ['silent:next', 'email:next', 'days']])
  expect(got(stage, '+14155554004')).toEqual([])
})
