import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasEnded, refusals, seen } from '../support/look.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectWhatsapp, got, publishReference } from '../support/reference.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** J5 as shipped: a welcome, a guide a day later, and a note to the CRM. A day is a second. */
let stage: Stage
let receiver: Receiver
let journeyId: string
const GUIDE = '%PDF-1.7\n%%EOF\n'

beforeAll(async () => {
  receiver = await startReceiver({ '/guide.pdf': GUIDE })
  stage = await openStage([new URL(receiver.url).host])
  await connectWhatsapp(stage)
  journeyId = await publishReference(stage, 'onboarding', {
    secondsPerDay: 1,
    parameters: { crm: `${receiver.url}/crm`, guide: `${receiver.url}/guide.pdf` },
  })
})
afterAll(async () => {
  await stage.close()
  await receiver.close()
})

const told = () => receiver.requests.splice(0).map(({ url, body }) => [url, JSON.parse(String(body))])
const files = (to: string) => stage.sandbox.log.entries().flatMap((entry) => (entry.to === to ? [entry.attachments] : []))

test('who signs up is welcomed by name and guided, and the CRM told, once in a lifetime', async () => {
  await stage.contact('ada', { whatsapp: '+14155553104', email: 'opener.1@mail.example', push: 'ignorer-device-0123456789' })
  await stage.client.run('mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { userErrors { message path } } }', {
    input: { contact: { externalId: 'ada' }, attributes: { firstName: 'Ada' } },
  })
  await stage.event('ada', 'user.signed_up')
  const end = await seen(stage, journeyId, 'ada', hasEnded)
  expect([end.state, end.path]).toEqual(['COMPLETED', ['signup:next', 'welcome:next', 'day:next', 'guide:next', 'push:next', 'crm:success']])
  expect(got(stage, '+14155553104')).toEqual(['Welcome, Ada.'])
  expect(files('opener.1@mail.example')).toEqual([[{ name: 'guide.pdf', contentType: 'application/pdf', size: GUIDE.length }]])
  expect(told()).toEqual([[`${receiver.url}/crm`, { contact: 'ada', state: 'onboarded' }]])
  await stage.event('ada', 'user.signed_up')
  const refused = await until(async () => {
    const found = await refusals(stage, 'ada')
    return found.length > 0 && found
  })
  expect(refused.map(({ code }) => code)).toEqual(['refused_reentry'])
})

test('a number that takes no WhatsApp is no obstacle, and a CRM that refuses shows in how it ended', async () => {
  receiver.answers.push(400)
  await stage.contact('bob', { whatsapp: '+14155553201', email: 'ignorer.2@mail.example' })
  await stage.event('bob', 'user.signed_up')
  const end = await seen(stage, journeyId, 'bob', hasEnded)
  expect([end.state, end.endReason, end.path.slice(2)]).toEqual([
    'EXITED',
    'undeliverable',
    ['day:next', 'guide:next', 'push:suppressed', 'crm:error'],
  ])
  expect(end.messages[0]).toMatchObject({ nodeKey: 'welcome', status: 'FAILED' })
  expect(told()).toEqual([[`${receiver.url}/crm`, { contact: 'bob', state: 'onboarded' }]])
})

test('who closes the account within the day hears no more, and the CRM nothing', async () => {
  await stage.contact('cyd', { whatsapp: '+14155553304', email: 'ignorer.3@mail.example' })
  await stage.event('cyd', 'user.signed_up')
  await seen(stage, journeyId, 'cyd', (one) => one.node === 'day')
  await stage.event('cyd', 'account.closed')
  const end = await seen(stage, journeyId, 'cyd', hasEnded)
  expect([end.state, end.endReason, end.path]).toEqual(['EXITED', 'account closed', ['signup:next', 'welcome:next', 'day']])
  expect([got(stage, 'ignorer.3@mail.example'), told()]).toEqual([[], []])
})
