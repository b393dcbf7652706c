import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, seen } from '../support/look.ts'
import { archiveReference, connectWhatsapp, got, launch, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** J10 as shipped: one promotion on three channels, until the person engages with it. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  await connectWhatsapp(stage)
})
afterAll(() => stage.close())

const tags = async (externalId: string) =>
  (await stage.client.run<{ contact: { tags: string[] } }>('query ($ref: ContactRef!) { contact(ref: $ref) { tags } }', { ref: { externalId } }))
    .contact.tags

test('the first engagement ends it, days before the next channel’s turn', async () => {
  const journeyId = await publishReference(stage, 'stop_at_first_open')
  // With no device to push to, the email is first.
  await stage.contact('opener', { email: 'opener.1@mail.example', whatsapp: '+14155553104' })
  await launch(stage, journeyId, 'opener')
  const end = await seen(stage, journeyId, 'opener', hasEnded)
  expect([end.state, end.path, end.messages.filter(({ status }) => status !== 'SUPPRESSED').map(({ channel }) => channel)]).toEqual([
    'COMPLETED',
    ['start:next', 'promotion:engaged', 'engaged:next'],
    ['EMAIL'],
  ])
  expect(await tags('opener')).toEqual(['engaged'])
  expect(got(stage, '+14155553104')).toEqual([])
  await archiveReference(stage, journeyId)
})

test('whoever ignores it all the way hears it three times, WhatsApp last', async () => {
  const journeyId = await publishReference(stage, 'stop_at_first_open', { secondsPerDay: 1 })
  await stage.contact('ignorer', { email: 'ignorer.1@mail.example', whatsapp: '+14155553204', push: 'ignorer-device-0123456789' })
  await launch(stage, journeyId, 'ignorer')
  const end = await seen(stage, journeyId, 'ignorer', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['start:next', 'promotion:exhausted']])
  expect(
    stage.sandbox.log.entries().flatMap(({ provider, outcome, to }) => (outcome === 'accepted' && to !== 'opener.1@mail.example' ? [provider] : [])),
  ).toEqual(['fcm', 'sendgrid', 'meta'])
  expect(await tags('ignorer')).toEqual([])
})
