import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { tick } from '../../src/lanes/tick.ts'
import type { Caller } from '../../src/services/context.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { messagesByIds } from '../../src/services/messages.ts'
import { sendMessage } from '../../src/services/sends.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
let templateId: string
let planned: string[]
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())
beforeEach(async () => {
  caller = await here.workspace()
  templateId = await createTemplate(here.services, caller, {
    name: newId(),
    channel: 'email',
    variants: [{ locale: 'en', content: { subject: 'Your code', html: '{{ code }}' } }],
    variables: [
      { name: 'code', required: true, default: null },
      { name: 'brand', required: true, default: 'Acme' },
    ],
  })
  await addIdentity(here.services, caller, { contact: { externalId: 'ada' }, channel: 'email', address: 'ada@mail.example' })
})

async function work(): Promise<void> {
  planned = []
  const enqueueSends = async (_: unknown, ids: readonly string[]) => {
    planned.push(...ids)
    return 'job'
  }
  const ring = { pool: here.database.worker, lanes: 64, rowsPerLane: 250, book: openJourneyBook(), enqueueSends }
  await tick(
    ring,
    Array.from({ length: 64 }, (_, lane) => lane),
  )
}
const send = (input: object) =>
  sendMessage(here.services, caller, { contact: { externalId: 'ada' }, templateId, vars: { code: '7' }, ...input } as never)
const find = async (id: string) => (await messagesByIds(here.services, caller, [id])).get(id)

test('the message has the id that was answered, belongs to no journey, and is dispatched once however often it was asked for', async () => {
  const id = await send({ idempotencyKey: 'k' })
  expect(await send({ idempotencyKey: 'k' })).toBe(id)
  await work()
  expect(planned).toEqual([id])
  expect(await find(id)).toMatchObject({
    status: 'PLANNED',
    purpose: 'TRANSACTIONAL',
    channel: 'email',
    journeyId: null,
    enrollmentId: null,
    variables: { vars: { code: '7' } },
  })
})

test('it passes the gate: what consent forbids is kept with the reason, and not dispatched', async () => {
  const id = await send({ purpose: 'PROMOTIONAL' })
  await work()
  expect(planned).toEqual([])
  expect(await find(id)).toMatchObject({ status: 'SUPPRESSED', failureCode: 'no_consent' })
})

test('what cannot be sent is refused by its field, and nothing is planned', async () => {
  const stranger = await here.workspace()
  const faults = [
    await faultOf(send({ vars: {} })),
    await faultOf(send({ templateId: newId() })),
    await faultOf(send({ topicId: newId() })),
    await faultOf(send({ contact: { externalId: 'nobody' } })),
    await faultOf(send({ vars: { code: '\0' } })),
    await faultOf(sendMessage(here.services, stranger, { contact: { externalId: 'ada' }, templateId, vars: { code: '7' } })),
  ]
  expect(faults.map((fault) => [fault.code, fault.path])).toEqual([
    ['INVALID_INPUT', ['variables', 'code']],
    ['NOT_FOUND', ['templateId']],
    ['NOT_FOUND', ['topicId']],
    ['NOT_FOUND', ['contact']],
    ['INVALID_INPUT', ['variables']],
    ['NOT_FOUND', ['templateId']],
  ])
  await work()
  expect(planned).toEqual([])
})

test('a template of several channels is sent on the one that is asked for, and on none that it has no words for', async () => {
  templateId = await createTemplate(here.services, caller, {
    name: newId(),
    channel: 'sms',
    variants: [
      { locale: 'en', content: { body: 'Hi' } },
      { locale: 'en', channel: 'email', content: { subject: 'Hi', html: '<p>Hi</p>' } },
    ],
  })
  const id = await send({ channel: 'email' })
  await work()
  expect(await find(id)).toMatchObject({ status: 'PLANNED', channel: 'email' })
  expect(await faultOf(send({ channel: 'push' }))).toEqual({ code: 'INVALID_INPUT', path: ['channel'] })
})

test('all devices are meant where that is asked for, and only where the channel has any', async () => {
  for (const address of ['a'.repeat(140), 'b'.repeat(140)])
    await addIdentity(here.services, caller, { contact: { externalId: 'ada' }, channel: 'push', address })
  templateId = await createTemplate(here.services, caller, {
    name: newId(),
    channel: 'push',
    variants: [
      { locale: 'en', content: { title: 'Hi', body: 'There' } },
      { locale: 'en', channel: 'sms', content: { body: 'Hi' } },
    ],
  })
  const id = await send({ devices: 'ALL', templateId })
  await work()
  expect([planned.length, planned.includes(id)]).toEqual([2, true])
  expect(await faultOf(send({ devices: 'ALL', templateId, channel: 'sms' }))).toEqual({ code: 'INVALID_INPUT', path: ['devices'] })
})
