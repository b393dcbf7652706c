import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createApiKey, revokeApiKey } from '../../src/services/api-keys.ts'
import { setConsent } from '../../src/services/consents.ts'
import { isContactToken, issueContactToken, ownKey, readContactToken } from '../../src/services/contact-tokens.ts'
import { getContact, identifyContact, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { addIdentity, identitiesOf, removeIdentity } from '../../src/services/identities.ts'
import { reportMessage } from '../../src/services/messages.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { newId } from '../../src/store/new-id.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  caller = await here.workspace()
})
afterEach(() => void vi.useRealTimers())
afterAll(() => here.close())

const ada = { externalId: 'ada' }
const issue = (as = caller, contact: object = ada, expiresIn?: string) => issueContactToken(here.services, as, { contact, expiresIn })
const read = (token: string) => readContactToken(here.services, token)
/** Who holds a token of this contact's. */
async function holder(contact: object = ada): Promise<Caller> {
  return (await read((await issue(caller, contact)).token)) ?? expect.fail('the token is not known')
}
const DEVICE = `device-${'x'.repeat(40)}`
const SUBSCRIPTION =
  '{"endpoint":"https://fcm.googleapis.com/fcm/send/e1","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
const FORBIDDEN = { code: 'FORBIDDEN', path: undefined }

test('a token is for one contact, who is made if need be, and has no scopes', async () => {
  const { token, contactId, expiresAt } = await issue()
  expect(isContactToken(token)).toBe(true)
  expect(await read(token)).toEqual({ workspaceId: caller.workspaceId, keyId: null, scopes: [], contactId })
  expect((await getContact(here.services, caller, ada))?.id).toBe(contactId)
  expect((await arrived(here)).map(({ kind, data }) => [kind, data.change])).toEqual([['contact', 'created']])
  const [before, after] = [Date.now() + 3_590_000, Date.now() + 3_610_000]
  expect(expiresAt.getTime() > before && expiresAt.getTime() < after).toBe(true)
  // The second is for the same contact, and says nothing to the ring.
  expect([(await issue()).contactId, await arrived(here)]).toEqual([contactId, []])
})

test('it ends with its time, by the database’s clock', async () => {
  const { token, expiresAt } = await issue(caller, ada, 'PT1M')
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  /** The same token, genuinely signed, with another end. */
  const ending = (at: number) => {
    const raw = Buffer.from(token.slice(3, 75), 'base64url')
    raw.writeUIntBE(at, 48, 6)
    const payload = raw.toString('base64url')
    return `ct_${payload}.${keys.blindIndex('contact-token', payload)}`
  }
  expect(ending(expiresAt.getTime())).toBe(token)
  const now = Date.now()
  expect([await read(ending(now - 1_000)), (await read(ending(now + 30_000)))?.scopes]).toEqual([null, []])
  // A process whose own clock is a day behind, or ahead, judges no differently.
  for (const off of [-86_400_000, 86_400_000]) {
    vi.useFakeTimers({ toFake: ['Date'], now: now + off })
    expect([await read(ending(now - 1_000)), (await read(ending(now + 30_000)))?.scopes]).toEqual([null, []])
  }
})

test.each(['PT59S', 'P2D', 'PT24H0.001S', 'P1M', 'an hour', ''])('none is issued for «%s»', async (expiresIn) => {
  expect(await faultOf(issue(caller, { externalId: 'nobody' }, expiresIn))).toEqual({ code: 'INVALID_INPUT', path: ['expiresIn'] })
  expect(await getContact(here.services, caller, { externalId: 'nobody' })).toBeNull()
})

test('no character of it may be another', async () => {
  const { token } = await issue()
  for (let at = 0; at < token.length; at++) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    expect([at, await read(changed)]).toEqual([at, null])
  }
  for (const text of ['ct_', token.slice(0, -1), `${token}A`, `${token}.A`, token.replace('.', ''), `ct_${'A'.repeat(72)}.${'A'.repeat(43)}`])
    expect(await read(text)).toBeNull()
})

test('it ends with the key that asked for it and with the contact', async () => {
  const key = await createApiKey(here.services, caller, { name: 'Site', scopes: ['write'] })
  const site = { ...caller, keyId: key.row.id, scopes: ['write'] }
  const [one, two] = [await issue(site), await issue()]
  await revokeApiKey(here.services, caller, key.row.id)
  expect([await read(one.token), (await read(two.token))?.contactId]).toEqual([null, two.contactId])
  await here.database.owner.query('UPDATE contact SET erased_at = now() WHERE id = $1', [two.contactId])
  expect(await read(two.token)).toBeNull()
  expect(await faultOf(issue(caller, { id: two.contactId }))).toEqual({ code: 'NOT_FOUND', path: ['contact'] })
})

test('a token issues no tokens, not even for its own contact', async () => {
  expect(await faultOf(issue(await holder()))).toEqual(FORBIDDEN)
})

test('a database that is away is not a bad token', async () => {
  const { token } = await issue()
  const connect = vi
    .spyOn(here.database.api, 'connect')
    .mockImplementation(() => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })))
  await expect(read(token)).rejects.toThrow('away')
  connect.mockRestore()
})

test('with it one reaches oneself by whatever name, and nobody else, whether or not they are there', async () => {
  const me = await holder()
  await upsertContact(here.services, caller, { contact: { externalId: 'bob' } })
  expect((await getContact(here.services, me, ada))?.id).toBe(me.contactId)
  expect((await getContact(here.services, me, { id: me.contactId }))?.id).toBe(me.contactId)
  for (const contact of [{ externalId: 'bob' }, { externalId: 'nobody' }, { anonymousId: 'ada' }, { id: '0197f000-0000-8007-8000-000000000001' }])
    expect(await faultOf(getContact(here.services, me, contact))).toEqual(FORBIDDEN)
  const consent = { state: 'GRANTED', purpose: 'News', source: 'app' } as const
  expect(await faultOf(setConsent(here.services, me, { contact: { externalId: 'nobody' }, ...consent }))).toEqual(FORBIDDEN)
  expect(await faultOf(addIdentity(here.services, me, { contact: { externalId: 'nobody' }, channel: 'push', address: DEVICE }))).toEqual(FORBIDDEN)
  expect(await getContact(here.services, caller, { externalId: 'nobody' })).toBeNull()
})

test('a device that becomes a known person goes on as that person', async () => {
  const device = await holder({ anonymousId: 'device-1' })
  await upsertContact(here.services, caller, { contact: ada })
  const known = await identifyContact(here.services, caller, { anonymousId: 'device-1', externalId: 'ada' })
  expect(known).not.toBe(device.contactId)
  expect((await getContact(here.services, device, ada))?.id).toBe(known)
})

test('it registers and removes devices and browsers, and sees and touches no other address', async () => {
  const me = await holder()
  const mail = await addIdentity(here.services, caller, { contact: ada, channel: 'email', address: 'ada@example.com' })
  const { identityId } = await addIdentity(here.services, me, { contact: ada, channel: 'push', address: DEVICE, platform: 'ios' })
  const browser = await addIdentity(here.services, me, { contact: ada, channel: 'web_push', address: SUBSCRIPTION })
  const other = await addIdentity(here.services, caller, { contact: { externalId: 'bob' }, channel: 'push', address: `${DEVICE}2` })
  const seen = async (as: Caller) => (await identitiesOf(here.services, as, [mail.contactId])).get(mail.contactId)?.map((each) => each.channel)
  expect([await seen(me), (await seen(caller))?.sort()]).toEqual([
    ['push', 'web_push'],
    ['email', 'push', 'web_push'],
  ])
  expect(await faultOf(addIdentity(here.services, me, { contact: ada, channel: 'email', address: 'eve@example.com' }))).toEqual(FORBIDDEN)
  expect(await faultOf(removeIdentity(here.services, me, mail.identityId))).toEqual(FORBIDDEN)
  expect(await faultOf(removeIdentity(here.services, me, other.identityId))).toEqual(FORBIDDEN)
  await removeIdentity(here.services, me, identityId)
  await removeIdentity(here.services, me, browser.identityId)
  const left = await here.database.owner.query('SELECT channel FROM channel_identity WHERE workspace_id = $1', [caller.workspaceId])
  expect(left.rows.map((row) => row.channel).sort()).toEqual(['email', 'push'])
})

test('it grants and withdraws, and does not lift what the workspace suppresses', async () => {
  const me = await holder()
  const say = (as: Caller, state: 'GRANTED' | 'WITHDRAWN' | 'SUPPRESSED' | 'PENDING', channel: 'email' | 'sms') =>
    faultOf(setConsent(here.services, as, { contact: ada, channel, state, purpose: 'News', source: 'app' }))
  const none = { code: undefined, path: undefined }
  expect([await say(me, 'GRANTED', 'sms'), await say(me, 'WITHDRAWN', 'sms')]).toEqual([none, none])
  for (const state of ['SUPPRESSED', 'PENDING'] as const) expect(await say(me, state, 'sms')).toEqual({ code: 'INVALID_INPUT', path: ['state'] })
  await say(caller, 'SUPPRESSED', 'email')
  expect(await say(me, 'GRANTED', 'email')).toEqual({ code: 'CONFLICT', path: ['state'] })
  const { rows } = await here.database.owner.query('SELECT channel, state FROM consent WHERE workspace_id = $1 ORDER BY channel', [
    caller.workspaceId,
  ])
  expect(rows).toEqual([
    { channel: 'email', state: 'SUPPRESSED' },
    { channel: 'sms', state: 'WITHDRAWN' },
  ])
  expect(await say(caller, 'GRANTED', 'email')).toEqual(none)
})

test('it reports its own pushes, those to its anonymous half included, and no other message', async () => {
  const connection = await connected(here, caller, 'sendgrid')
  const [push, mail, others] = [
    await handedOver(here, caller, connection, null),
    await handedOver(here, caller, connection, null),
    await handedOver(here, caller, connection, null),
  ]
  const channel = (id: string, name: string) => here.database.owner.query('UPDATE message SET channel = $2 WHERE id = $1', [id, name])
  await Promise.all([channel(push.id, 'push'), channel(others.id, 'push')])
  const me = await holder({ id: push.contactId })
  const mailed = await holder({ id: mail.contactId })
  const report = (as: Caller, id: string) => reportMessage(here.services, as, { id, status: 'OPENED' })
  expect((await report(me, push.id)).id).toBe(push.id)
  expect((await arrived(here)).map(({ data }) => [data.messageId, data.status])).toEqual([[push.id, 'OPENED']])
  expect([await faultOf(report(me, others.id)), await faultOf(report(mailed, mail.id))]).toEqual([FORBIDDEN, FORBIDDEN])
  await channel(mail.id, 'web_push')
  expect((await report(mailed, mail.id)).id).toBe(mail.id)
  expect((await arrived(here)).map(({ data }) => data.messageId)).toEqual([mail.id])
  await here.database.owner.query('UPDATE contact SET merged_into = $2 WHERE id = $1', [others.contactId, push.contactId])
  expect((await report(me, others.id)).id).toBe(others.id)
  expect((await arrived(here)).map(({ data }) => data.messageId)).toEqual([others.id])
})

test('its idempotency keys are its own', async () => {
  const [me, other] = [
    { ...caller, contactId: newId() },
    { ...caller, contactId: newId() },
  ]
  expect(ownKey(caller, 'k')).toBe('k')
  expect(ownKey(me, 'k')).toMatch(/^contact:[\w-]{43}$/)
  expect(new Set([ownKey(me, 'k'), ownKey(me, 'l'), ownKey(other, 'k')]).size).toBe(3)
  // What is no key stays so, to be refused as one.
  expect([ownKey(me, null), ownKey(me, ''), ownKey(me, 'x'.repeat(201))]).toEqual([null, '', 'x'.repeat(201)])
})
