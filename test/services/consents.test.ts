import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { consentHistory, consentsOf, type SetConsent, setConsent } from '../../src/services/consents.ts'
import { identifyContact, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { createTopic } from '../../src/services/topics.ts'
import { newId } from '../../src/store/new-id.ts'
import { arrived } from '../support/callbacks.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'
import { until } from '../support/until.ts'

let here: TestServices
let caller: Caller
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  caller = await here.workspace()
  await arrived(here)
})
afterAll(() => here.close())

const say = (input: Partial<SetConsent> = {}, as = caller) =>
  setConsent(here.services, as, { contact: { externalId: 'ada' }, state: 'GRANTED', purpose: 'News', source: 'form', ...input })
const now = async (id: string, as = caller) =>
  ((await consentsOf(here.services, as, [id])).get(id) ?? []).map(({ channel, topicId, state }) => [channel, topicId, state]).sort()
const history = async (id: string, first = 100, as = caller) =>
  (await consentHistory(here.services, as, id, first)).map(({ channel, state, source, purpose }) => [channel, state, source, purpose])

test('the latest word counts, for each channel and topic by itself; the ledger has every word', async () => {
  const topic = (await createTopic(here.services, caller, { name: 'Offers' })).id
  const id = await say({ channel: 'email' })
  await say({ channel: 'email', state: 'WITHDRAWN', source: 'link', purpose: 'Offers' })
  await say({ channel: 'email', topicId: topic })
  await say({ state: 'PENDING' })
  expect(await now(id)).toEqual([
    ['', '', 'PENDING'],
    ['email', '', 'WITHDRAWN'],
    ['email', topic, 'GRANTED'],
  ])
  expect(await history(id)).toEqual([
    ['', 'PENDING', 'form', 'News'],
    ['email', 'GRANTED', 'form', 'News'],
    ['email', 'WITHDRAWN', 'link', 'Offers'],
    ['email', 'GRANTED', 'form', 'News'],
  ])
  expect(await history(id, 1)).toEqual([['', 'PENDING', 'form', 'News']])
})

test('the ring is told: of a contact that this has made, that it was created', async () => {
  const id = await say()
  await say({ state: 'WITHDRAWN' })
  expect((await arrived(here)).map(({ kind, contact_id, data }) => [kind, contact_id, data.change, data.fields])).toEqual([
    ['contact', id, 'created', ['$consent']],
    ['contact', id, 'changed', ['$consent']],
  ])
})

test('every word raises the contact’s consent revision, also of many at once', async () => {
  const id = await say()
  await Promise.all(Array.from({ length: 8 }, (_, index) => say({ state: index % 2 === 0 ? 'GRANTED' : 'WITHDRAWN' })))
  const { rows } = await here.database.owner.query('SELECT consent_revision FROM contact WHERE id = $1', [id])
  expect([Number(rows[0].consent_revision), (await history(id)).length]).toEqual([9, 9])
  // What stands is what came last.
  expect((await now(id))[0]?.[2]).toBe((await history(id, 1))[0]?.[1])
})

test('a withdrawal waits for a message that is being handed over, and the next is handed over after it', async () => {
  const id = await say({ channel: 'email' })
  const dispatch = await here.database.worker.connect()
  await dispatch.query('BEGIN')
  await dispatch.query('SELECT 1 FROM contact WHERE id = $1 FOR SHARE', [id])
  let withdrawn = false
  const withdrawal = say({ channel: 'email', state: 'WITHDRAWN' }).then(() => {
    withdrawn = true
  })
  await until(
    async () =>
      (await here.database.owner.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).rows
        .length > 0,
  )
  expect([withdrawn, await now(id)]).toEqual([false, [['email', '', 'GRANTED']]])
  await dispatch.query('COMMIT')
  dispatch.release()
  await withdrawal
  expect(await now(id)).toEqual([['email', '', 'WITHDRAWN']])
})

test('what a device’s person says after being known is said by the known one', async () => {
  await upsertContact(here.services, caller, { contact: { externalId: 'ada' } })
  await upsertContact(here.services, caller, { contact: { anonymousId: 'device' } })
  const known = await identifyContact(here.services, caller, { anonymousId: 'device', externalId: 'ada' })
  expect(await say({ contact: { anonymousId: 'device' } })).toBe(known)
})

test('a refusal that a device brought along is taken back by the known one’s grant, and by nothing else', async () => {
  await upsertContact(here.services, caller, { contact: { externalId: 'ada' } })
  const device = await upsertContact(here.services, caller, { contact: { anonymousId: 'device' } })
  await say({ contact: { anonymousId: 'device' }, channel: 'email', state: 'WITHDRAWN' })
  await say({ contact: { anonymousId: 'device' }, channel: 'sms', state: 'WITHDRAWN' })
  const known = await identifyContact(here.services, caller, { anonymousId: 'device', externalId: 'ada' })
  expect([await now(known), await now(device)]).toEqual([
    [],
    [
      ['email', '', 'WITHDRAWN'],
      ['sms', '', 'WITHDRAWN'],
    ],
  ])
  await say({ channel: 'sms', state: 'PENDING' })
  await say({ channel: 'email' })
  expect([await now(known), await now(device)]).toEqual([
    [
      ['email', '', 'GRANTED'],
      ['sms', '', 'PENDING'],
    ],
    [
      ['email', '', 'GRANTED'],
      ['sms', '', 'WITHDRAWN'],
    ],
  ])
  await here.database.owner.query(`UPDATE consent SET state = 'SUPPRESSED' WHERE contact_id = $1 AND channel = 'sms'`, [device])
  const themselves = { ...caller, contactId: known }
  expect(await faultOf(say({ contact: { id: known }, channel: 'sms' }, themselves))).toEqual({ code: 'CONFLICT', path: ['state'] })
})

test('once for an idempotency key', async () => {
  const id = await say({ idempotencyKey: 'k' })
  expect([await say({ idempotencyKey: 'k' }), (await history(id)).length]).toEqual([id, 1])
})

describe('nothing is recorded', () => {
  test.each([
    [{ purpose: ' ' }, 'INVALID_INPUT', ['purpose']],
    [{ purpose: 'x'.repeat(201) }, 'INVALID_INPUT', ['purpose']],
    [{ source: '' }, 'INVALID_INPUT', ['source']],
    [{ channel: 'fax' as 'sms' }, 'INVALID_INPUT', ['channel']],
    [{ topicId: newId() }, 'NOT_FOUND', ['topicId']],
    [{ contact: { id: '0197f000-0000-8007-8000-000000000001' } }, 'NOT_FOUND', ['contact', 'id']],
  ])('of %j', async (input, code, path) => {
    expect(await faultOf(say(input))).toEqual({ code, path })
    const { rows } = await here.database.owner.query('SELECT 1 FROM consent_change WHERE workspace_id = $1', [caller.workspaceId])
    expect([rows, await arrived(here)]).toEqual([[], []])
  })

  test('under another workspace’s topic, nor read from it', async () => {
    const other = await here.workspace()
    const topicId = (await createTopic(here.services, other, { name: 'Theirs' })).id
    expect(await faultOf(say({ topicId }))).toEqual({ code: 'NOT_FOUND', path: ['topicId'] })
    const id = await say()
    expect([await now(id, other), await history(id, 100, other)]).toEqual([[], []])
  })
})
