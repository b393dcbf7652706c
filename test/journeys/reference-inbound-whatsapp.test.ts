import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, look, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectWhatsapp, got, publishReference, writes } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J11 as shipped: Help becomes a ticket, Promo a code, however they are typed. */
let stage: Stage
let receiver: Receiver
let journeyId: string

beforeAll(async () => {
  receiver = await startReceiver()
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
  journeyId = await publishReference(stage, 'inbound_whatsapp', { parameters: { support: `${receiver.url}/tickets` } })
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

const tickets = () => receiver.requests.map(({ body }) => JSON.parse(String(body)))

test('who writes Help is answered, and a ticket opened', async () => {
  await stage.contact('ada', { whatsapp: '+14155553104' })
  writes(stage, '+14155553104', 'Help')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['help:next', 'answer_help:next', 'ticket:success']])
  expect(got(stage, '+14155553104')).toEqual(['Thanks for writing. Somebody will be with you shortly.'])
  expect(tickets()).toEqual([{ text: 'Help' }])
})

test('who writes anything else is not answered; who then writes promo! gets the code', async () => {
  await stage.contact('bea', { whatsapp: '+14155553204' })
  writes(stage, '+14155553204', 'Good morning')
  await heard(stage, 'bea', 1)
  writes(stage, '+14155553204', 'promo!')
  const end = await seen(stage, journeyId, 'bea', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['promo:next', 'answer_promo:next']])
  expect(got(stage, '+14155553204')).toEqual(['Here is your code: PROMO10.'])
  expect((await look(stage, journeyId)).filter(({ contact }) => contact.externalId === 'bea')).toHaveLength(1)
})

test('a stranger is answered, too, and a help desk that refuses loses nobody’s answer', async () => {
  receiver.answers.push(400)
  writes(stage, '+14155553304', 'help')
  const end = await until(async () => (await look(stage, journeyId)).find((each) => each.contact.externalId === null && hasEnded(each)))
  expect(end.path).toEqual(['help:next', 'answer_help:next', 'ticket:error'])
  expect(got(stage, '+14155553304')).toEqual(['Thanks for writing. Somebody will be with you shortly.'])
})
