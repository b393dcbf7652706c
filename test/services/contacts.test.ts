import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { laneOf, laneOfReference } from '../../src/domain/ids.ts'
import { contactsByIds, getContact, identifyContact, listContacts, referenceOf, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { arrived } from '../support/callbacks.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

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

const ada = { externalId: 'ada' }
const upsert = (input: Omit<Parameters<typeof upsertContact>[2], 'contact'> & { contact?: object } = {}, as = caller) =>
  upsertContact(here.services, as, { contact: ada, ...input })
const get = (contact: object = ada, as = caller) => getContact(here.services, as, contact)
/** What the ring was told, since it was last asked. */
const told = async () => (await arrived(here)).map(({ kind, contact_id, data }) => [kind, contact_id, data.change, data.fields])

describe('a reference', () => {
  test('is an id, an external or an anonymous id, and exactly one of them', () => {
    expect([referenceOf({ id: 'x' }), referenceOf({ externalId: 'x' }), referenceOf({ anonymousId: 'x', id: null })]).toEqual([
      null,
      'external:x',
      'anonymous:x',
    ])
    for (const contact of [{}, { id: null }, { externalId: 'a', anonymousId: 'b' }, { id: 'a', externalId: 'b' }])
      expect(() => referenceOf(contact)).toThrow('must have exactly one of id, externalId and anonymousId')
  })

  test.each([
    [{ externalId: '' }, 'externalId'],
    [{ externalId: 'x'.repeat(257) }, 'externalId'],
    [{ anonymousId: 'a\u0000b' }, 'anonymousId'],
    [{ anonymousId: '\ud800' }, 'anonymousId'],
  ])('%j is none', async (contact, field) => {
    expect(await faultOf(upsert({ contact }))).toEqual({ code: 'INVALID_INPUT', path: ['contact', field] })
  })
})

describe('upserting', () => {
  test('makes a contact in the lane of its reference, once, however many try at once', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => upsert({ attributes: { [`k${index}`]: index } })))
    const id = ids[0] ?? ''
    expect(new Set(ids)).toEqual(new Set([id]))
    expect(laneOf(id)).toBe(laneOfReference(caller.workspaceId, 'external:ada', 64))
    const row = await get()
    expect(row?.attributes).toEqual(Object.fromEntries(ids.map((_, index) => [`k${index}`, index])))
    expect((await told()).map(([, , change]) => change).sort()).toEqual([...Array.from({ length: 9 }, () => 'changed'), 'created'])
  })

  test('merges attributes key by key, or replaces them; null is a value', async () => {
    await upsert({ attributes: { a: 1, b: { c: 2 } } })
    await upsert({ attributes: { b: { d: 3 }, e: null } })
    expect((await get())?.attributes).toEqual({ a: 1, b: { d: 3 }, e: null })
    await upsert({ attributes: { z: 1 }, replaceAttributes: true })
    expect((await get())?.attributes).toEqual({ z: 1 })
  })

  test('replaces tags, in order and each once; null takes locale and zone away, leaving out leaves', async () => {
    await upsert({ tags: ['b', 'a', 'b'], locale: 'pt-BR', timeZone: 'Europe/Lisbon' })
    expect(await get()).toMatchObject({ tags: ['a', 'b'], locale: 'pt-BR', timeZone: 'Europe/Lisbon' })
    await upsert({})
    expect(await get()).toMatchObject({ tags: ['a', 'b'], locale: 'pt-BR', timeZone: 'Europe/Lisbon' })
    await upsert({ tags: [], locale: null, timeZone: null })
    expect(await get()).toMatchObject({ tags: [], locale: null, timeZone: null })
  })

  test('tells the ring what has changed, and nothing where nothing has', async () => {
    const id = await upsert({ attributes: { plan: 'free', tier: { level: 1 } }, tags: ['a'], locale: 'de' })
    expect(await told()).toEqual([['contact', id, 'created', ['plan', 'tier', 'tags', '$locale']]])
    await upsert({ attributes: { plan: 'pro', tier: { level: 1 } }, tags: ['a'], locale: 'de', timeZone: null })
    expect(await told()).toEqual([['contact', id, 'changed', ['plan']]])
    await upsert({ attributes: { plan: 'pro' }, replaceAttributes: true, timeZone: 'UTC' })
    expect(await told()).toEqual([['contact', id, 'changed', ['tier', '$timeZone']]])
    await upsert({ attributes: { plan: 'pro' }, tags: ['a'], locale: 'de', timeZone: 'UTC' })
    expect(await told()).toEqual([])
  })

  test('does it once for an idempotency key', async () => {
    const id = await upsert({ attributes: { n: 1 }, idempotencyKey: 'k' })
    await upsert({ attributes: { n: 2 } })
    expect(await upsert({ attributes: { n: 1 }, idempotencyKey: 'k' })).toBe(id)
    expect((await get())?.attributes).toEqual({ n: 2 })
    expect(await faultOf(upsert({ attributes: { n: 3 }, idempotencyKey: 'k' }))).toEqual({ code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] })
  })

  test.each([
    [{ timeZone: 'Mars/Olympus' }, ['timeZone']],
    [{ locale: 'not a locale' }, ['locale']],
    [{ attributes: { a: 'x'.repeat(65_536) } }, ['attributes']],
    [{ attributes: { a: '\u0000' } }, ['attributes']],
    [{ tags: [''] }, ['tags']],
    [{ tags: ['x'.repeat(101)] }, ['tags']],
  ])('refuses %j and makes nobody', async (input, path) => {
    expect(await faultOf(upsert(input))).toEqual({ code: 'INVALID_INPUT', path })
    expect([await get(), await told()]).toEqual([null, []])
  })

  test('lets attributes grow no further than they may be at once', async () => {
    await upsert({ attributes: { a: 'x'.repeat(40_000) } })
    expect(await faultOf(upsert({ attributes: { b: 'x'.repeat(40_000) } }))).toEqual({ code: 'INVALID_INPUT', path: ['attributes'] })
    expect(Object.keys((await get())?.attributes ?? {})).toEqual(['a'])
    await upsert({ attributes: { b: 'x'.repeat(40_000) }, replaceAttributes: true })
    expect(Object.keys((await get())?.attributes ?? {})).toEqual(['b'])
  })

  test('finds nobody by an id that is not there, another workspace’s, or erased', async () => {
    const id = await upsert()
    const other = await here.workspace()
    for (const [as, contact] of [
      [other, { id }],
      [caller, { id: id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }],
    ] as const)
      expect((await faultOf(upsert({ contact }, as))).code).toBe('NOT_FOUND')
    expect(await get({ id }, other)).toBeNull()
    expect(await get(ada, other)).toBeNull()
    await here.database.owner.query('UPDATE contact SET erased_at = now() WHERE id = $1', [id])
    expect((await faultOf(upsert())).code).toBe('NOT_FOUND')
  })
})

describe('identifying', () => {
  const identify = (anonymousId = 'device', externalId = 'ada') => identifyContact(here.services, caller, { anonymousId, externalId })

  test('gives a device its name where nobody has that yet', async () => {
    const device = await upsert({ contact: { anonymousId: 'device' }, attributes: { theme: 'dark' } })
    await told()
    expect(await identify()).toBe(device)
    expect(await told()).toEqual([['contact', device, 'changed', ['$externalId']]])
    expect(await get()).toMatchObject({ id: device, externalId: 'ada', attributes: { theme: 'dark' } })
    // Again: nothing more to do.
    expect([await identify(), await told()]).toEqual([device, []])
  })

  test('a device nobody has seen before is created by it', async () => {
    const id = await identify()
    expect(await told()).toEqual([['contact', id, 'created', ['$externalId']]])
  })

  test('merges a device into who is known: what they know of both, the known one’s word counting, and tells both halves', async () => {
    const device = await upsert({ contact: { anonymousId: 'device' }, attributes: { theme: 'dark', plan: 'none' }, tags: ['web'] })
    const known = await upsert({ attributes: { plan: 'pro' }, tags: ['vip'] })
    await told()
    expect(await identify()).toBe(known)
    expect(await told()).toEqual([
      ['contact', known, 'changed', ['$merged']],
      ['contact', device, 'changed', ['$merged']],
    ])
    expect(await get({ anonymousId: 'device' })).toMatchObject({
      id: known,
      attributes: { theme: 'dark', plan: 'pro' },
      tags: ['vip', 'web'],
      linked: [device],
    })
    expect([await identify(), await told()]).toEqual([known, []])
    // A third device joins the two.
    const tablet = await upsert({ contact: { anonymousId: 'tablet' } })
    expect(await identify('tablet')).toBe(known)
    expect((await get())?.linked.sort()).toEqual([device, tablet].sort())
    const found = await contactsByIds(here.services, caller, [device, tablet, known])
    expect([...found.values()].map((row) => row.id)).toEqual([known, known, known])
  })

  test('a device that is somebody already is not somebody else', async () => {
    await identify()
    await upsert({ contact: { externalId: 'bob' } })
    expect(await faultOf(identify('device', 'bob'))).toEqual({ code: 'CONFLICT', path: ['anonymousId'] })
    expect(await faultOf(identify('device', 'new'))).toEqual({ code: 'CONFLICT', path: ['anonymousId'] })
    expect((await get({ anonymousId: 'device' }))?.externalId).toBe('ada')
    expect(await get({ externalId: 'new' })).toBeNull()
  })

  test('many at once leave one person', async () => {
    const devices = Array.from({ length: 6 }, (_, index) => `device-${index}`)
    await Promise.all(devices.map((each) => identify(each)))
    const ids = await Promise.all(devices.map(async (anonymousId) => (await get({ anonymousId }))?.id))
    expect(new Set(ids)).toEqual(new Set([(await get())?.id]))
    expect((await get())?.linked).toHaveLength(5)
  })
})

test('contacts are listed newest first, those merged into others left out', async () => {
  const ids = [
    await upsert({ contact: { externalId: 'a' } }),
    await upsert({ contact: { anonymousId: 'd' } }),
    await upsert({ contact: { externalId: 'b' } }),
  ]
  await identifyContact(here.services, caller, { anonymousId: 'd', externalId: 'a' })
  const listed = await listContacts(here.services, caller, { first: 10, before: null } as never)
  expect(listed.map((row) => row.id)).toEqual([ids[2], ids[0]])
  expect(await listContacts(here.services, await here.workspace(), { first: 10, before: null } as never)).toEqual([])
})
