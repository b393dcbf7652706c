import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectWhatsapp, got, longAgo, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** J9 as shipped: whoever was silent for a month is written to, and who reads and does not click is a case for sales. A day is a second. */
let stage: Stage
let receiver: Receiver
const PEOPLE = ['opener', 'clicker', 'ignorer'] as const
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

test('read and not clicked is told to sales; clicked, or never read, is not', async () => {
  for (const [n, persona] of PEOPLE.entries()) {
    await stage.contact(persona, { email: `${persona}.${n}@mail.example`, whatsapp: phone(n), push: `ignorer-device-${n}23456789` })
    await longAgo(stage, persona, 'page.viewed', 31)
    await heard(stage, persona, 1)
  }
  const journeyId = await publishReference(stage, 'lead_re_engagement', { secondsPerDay: 1, parameters: { sales: `${receiver.url}/sales` } })
  const [opener, clicker, ignorer] = await Promise.all(PEOPLE.map((who) => seen(stage, journeyId, who, hasEnded)))
  const way = ['silent:next', 'email:next', 'days:next', 'whatsapp:next', 'push:next']
  expect(opener?.path).toEqual([...way, 'warm:warm', 'sales:success', 'done'])
  expect(clicker?.path).toEqual([...way, 'warm:else', 'done'])
  expect(ignorer?.path).toEqual([...way, 'warm:else', 'done'])
  expect(receiver.requests.map(({ url, body }) => [url, JSON.parse(String(body))])).toEqual([[`${receiver.url}/sales`, { contact: 'opener' }]])
  for (const n of PEOPLE.keys()) expect(got(stage, phone(n))).toEqual(['Welcome, there.'])
})
