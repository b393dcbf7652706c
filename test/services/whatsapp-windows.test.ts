import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ProviderCallback } from '../../src/domain/delivery.ts'
import { laneOf } from '../../src/domain/ids.ts'
import { acceptCallbacks } from '../../src/services/callbacks.ts'
import { contactsByIds, upsertContact } from '../../src/services/contacts.ts'
import type { Caller, OpenConnection } from '../../src/services/context.ts'
import { addIdentity, identitiesOf } from '../../src/services/identities.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const HOUR = 3_600_000
const NOW = 1_800_000_000_000

let here: TestServices
let caller: Caller
let connection: OpenConnection
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  caller = await here.workspace()
  connection = await connected(here, caller, 'meta')
  await arrived(here)
})
afterAll(async () => {
  vi.useRealTimers()
  await here.close()
})

let said = 0
const wrote = (from: string, at = NOW - HOUR, about: Partial<Extract<ProviderCallback, { type: 'inbound' }>> = {}): ProviderCallback => {
  said += 1
  const id = `wamid.${said}`
  const base = { type: 'inbound' as const, channel: 'whatsapp' as const, text: 'Hi', to: '+15005550006', properties: { kind: 'text' } }
  return { ...base, from, at, providerMessageId: id, providerEventId: `${id}:inbound`, ...about }
}
const accept = (...callbacks: ProviderCallback[]) => acceptCallbacks(here.services, connection, callbacks)
const windows = async () =>
  (
    await here.database.owner.query(
      `SELECT w.lane, w.connection_id, w.contact_id, i.contact_id AS identity_of, (extract(epoch FROM open_until) * 1000)::float8 AS until
        FROM whatsapp_window AS w LEFT JOIN channel_identity AS i ON i.lane = w.lane AND i.id = w.identity_id WHERE w.workspace_id = $1 ORDER BY until`,
      [caller.workspaceId],
    )
  ).rows
const contacts = async () =>
  (await here.database.owner.query<{ id: string }>('SELECT id FROM contact WHERE workspace_id = $1', [caller.workspaceId])).rows.map(({ id }) => id)

test('who writes may be answered for a day, and hears so from nobody else', async () => {
  const { contactId } = await addIdentity(here.services, caller, { contact: { externalId: 'ada' }, channel: 'whatsapp', address: '+4915112345678' })
  await arrived(here)
  expect(await accept(wrote('+49 151 12345678'))).toBe(1)
  const window = { lane: laneOf(contactId), connection_id: connection.id, contact_id: contactId, identity_of: contactId }
  expect(await windows()).toEqual([{ ...window, until: NOW + 23 * HOUR }])
  expect((await arrived(here)).map(({ kind }) => kind)).toEqual(['inbound'])
})

test('the last message counts: neither a repetition, nor one that comes late, nor a clock that is ahead moves the end', async () => {
  const first = wrote('+4915112345678', NOW - 2 * HOUR)
  await accept(first, wrote('+4915112345678', NOW - HOUR))
  await accept(first, wrote('+4915112345678', NOW - 5 * HOUR))
  expect((await windows()).map(({ until }) => until - NOW)).toEqual([23 * HOUR])
  await accept(wrote('+4915112345678', NOW + 10 * HOUR))
  expect((await windows()).map(({ until }) => until - NOW)).toEqual([24 * HOUR])
})

test('told again without a time of its own, as Twilio tells it, a message opens nothing again', async () => {
  const told = wrote('+4915112345678', NOW)
  expect(await accept(told)).toBe(1)
  vi.setSystemTime(NOW + 30 * HOUR)
  expect(await accept({ ...told, at: NOW + 30 * HOUR } as ProviderCallback)).toBe(0)
  expect((await windows()).map(({ until }) => until - NOW)).toEqual([24 * HOUR])
})

test('a number nobody knew becomes a contact with an address, told to the ring before its message', async () => {
  await accept(wrote('+4915112345678'), wrote('+4915112345679'))
  const ids = await contacts()
  expect(ids.length).toBe(2)
  const found = await identitiesOf(here.services, caller, ids)
  expect([...found.values()].map((each) => each.map(({ channel, status, maskedAddress }) => [channel, status, maskedAddress])).sort()).toEqual([
    [['whatsapp', 'ACTIVE', '+49***78']],
    [['whatsapp', 'ACTIVE', '+49***79']],
  ])
  const items = await arrived(here)
  expect(items.map(({ kind }) => kind)).toEqual(['contact', 'contact', 'inbound', 'inbound'])
  expect(items[0]?.data).toEqual({ change: 'created', fields: ['$whatsapp'] })
  expect(new Set(items.slice(0, 2).map(({ contact_id }) => contact_id))).toEqual(new Set(ids))
  expect((await windows()).map(({ identity_of, contact_id }) => identity_of === contact_id)).toEqual([true, true])
})

test('who hides their number is a contact by the id that stands for it', async () => {
  const userId = 'US.13491208655302741918'
  expect(await accept(wrote(userId))).toBe(1)
  expect((await arrived(here)).map(({ kind }) => kind)).toEqual(['contact', 'inbound'])
  expect(await accept(wrote(userId, NOW))).toBe(1)
  const ids = await contacts()
  const found = [...(await identitiesOf(here.services, caller, ids)).values()].flat()
  expect(found.map(({ channel, maskedAddress }) => [channel, maskedAddress])).toEqual([['whatsapp', 'US.***18']])
  expect((await windows()).map(({ until }) => until - NOW)).toEqual([24 * HOUR])
})

test('however many webhooks bring a first message at once, one contact comes of it', async () => {
  await Promise.all(Array.from({ length: 12 }, () => accept(wrote('+4915112345678'))))
  expect((await contacts()).length).toBe(1)
  expect((await windows()).length).toBe(1)
  const items = await arrived(here)
  expect([items.filter(({ kind }) => kind === 'contact').length, items.filter(({ kind }) => kind === 'inbound').length]).toEqual([1, 12])
})

test('an address taken from a contact is given back when its owner writes', async () => {
  const id = await upsertContact(here.services, caller, { contact: { externalId: 'ada' } })
  await addIdentity(here.services, caller, { contact: { externalId: 'ada' }, channel: 'whatsapp', address: '+4915112345678' })
  await here.database.owner.query('DELETE FROM channel_identity WHERE contact_id = $1', [id])
  await accept(wrote('+4915112345678'))
  expect((await windows()).map(({ identity_of }) => identity_of)).toEqual([id])
  expect((await contactsByIds(here.services, caller, [id])).size).toBe(1)
})

test('nothing opens for a reaction, another channel, or a sender that is no number', async () => {
  await accept(
    wrote('+4915112345678', NOW, { properties: { kind: 'reaction' } }),
    wrote('+4915112345679', NOW, { channel: 'sms' }),
    wrote('nobody', NOW),
  )
  expect([await windows(), await contacts()]).toEqual([[], []])
})

test('the message that somebody chose to answer is named by our own id, where it is one of ours', async () => {
  const { id } = await handedOver(here, caller, connection, 'wamid.ours')
  await accept(
    wrote('+4915112345678', NOW, { repliesTo: 'wamid.ours' }),
    wrote('+4915112345678', NOW, { repliesTo: 'wamid.another' }),
    wrote('+4915112345678', NOW),
  )
  const replies = (await arrived(here)).flatMap(({ kind, data }) => (kind === 'inbound' ? [data.inReplyTo ?? null] : []))
  expect(replies).toEqual([id, null, null])
})

test('a failure that says the window is closed closes it, unless the person has written since', async () => {
  const { identityId, contactId } = await addIdentity(here.services, caller, {
    contact: { externalId: 'ada' },
    channel: 'whatsapp',
    address: '+4915112345678',
  })
  const { id } = await handedOver(here, caller, connection, null)
  await here.database.owner.query('UPDATE message SET identity_id = $2, contact_id = $3 WHERE id = $1', [id, identityId, contactId])
  const failed = (at: number, code: string): ProviderCallback => {
    const base = { type: 'status' as const, messageId: id, providerMessageId: 'wamid.x', status: 'FAILED' as const, human: true }
    return { ...base, providerEventId: `${code}:${at}`, at, code }
  }
  await accept(wrote('+4915112345678', NOW - HOUR))
  await accept(failed(NOW - 2 * HOUR, '131047'), failed(NOW, '131026'))
  expect((await windows()).length).toBe(1)
  await accept(failed(NOW - HOUR, '131047'))
  expect(await windows()).toEqual([])
})

test('each connection has windows of its own', async () => {
  await accept(wrote('+4915112345678'))
  const { rows } = await here.database.owner.query(`UPDATE provider_connection SET disabled_at = now() WHERE id = $1 RETURNING 1`, [connection.id])
  expect(rows.length).toBe(1)
  const twilio = await connected(here, caller, 'twilio_whatsapp')
  await acceptCallbacks(here.services, twilio, [wrote('+4915112345678', NOW)])
  expect((await windows()).map(({ connection_id }) => connection_id)).toEqual([connection.id, twilio.id])
})
