import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { laneOf, laneOfReference } from '../../src/domain/ids.ts'
import type { Caller } from '../../src/services/context.ts'
import { type AddIdentity, addIdentity, getIdentity, identitiesOf, removeIdentity } from '../../src/services/identities.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { newLanedId } from '../../src/store/new-id.ts'
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

const DEVICE = `device-${'x'.repeat(40)}`
const add = (input: Partial<AddIdentity> = {}, as = caller) =>
  addIdentity(here.services, as, { contact: { externalId: 'ada' }, channel: 'email', address: 'ada@example.com', ...input })
const shown = async (contactId: string, as = caller) =>
  ((await identitiesOf(here.services, as, [contactId])).get(contactId) ?? []).map(({ channel, maskedAddress, status, platform }) => [
    channel,
    maskedAddress,
    status,
    platform,
  ])
const told = async () => (await arrived(here)).map(({ contact_id, data }) => [contact_id, data.change, data.fields])
const rows = async () => (await here.database.owner.query('SELECT * FROM channel_identity WHERE workspace_id = $1', [caller.workspaceId])).rows
const aliases = async () =>
  (
    await here.database.owner.query(
      `SELECT lane, reference, contact_id FROM contact_alias WHERE workspace_id = $1 AND reference NOT LIKE 'external:%'`,
      [caller.workspaceId],
    )
  ).rows

test('an address is kept sealed, found again by its index, and shown masked', async () => {
  const { contactId, identityId } = await add({ address: ' Ada@Example.com ' })
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const reference = `email:${keys.blindIndex('email', 'ada@example.com')}` as const
  const [row] = await rows()
  expect([row.id, row.lane, `email:${row.blind_index}`, keys.open(row.address)]).toEqual([
    identityId,
    laneOf(contactId),
    reference,
    'ada@example.com',
  ])
  expect(JSON.stringify(row)).not.toContain('example')
  expect(await aliases()).toEqual([{ lane: laneOfReference(caller.workspaceId, reference, 64), reference, contact_id: contactId }])
  expect(await shown(contactId)).toEqual([['email', 'a***@example.com', 'ACTIVE', null]])
  expect(await getIdentity(here.services, caller, identityId)).toMatchObject({ id: identityId, contactId, maskedAddress: 'a***@example.com' })
})

test('the same address again is refreshed, not added: active, seen now, its platform kept', async () => {
  const first = await add({ channel: 'push', address: DEVICE, platform: 'ios' })
  await here.database.owner.query(`UPDATE channel_identity SET status = 'UNREGISTERED', last_seen_at = now() - interval '1 day' WHERE id = $1`, [
    first.identityId,
  ])
  expect(await add({ channel: 'push', address: DEVICE })).toEqual(first)
  const [row, ...more] = await rows()
  expect([row.status, row.platform, Date.now() - row.last_seen_at.getTime() < 60_000, more]).toEqual(['ACTIVE', 'ios', true, []])
})

test('the ring is told of what is new, and not of an app that registers at every start', async () => {
  const { contactId } = await add({ channel: 'push', address: DEVICE, platform: 'android' })
  expect(await told()).toEqual([[contactId, 'created', ['$push']]])
  await add({ channel: 'push', address: DEVICE, platform: 'android' })
  expect(await told()).toEqual([])
  await here.database.owner.query(`UPDATE channel_identity SET status = 'UNREGISTERED' WHERE contact_id = $1`, [contactId])
  await add({ channel: 'push', address: DEVICE })
  await add()
  expect(await told()).toEqual([
    [contactId, 'changed', ['$push']],
    [contactId, 'changed', ['$email']],
  ])
})

test('an address that two contacts have answers to whoever registered it last; ten at once leave one row each', async () => {
  const ada = await add()
  const bob = await add({ contact: { externalId: 'bob' } })
  expect((await aliases()).map((row) => row.contact_id)).toEqual([bob.contactId])
  await Promise.all(Array.from({ length: 10 }, () => add()))
  expect([(await aliases()).map((row) => row.contact_id), (await rows()).length]).toEqual([[ada.contactId], 2])
  // Removing what another has taken over does not take it from them.
  await removeIdentity(here.services, caller, bob.identityId)
  expect((await aliases()).map((row) => row.contact_id)).toEqual([ada.contactId])
})

test('a device is one person’s at a time: who had it before is no longer reached by it', async () => {
  const ada = await add({ channel: 'push', address: DEVICE, platform: 'ios' })
  const bob = await add({ channel: 'push', address: DEVICE, contact: { externalId: 'bob' } })
  const status = async (contactId: string) => (await shown(contactId)).map((each) => each[2])
  expect([await status(ada.contactId), await status(bob.contactId)]).toEqual([['UNREGISTERED'], ['ACTIVE']])
  expect((await aliases()).map((row) => row.contact_id)).toEqual([bob.contactId])
  // Back at the first one's, who logs in again.
  expect(await add({ channel: 'push', address: DEVICE })).toEqual(ada)
  expect([await status(ada.contactId), await status(bob.contactId)]).toEqual([['ACTIVE'], ['UNREGISTERED']])
  const at = (externalId: string) => add({ channel: 'push', address: DEVICE, contact: { externalId } })
  await Promise.all(['ada', 'bob', 'ada', 'bob', 'ada', 'bob'].map(at))
  expect([...(await status(ada.contactId)), ...(await status(bob.contactId))].sort()).toEqual(['ACTIVE', 'UNREGISTERED'])
  // An address is several people's: a family's.
  const families = [await add({ address: 'us@example.com' }), await add({ address: 'us@example.com', contact: { externalId: 'bob' } })]
  for (const { contactId } of families) expect((await shown(contactId)).find((each) => each[0] === 'email')?.[2]).toBe('ACTIVE')
})

test('of two who register one new device in the same instant, the later one has it', async () => {
  for (const externalId of ['ada', 'grace']) await add({ contact: { externalId } })
  // Neither has written the token yet when both have looked for it.
  const blocking = await here.database.owner.connect()
  await blocking.query('BEGIN; LOCK TABLE contact_alias IN SHARE ROW EXCLUSIVE MODE')
  const registering = ['ada', 'grace'].map((externalId) => add({ contact: { externalId }, channel: 'push', address: DEVICE }))
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE 'insert into contact_alias%'`
  await until(async () => (await here.database.owner.query(waiting)).rows.length === 2)
  await blocking.query('COMMIT')
  blocking.release()
  await Promise.all(registering)
  const devices = (await rows()).filter(({ channel }) => channel === 'push')
  const [alias] = (await aliases()).filter(({ reference }) => reference.startsWith('push:'))
  expect(devices).toHaveLength(2)
  expect(devices.filter(({ status }) => status === 'ACTIVE').map(({ contact_id }) => contact_id)).toEqual([alias.contact_id])
})

test('a renewed token takes the place of the old one, under its id, and nothing of the old one is left', async () => {
  const first = await add({ channel: 'push', address: DEVICE, platform: 'ios' })
  await here.database.owner.query(`UPDATE channel_identity SET status = 'UNREGISTERED', last_seen_at = now() - interval '1 day' WHERE id = $1`, [
    first.identityId,
  ])
  await told()
  const renewed = { channel: 'push' as const, address: `${DEVICE}2`, replaces: first.identityId }
  for (let n = 0; n < 2; n++) expect(await add(renewed)).toEqual(first)
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const [row, ...others] = await rows()
  expect([keys.open(row.address), row.status, row.platform, row.last_seen_at > new Date(Date.now() - 60_000), others]).toEqual([
    `${DEVICE}2`,
    'ACTIVE',
    'ios',
    true,
    [],
  ])
  expect((await aliases()).map(({ reference }) => reference)).toEqual([`push:${keys.blindIndex('push', `${DEVICE}2`)}`])
  expect(await told()).toEqual([[first.contactId, 'changed', ['$push']]])
  // Where the new one was registered before anybody said so, the old one goes.
  const third = await add({ channel: 'push', address: `${DEVICE}3` })
  expect(await add({ channel: 'push', address: `${DEVICE}3`, replaces: first.identityId })).toEqual(third)
  expect([(await rows()).map((each) => each.id), (await aliases()).length]).toEqual([[third.identityId], 1])
  expect(await add({ channel: 'push', address: `${DEVICE}3`, replaces: first.identityId })).toEqual(third)
})

test('nobody takes the place of another’s address, or of one on another channel', async () => {
  const mail = await add()
  const bob = await add({ channel: 'push', address: DEVICE, contact: { externalId: 'bob' } })
  await told()
  const before = [await rows(), await aliases()]
  for (const replaces of [mail.identityId, bob.identityId])
    expect(await faultOf(add({ channel: 'push', address: `${DEVICE}2`, replaces }))).toEqual({ code: 'NOT_FOUND', path: ['replaces'] })
  expect([[await rows(), await aliases()], await told()]).toEqual([before, []])
})

test('what is removed is forgotten for good', async () => {
  const { contactId, identityId } = await add()
  await told()
  expect(await removeIdentity(here.services, caller, identityId)).toBe(contactId)
  expect([await rows(), await aliases(), await shown(contactId), await told()]).toEqual([[], [], [], [[contactId, 'changed', ['$email']]]])
  expect(await getIdentity(here.services, caller, identityId)).toBeNull()
  expect(await faultOf(removeIdentity(here.services, caller, identityId))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
})

test.each([
  [{ address: 'nobody' }, 'INVALID_INPUT', ['address']],
  [{ channel: 'sms' as const, address: '0151 2345678' }, 'INVALID_INPUT', ['address']],
  [{ channel: 'fax' as 'sms' }, 'INVALID_INPUT', ['channel']],
  [{ channel: 'push' as const, address: DEVICE, platform: 'toaster' }, 'INVALID_INPUT', ['platform']],
  [{ platform: 'ios' }, 'INVALID_INPUT', ['platform']],
  [{ contact: { id: newLanedId(3) } }, 'NOT_FOUND', ['contact', 'id']],
])('%j adds nothing, and makes nobody', async (input, code, path) => {
  expect(await faultOf(add(input))).toEqual({ code, path })
  expect([await rows(), await aliases(), await told()]).toEqual([[], [], []])
})

test('another workspace neither sees nor removes it', async () => {
  const other = await here.workspace()
  const { contactId, identityId } = await add()
  expect([await shown(contactId, other), await getIdentity(here.services, other, identityId)]).toEqual([[], null])
  expect(await faultOf(removeIdentity(here.services, other, identityId))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect((await rows()).length).toBe(1)
})
