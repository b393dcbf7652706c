import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openInAppSender } from '../../jobs/in-app.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { identifyContact, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import {
  countUnseenInApp,
  handOver,
  type InAppPlace,
  inAppByIds,
  inAppContact,
  inAppPosition,
  inAppSince,
  listInApp,
  reportInApp,
} from '../../src/services/in-app.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let world: TestServices
let server: Caller
let ada: string
let app: Caller
beforeAll(async () => {
  world = await openTestServices()
})
afterAll(() => world.close())
beforeEach(async () => {
  server = await world.workspace()
  ada = await upsertContact(world.services, server, { contact: { externalId: 'ada' } })
  app = { workspaceId: server.workspaceId, keyId: null, scopes: [], contactId: ada }
})

const rows = async <Row>(text: string, values: unknown[]) => (await world.database.owner.query(text, values)).rows as Row[]

let planned = 1_750_000_000_000
/** Sends it as the worker does; each a millisecond after the one before. Answers its id. */
async function send(title: string, rest: JsonObject = {}, contactId = ada): Promise<string> {
  const id = newLanedId(laneOf(contactId), planned++)
  await rows(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, attempt, planned_at) VALUES ($1, $2, $3, $4, 'in_app', 'SERVICE', $5, 'DISPATCHING', 1, now())`,
    [laneOf(id), id, server.workspaceId, contactId, randomUUID()],
  )
  await openInAppSender(world.database.worker).show({ id, contact_id: contactId }, { surface: 'MODAL', title, ...rest })
  return id
}

const ANYWHERE: InAppPlace = { surfaces: null, platform: null, screen: null, event: null }
const titlesOf = (found: readonly { content: JsonObject }[]) => found.map((row) => row.content.title)
async function titles(place: Partial<InAppPlace> = {}, slice: { first?: number; before?: string; since?: string; oldestFirst?: boolean } = {}) {
  return titlesOf(await listInApp(world.services, app, ada, { ...ANYWHERE, ...place }, { first: 100, before: null, ...slice }))
}
const unseen = (place: Partial<InAppPlace> = {}) => countUnseenInApp(world.services, app, ada, { ...ANYWHERE, ...place })
const report = (what: 'SEEN' | 'CLICKED' | 'DISMISSED', id: string, rest: { at?: Date; button?: string } = {}, caller = app) =>
  reportInApp(world.services, caller, { id, what, ...rest })
const toRing = () =>
  rows<{ kind: string; data: JsonObject }>(`SELECT kind, data::json FROM inbox WHERE workspace_id = $1 AND kind = 'callback' ORDER BY seq`, [
    server.workspaceId,
  ])
const told = async () => (await toRing()).map(({ data }) => [data.messageId, data.status, data.human, data.code ?? null, data.url ?? null])

test('the highest priority comes first, then the newest, in pages from either end', async () => {
  for (const [title, priority] of [
    ['a', 50],
    ['b', 90],
    ['c', 50],
    ['d', 10],
    ['e', 90],
  ] as const)
    await send(title, { priority })
  expect(await titles()).toEqual(['e', 'b', 'c', 'a', 'd'])
  const [, b, c] = await listInApp(world.services, app, ada, ANYWHERE, { first: 3, before: null })
  if (b === undefined || c === undefined) return expect.unreachable()
  expect(await titles({}, { first: 2, before: inAppPosition(b) })).toEqual(['c', 'a'])
  expect(await titles({}, { first: 5, since: inAppPosition(c) })).toEqual(['e', 'b'])
  expect(await titles({}, { first: 2, oldestFirst: true })).toEqual(['d', 'a'])
  expect(await titles({}, { first: 1, before: inAppPosition(b), since: inAppPosition({ ...c, priority: 9 }), oldestFirst: true })).toEqual(['d'])
})

test('what is dismissed, expired or replaced shows no more, and another’s never did', async () => {
  const [gone, over] = [await send('dismissed'), await send('expired')]
  await rows('UPDATE in_app_message SET expires_at = now() WHERE id = $1', [over])
  await send('old', { key: 'k' })
  await send('new', { key: 'k' })
  const bob = await upsertContact(world.services, server, { contact: { externalId: 'bob' } })
  await send('theirs', {}, bob)
  await report('DISMISSED', gone)
  expect([await titles(), await unseen()]).toEqual([['new'], 1])
})

test('targets: what is said of the place must fit, what is not said does not matter', async () => {
  await send('anywhere')
  await send('phones', { target: { platforms: ['IOS', 'ANDROID'] } })
  await send('cart', { surface: 'BANNER', target: { screens: ['cart', 'checkout'], platforms: ['WEB'] } })
  await send('opened', { surface: 'INBOX', target: { events: ['app.opened'] } })
  const asked: [Partial<InAppPlace>, string[]][] = [
    [{}, ['opened', 'cart', 'phones', 'anywhere']],
    [{ platform: 'IOS' }, ['opened', 'phones', 'anywhere']],
    [{ platform: 'WEB', screen: 'home' }, ['opened', 'anywhere']],
    [{ platform: 'WEB', screen: 'cart' }, ['opened', 'cart', 'anywhere']],
    [{ event: 'order.placed' }, ['cart', 'phones', 'anywhere']],
    [{ surfaces: ['INBOX', 'BANNER'] }, ['opened', 'cart']],
    [{ surfaces: [] }, []],
  ]
  for (const [place, expected] of asked) expect([place, await titles(place), await unseen(place)]).toEqual([place, expected, expected.length])
})

test('both halves of a contact are one, and of two with one key the newer shows', async () => {
  const half = await upsertContact(world.services, server, { contact: { anonymousId: 'device' } })
  await send('half old', { key: 'k' }, half)
  await send('half', {}, half)
  await send('known new', { key: 'k' })
  await identifyContact(world.services, server, { anonymousId: 'device', externalId: 'ada' })
  expect(await titles()).toEqual(['known new', 'half'])
  const asHalf: Caller = { ...app, contactId: half }
  expect(await inAppContact(world.services, asHalf, null)).toBe(ada)
  await handOver(world.services, asHalf, await listInApp(world.services, asHalf, ada, ANYWHERE, { first: 9, before: null }))
  expect((await told()).map(([, status]) => status)).toEqual(['DELIVERED', 'DELIVERED'])
})

test('it is delivered when the contact’s own session is given it, once, and not when a server looks', async () => {
  const [one, two] = [await send('one'), await send('two')]
  const found = await listInApp(world.services, server, ada, ANYWHERE, { first: 9, before: null })
  await handOver(world.services, server, found)
  expect(await told()).toEqual([])
  await Promise.all([handOver(world.services, app, found), handOver(world.services, app, found.toReversed()), handOver(world.services, app, found)])
  expect((await told()).sort()).toEqual([one, two].map((id) => [id, 'DELIVERED', true, null, null]))
  const dismissed = await report('DISMISSED', await send('three'))
  await handOver(world.services, app, dismissed === null ? [] : [dismissed])
  expect((await told()).filter(([, status]) => status === 'DELIVERED')).toHaveLength(2)
})

test('seen, clicked and dismissed go to the ledger once each, and clicks each time', async () => {
  const buttons = [
    { key: 'yes', label: 'Yes', deepLink: 'app://yes' },
    { key: 'no', label: 'No' },
  ]
  const id = await send('Hi', { deepLink: 'app://offer', buttons })
  const at = new Date(Date.now() - 60_000)
  expect(await report('SEEN', id, { at })).toMatchObject({
    id,
    seen_at: at.getTime(),
    clicked_at: null,
    dismissed_at: null,
    revision: 2,
    showing: true,
  })
  expect(await unseen()).toBe(0)
  await report('SEEN', id)
  expect(await report('CLICKED', id, { at })).toMatchObject({ clicked_at: at.getTime(), revision: 3 })
  await report('CLICKED', id, { button: 'yes' })
  await report('CLICKED', id, { button: 'no' })
  expect(await report('DISMISSED', id)).toMatchObject({ revision: 4, showing: false, seen_at: at.getTime() })
  await report('DISMISSED', id)
  expect(await told()).toEqual([
    [id, 'OPENED', true, null, null],
    [id, 'CLICKED', true, null, 'app://offer'],
    [id, 'CLICKED', true, 'yes', 'app://yes'],
    [id, 'CLICKED', true, 'no', null],
    [id, 'OPENED', true, 'DISMISSED', null],
  ])
  expect((await toRing())[0]?.data.at).toBe(at.getTime())
})

test('a report from the future is from now', async () => {
  const id = await send('Hi')
  const before = Date.now()
  const row = await report('CLICKED', id, { at: new Date('2099-01-01') })
  expect([row?.clicked_at, row?.seen_at].every((each) => each != null && each >= before && each <= Date.now())).toBe(true)
})

test('what another took the place of is still reported, and its successor untouched', async () => {
  const old = await send('old', { key: 'k', buttons: [{ key: 'yes', label: 'Yes' }] })
  const now = await send('new', { key: 'k' })
  expect(await report('CLICKED', old, { button: 'yes' })).toBeNull()
  expect(await report('DISMISSED', old)).toBeNull()
  expect(await told()).toEqual([
    [old, 'CLICKED', true, 'yes', null],
    [old, 'OPENED', true, 'DISMISSED', null],
  ])
  expect((await inAppByIds(world.services, app, [old, now])).get(now)).toMatchObject({ seen_at: null, showing: true })
  expect([...(await inAppByIds(world.services, app, [old])).keys()]).toEqual([])
})

test('refused: unknown buttons, what is not in-app or not sent, other contacts’, other workspaces’, and nothing has happened', async () => {
  const id = await send('Hi', { buttons: [{ key: 'yes', label: 'Yes' }] })
  const bob = await upsertContact(world.services, server, { contact: { externalId: 'bob' } })
  const theirs = await send('theirs', {}, bob)
  const waiting = await send('waiting')
  await rows('UPDATE message SET attempt = 0 WHERE id = $1', [waiting])
  const push = await send('push')
  await rows(`UPDATE message SET channel = 'push' WHERE id = $1`, [push])
  const stranger = await world.workspace()
  const refusals = [
    await faultOf(report('CLICKED', id, { button: 'maybe' })),
    await faultOf(report('SEEN', theirs)),
    await faultOf(report('SEEN', waiting)),
    await faultOf(report('SEEN', push)),
    await faultOf(report('SEEN', newLanedId(3))),
    await faultOf(report('SEEN', id, {}, stranger)),
    await faultOf(inAppContact(world.services, app, bob)),
    await faultOf(inAppContact(world.services, server, null)),
    await faultOf(inAppContact(world.services, stranger, ada)),
  ]
  expect(refusals).toEqual([
    { code: 'INVALID_INPUT', path: ['button'] },
    { code: 'FORBIDDEN', path: undefined },
    { code: 'CONFLICT', path: ['id'] },
    { code: 'NOT_FOUND', path: ['id'] },
    { code: 'NOT_FOUND', path: ['id'] },
    { code: 'NOT_FOUND', path: ['id'] },
    { code: 'FORBIDDEN', path: undefined },
    { code: 'INVALID_INPUT', path: ['contactId'] },
    { code: 'NOT_FOUND', path: ['contactId'] },
  ])
  expect(await told()).toEqual([])
  expect(await listInApp(world.services, stranger, ada, ANYWHERE, { first: 9, before: null })).toEqual([])
  expect((await inAppByIds(world.services, stranger, [id])).size).toBe(0)
})

test('what changed since is answered whatever it is now, and what was there before is not', async () => {
  const [old, other] = [await send('old'), await send('other', { surface: 'INBOX' })]
  await rows(`UPDATE in_app_message SET changed_at = now() - interval '2 minutes' WHERE contact_id = $1`, [ada])
  const first = await inAppSince(world.services, app, ada, ANYWHERE, null)
  expect(first.rows).toEqual([])
  await report('DISMISSED', old)
  await report('SEEN', other)
  const then = await inAppSince(world.services, app, ada, ANYWHERE, first.now)
  expect(then.rows.map((row) => [row.id, row.showing, row.revision])).toEqual([
    [old, false, 2],
    [other, true, 2],
  ])
  expect((await inAppSince(world.services, app, ada, { ...ANYWHERE, surfaces: ['INBOX'] }, first.now)).rows.map((row) => row.id)).toEqual([other])
  expect(then.now).toBeGreaterThanOrEqual(first.now)
})
