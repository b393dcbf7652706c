import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runBroadcast } from '../../jobs/broadcast.ts'
import { broadcastsByIds, cancelBroadcast, createBroadcast, pauseBroadcast, resumeBroadcast } from '../../src/services/broadcasts.ts'
import { identifyContact, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

const LANES = 64
let here: TestServices
let caller: Caller
let templateId: string
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())
beforeEach(async () => {
  caller = await here.workspace()
  here.jobs.length = 0
  templateId = await createTemplate(here.services, caller, {
    name: newId(),
    channel: 'sms',
    variants: [{ locale: 'en', content: { body: 'Hi' } }],
  })
})

const PRO = { attribute: { path: 'plan', op: 'EQ' as const, value: 'pro' } }
const people = async (n: number, plan = 'pro') => {
  for (let i = 0; i < n; i++) await upsertContact(here.services, caller, { contact: { externalId: `${plan}-${i}` }, attributes: { plan } })
}
const create = (more: object = {}) => createBroadcast(here.services, caller, { name: 'News', templateId, audience: PRO, perSecond: 8, ...more })
const job = () => here.jobs.at(-1)?.data as { broadcastId: string; runner: string }
const work = (shift?: number) => runBroadcast(here.database.worker, LANES, job(), shift)
const find = async (id: string) => (await broadcastsByIds(here.services, caller, [id])).get(id)
const handed = async () => {
  const { rows } = await here.database.owner.query<{ id: string; contact_id: string }>(
    `SELECT data::json->>'messageId' AS id, contact_id FROM inbox WHERE workspace_id = $1 AND kind = 'send'`,
    [caller.workspaceId],
  )
  return rows
}

test('everybody the condition holds for is handed the message once, in pages, and then it is complete', async () => {
  await people(5)
  await people(2, 'free')
  const id = await create()
  expect(await work()).toBe(false)
  const rows = await handed()
  expect([rows.length, new Set(rows.map((row) => row.contact_id)).size]).toEqual([5, 5])
  expect(await find(id)).toMatchObject({ status: 'COMPLETED', handed: 5 })
  // The job once more, as after a crash behind its last page: nothing.
  expect(await work()).toBe(false)
  expect(await handed()).toHaveLength(5)
})

test('a job whose shift is over leaves the rest to another, which goes on behind it', async () => {
  await people(5)
  const id = await create()
  expect(await work(1)).toBe(true)
  expect([(await handed()).length, (await find(id))?.handed]).toEqual([2, 2])
  expect(await work()).toBe(false)
  const rows = await handed()
  expect([rows.length, new Set(rows.map((row) => row.id)).size]).toEqual([5, 5])
})

test('paused, nothing more is handed over; resumed, only the new runner goes on', async () => {
  await people(3)
  const id = await create()
  const first = job()
  await work(1)
  await pauseBroadcast(here.services, caller, id)
  expect(await work()).toBe(false)
  expect(await handed()).toHaveLength(2)
  await resumeBroadcast(here.services, caller, id)
  expect(await runBroadcast(here.database.worker, LANES, first)).toBe(false)
  expect(await handed()).toHaveLength(2)
  await work()
  expect([(await handed()).length, (await find(id))?.status]).toEqual([3, 'COMPLETED'])
})

test('cancelled, it is over for good', async () => {
  await people(3)
  const id = await create()
  await cancelBroadcast(here.services, caller, id)
  expect(await work()).toBe(false)
  expect(await handed()).toEqual([])
  expect(await faultOf(resumeBroadcast(here.services, caller, id))).toMatchObject({ code: 'CONFLICT', path: ['id'] })
})

test('bad input is refused by its field, and another workspace’s broadcast is not there', async () => {
  const stranger = await here.workspace()
  const id = await create({ idempotencyKey: 'k' })
  expect(await create({ idempotencyKey: 'k' })).toBe(id)
  const faults = [
    await faultOf(create({ name: '' })),
    await faultOf(create({ perSecond: 0 })),
    await faultOf(create({ templateId: newId() })),
    await faultOf(create({ audience: { goal: 'bought' } })),
    await faultOf(create({ startsAt: new Date('2100-01-01') })),
    await faultOf(cancelBroadcast(here.services, stranger, id)),
  ]
  expect(faults.map((fault) => [fault.code, (fault.path as string[])[0]])).toEqual([
    ['INVALID_INPUT', 'name'],
    ['INVALID_INPUT', 'perSecond'],
    ['NOT_FOUND', 'templateId'],
    ['INVALID_INPUT', 'audience'],
    ['INVALID_INPUT', 'startsAt'],
    ['NOT_FOUND', 'id'],
  ])
  expect((await find(id))?.status).toBe('RUNNING')
})

test('a template of several channels goes out on the one that is named, its own where none is, and on none that it has no words for', async () => {
  await people(1)
  const variants = [
    { locale: 'en', content: { body: 'Hi' } },
    { locale: 'en', channel: 'email' as const, content: { subject: 'Hi', html: '<p>Hi</p>' } },
  ]
  templateId = await createTemplate(here.services, caller, { name: newId(), channel: 'sms', variants })
  const sent: [string | undefined, unknown][] = []
  for (const channel of ['email', undefined] as const) {
    const id = await create({ channel })
    await work()
    const { rows } = await here.database.owner.query<{ data: { channel: string } }>(
      `SELECT data::json FROM inbox WHERE data::json->>'broadcastId' = $1`,
      [id],
    )
    sent.push([(await find(id))?.channel, rows.map((row) => row.data.channel)])
  }
  expect(sent).toEqual([
    ['email', ['email']],
    ['sms', ['sms']],
  ])
  expect(await faultOf(create({ channel: 'push' }))).toEqual({ code: 'INVALID_INPUT', path: ['channel'] })
})

test('the devices it is for are handed over with it', async () => {
  await people(1)
  const variants = [{ locale: 'en', content: { title: 'Hi', body: 'There' } }]
  templateId = await createTemplate(here.services, caller, { name: newId(), channel: 'push', variants })
  const id = await create({ devices: 'PER_PLATFORM' })
  await work()
  const { rows } = await here.database.owner.query<{ devices: string }>(
    `SELECT data::json->>'devices' AS devices FROM inbox WHERE data::json->>'broadcastId' = $1`,
    [id],
  )
  expect([rows, (await find(id))?.devices]).toEqual([[{ devices: 'PER_PLATFORM' }], 'PER_PLATFORM'])
})

test('a WhatsApp template that nobody has approved is refused while that can still be told', async () => {
  const content = { category: 'MARKETING', template: { name: 'sale', language: 'en', body: [] } }
  const variants = [
    { locale: 'en', content: { body: 'Hi' } },
    { locale: 'en', channel: 'whatsapp' as const, content },
  ]
  templateId = await createTemplate(here.services, caller, { name: newId(), channel: 'sms', variants })
  const before = here.jobs.length
  const asked = create({ channel: 'whatsapp' })
  await expect(asked).rejects.toThrow('cannot be sent on WhatsApp: no WhatsApp connection is live, so no template is approved')
  expect(await faultOf(asked)).toEqual({ code: 'TEMPLATE_INVALID', path: ['templateId'] })
  expect(here.jobs).toHaveLength(before)
  await create({})
  expect(here.jobs).toHaveLength(before + 1)
})

test('a list is handed over page by page, each once, those its condition holds for alone', async () => {
  await people(5)
  await people(2, 'free')
  const listed = ['pro-0', 'pro-1', 'pro-2', 'pro-0', 'free-0', 'free-1'].map((externalId) => ({ externalId }))
  const { rows: known } = await here.database.owner.query<{ id: string; external_id: string }>(
    'SELECT id, external_id FROM contact WHERE workspace_id = $1 ORDER BY external_id',
    [caller.workspaceId],
  )
  const idOf = (externalId: string) => known.find((row) => row.external_id === externalId)?.id ?? ''
  const id = await create({ contacts: [...listed, { id: idOf('pro-1') }] })
  expect(await work()).toBe(false)
  const rows = await handed()
  expect(rows.map((row) => row.contact_id).sort()).toEqual(['pro-0', 'pro-1', 'pro-2'].map(idOf).sort())
  expect(await find(id)).toMatchObject({ status: 'COMPLETED', handed: 3, listed: 5, audience: PRO })
  const all = await create({ contacts: listed, audience: null })
  await work()
  expect([(await find(all))?.handed, (await handed()).length]).toEqual([5, 8])
})

test('somebody listed who has become somebody else since gets it as who they are now', async () => {
  await upsertContact(here.services, caller, { contact: { anonymousId: 'phone-1' }, attributes: {} })
  const id = await create({ contacts: [{ anonymousId: 'phone-1' }], audience: null })
  await identifyContact(here.services, caller, { anonymousId: 'phone-1', externalId: 'ada' })
  const { rows } = await here.database.owner.query<{ id: string }>('SELECT id FROM contact WHERE workspace_id = $1 AND merged_into IS NULL', [
    caller.workspaceId,
  ])
  await work()
  expect((await handed()).map((row) => row.contact_id)).toEqual(rows.map((row) => row.id))
  expect(await find(id)).toMatchObject({ handed: 1 })
})
