import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, heard, look, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { archiveReference, connectWhatsapp, got, publishReference, writes } from '../support/reference.ts'
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

test('who writes Help is answered, a ticket opened, and the case closed once it is solved', async () => {
  await stage.contact('ada', { whatsapp: '+14155553104' })
  writes(stage, '+14155553104', 'Help')
  await seen(stage, journeyId, 'ada', (one) => one.node === 'support')
  expect(got(stage, '+14155553104')).toEqual(['Thanks for writing. Somebody will be with you shortly.'])
  expect(tickets()).toEqual([{ text: 'Help' }])
  await stage.event('ada', 'support.ticket_solved')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['help:next', 'answer_help:next', 'ticket:success', 'support:helped', 'helped:next']])
  expect(got(stage, '+14155553104')).toHaveLength(1)
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
  const resting = await until(async () => (await look(stage, journeyId)).find((each) => each.contact.externalId === null && each.node === 'support'))
  // The answer is due all the same.
  expect(resting.path).toEqual(['help:next', 'answer_help:next', 'ticket:error', 'support'])
  expect(got(stage, '+14155553304')).toEqual(['Thanks for writing. Somebody will be with you shortly.'])
})

test('whom nobody helps within the day is told that they are not forgotten', async () => {
  await archiveReference(stage, journeyId)
  // Twenty hours are one and two thirds of a second.
  const hastened = await publishReference(stage, 'inbound_whatsapp', { secondsPerDay: 2, parameters: { support: `${receiver.url}/tickets` } })
  await stage.contact('cyd', { whatsapp: '+14155553404' })
  writes(stage, '+14155553404', 'help')
  const end = await seen(stage, hastened, 'cyd', hasEnded)
  expect([end.state, end.path.slice(2)]).toEqual(['COMPLETED', ['ticket:success', 'support:timeout', 'sorry:next']])
  expect(got(stage, '+14155553404').at(-1)).toBe('We have not forgotten you. Somebody will answer you today.')
})
