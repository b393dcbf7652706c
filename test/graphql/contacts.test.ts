import { afterAll, beforeAll, expect, test } from 'vitest'
import { derivedId, laneOf } from '../../src/domain/ids.ts'
import { type Answer, startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const UPSERT = `mutation ($input: UpsertContactInput!) { upsertContact(input: $input) {
  contact { id externalId attributes tags locale timeZone } userErrors { code path message } } }`
const FIND = `query ($ref: ContactRef!) { contact(ref: $ref) { id externalId attributes identities { id channel maskedAddress status } consents { channel state topic { name } } } }`
const ADD = `mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { contact { id } identity { id maskedAddress status } userErrors { code path } } }`

async function contact(key: string, input: Record<string, unknown>) {
  const answer = await api.graphql(key, UPSERT, { input })
  expect(answer.errors).toBeUndefined()
  return answer.data.upsertContact
}

test('attributes are merged, tags replaced, and a locale taken away by null', async () => {
  const { key } = await api.workspace()
  const first = await contact(key, {
    contact: { externalId: 'u-1' },
    attributes: { plan: 'free', city: 'Ulm' },
    tags: ['b', 'a', 'b'],
    locale: 'de-DE',
    timeZone: 'Europe/Berlin',
  })
  expect(first.contact).toMatchObject({
    externalId: 'u-1',
    attributes: { plan: 'free', city: 'Ulm' },
    tags: ['a', 'b'],
    locale: 'de-DE',
    timeZone: 'Europe/Berlin',
  })
  const second = await contact(key, { contact: { id: first.contact.id }, attributes: { plan: 'pro' }, locale: null })
  expect(second.contact).toEqual({ ...first.contact, attributes: { plan: 'pro', city: 'Ulm' }, locale: null })
})

test('what a caller can put right is answered with its path, and changes nothing', async () => {
  const { key } = await api.workspace()
  const refused = await contact(key, { contact: { externalId: 'u-2' }, locale: 'not a locale' })
  expect(refused).toEqual({ contact: null, userErrors: [{ code: 'INVALID_INPUT', path: ['locale'], message: 'is not a BCP 47 language tag' }] })
  expect((await api.graphql(key, FIND, { ref: { externalId: 'u-2' } })).data.contact).toBeNull()
  const zone = await api.graphql(key, UPSERT, { input: { contact: { externalId: 'u-2' }, timeZone: 'Mars/Olympus' } })
  expect(zone.status).toBe(400)
  expect(zone.errors?.[0]?.extensions.code).toBe('INVALID_INPUT')
  const two = await api.graphql(key, UPSERT, { input: { contact: { externalId: 'a', anonymousId: 'b' } } })
  expect(two.errors?.[0]?.message).toContain('Exactly one key')
})

test('an anonymous contact that turns out to be known keeps one identity and answers to both names', async () => {
  const { key } = await api.workspace()
  const anonymous = await contact(key, { contact: { anonymousId: 'device-1' }, attributes: { theme: 'dark' } })
  const known = await contact(key, { contact: { externalId: 'u-3' }, attributes: { plan: 'pro' } })
  const answer = await api.graphql(
    key,
    `mutation { identifyContact(input: { anonymousId: "device-1", externalId: "u-3" }) { contact { id attributes } userErrors { code } } }`,
  )
  expect(answer.data.identifyContact).toEqual({ contact: { id: known.contact.id, attributes: { theme: 'dark', plan: 'pro' } }, userErrors: [] })
  for (const ref of [{ anonymousId: 'device-1' }, { id: anonymous.contact.id }])
    expect((await api.graphql(key, FIND, { ref })).data.contact.id).toBe(known.contact.id)
  const list = await api.graphql(key, '{ contacts { edges { node { id } } } }')
  expect(list.data.contacts.edges).toEqual([{ node: { id: known.contact.id } }])
})

test('an address is shown masked, kept sealed, and forgotten when removed', async () => {
  const { key } = await api.workspace()
  const added = (await api.graphql(key, ADD, { input: { contact: { externalId: 'u-4' }, channel: 'EMAIL', address: ' Ada@Example.com ' } })).data
    .addIdentity
  expect(added).toMatchObject({ identity: { maskedAddress: 'a***@example.com', status: 'ACTIVE' }, userErrors: [] })
  const { rows } = await database.owner.query('SELECT address FROM channel_identity WHERE channel = $1', ['email'])
  expect(rows.some((row) => row.address.includes('example'))).toBe(false)
  const refused = await api.graphql(key, ADD, { input: { contact: { externalId: 'u-4' }, channel: 'SMS', address: '12' } })
  expect(refused.data.addIdentity).toEqual({ contact: null, identity: null, userErrors: [{ code: 'INVALID_INPUT', path: ['address'] }] })
  const removed = await api.graphql(
    key,
    `mutation ($id: ID!) { removeIdentity(input: { id: $id }) { contact { identities { id } } userErrors { code } } }`,
    { id: added.identity.id },
  )
  expect(removed.data.removeIdentity).toEqual({ contact: { identities: [] }, userErrors: [] })
})

test('consent is answered as it stands, with its topic and history, and decides reachability', async () => {
  const { key } = await api.workspace()
  const topic = (await api.graphql(key, `mutation { createTopic(input: { name: "News" }) { topic { id } } }`)).data.createTopic.topic.id
  await api.graphql(key, ADD, { input: { contact: { externalId: 'u-5' }, channel: 'EMAIL', address: 'eve@example.com' } })
  const say = (state: string, topicId: string | null) =>
    api.graphql(
      key,
      `mutation ($input: SetConsentInput!) { setConsent(input: $input) { userErrors { code path }
        contact { consents { channel state topic { name } } consentHistory { state } reachability { channel reachable reasons } } } }`,
      { input: { contact: { externalId: 'u-5' }, channel: 'EMAIL', topicId, state, purpose: 'Newsletter', source: 'form' } },
    )
  const granted = (await say('GRANTED', null)).data.setConsent
  expect(granted.contact.consents).toEqual([{ channel: 'EMAIL', state: 'GRANTED', topic: null }])
  expect(granted.contact.reachability.find((each: { channel: string }) => each.channel === 'EMAIL')).toEqual({
    channel: 'EMAIL',
    reachable: true,
    reasons: [],
  })
  const withdrawn = (await say('WITHDRAWN', null)).data.setConsent.contact
  expect(withdrawn.consentHistory).toEqual([{ state: 'WITHDRAWN' }, { state: 'GRANTED' }])
  expect(withdrawn.reachability.find((each: { channel: string }) => each.channel === 'EMAIL')).toEqual({
    channel: 'EMAIL',
    reachable: false,
    reasons: ['the contact has withdrawn their consent'],
  })
  expect(withdrawn.reachability.find((each: { channel: string }) => each.channel === 'IN_APP')).toEqual({
    channel: 'IN_APP',
    reachable: true,
    reasons: [],
  })
  expect((await say('WITHDRAWN', topic)).data.setConsent.contact.consents).toContainEqual({
    channel: 'EMAIL',
    state: 'WITHDRAWN',
    topic: { name: 'News' },
  })
})

test('ids of another workspace are answered like ids that do not exist, and nothing of theirs changes', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const theirs = (await api.graphql(other.key, ADD, { input: { contact: { externalId: 'v-1' }, channel: 'EMAIL', address: 'v@example.com' } })).data
    .addIdentity
  const unknown = Buffer.from('Contact:01990000-0000-8000-8000-000000000000').toString('base64url')
  const [foreign, missing] = [
    await contact(mine.key, { contact: { id: theirs.contact.id }, tags: ['stolen'] }),
    await contact(mine.key, { contact: { id: unknown }, tags: ['stolen'] }),
  ]
  expect(foreign).toEqual(missing)
  expect(foreign.userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  expect((await api.graphql(mine.key, FIND, { ref: { id: theirs.contact.id } })).data.contact).toBeNull()
  const removal = await api.graphql(mine.key, `mutation ($id: ID!) { removeIdentity(input: { id: $id }) { userErrors { code path } } }`, {
    id: theirs.identity.id,
  })
  expect(removal.data.removeIdentity.userErrors).toEqual([{ code: 'NOT_FOUND', path: ['id'] }])
  expect((await api.graphql(other.key, FIND, { ref: { externalId: 'v-1' } })).data.contact).toMatchObject({
    id: theirs.contact.id,
    identities: [{ id: theirs.identity.id }],
  })
  const { rows } = await database.owner.query('SELECT count(*)::int AS n FROM contact WHERE $1 = ANY (tags)', ['stolen'])
  expect(rows[0].n).toBe(0)
})

test('pages follow one another without gap or repetition, and foreign cursors are refused', async () => {
  const { key } = await api.workspace()
  for (let n = 0; n < 5; n++) await contact(key, { contact: { externalId: `p-${n}` } })
  const PAGE = `query ($first: Int, $after: String) { contacts(first: $first, after: $after) { edges { node { externalId } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`
  const seen: string[] = []
  let after: string | null = null
  for (let page = 0; page < 3; page++) {
    const answer: Answer = await api.graphql(key, PAGE, { first: 2, after })
    const { edges, pageInfo } = answer.data.contacts
    expect(pageInfo).toMatchObject({ hasNextPage: page < 2, hasPreviousPage: page > 0 })
    seen.push(...edges.map((each: { node: { externalId: string } }) => each.node.externalId))
    after = pageInfo.endCursor
  }
  expect(seen.sort()).toEqual(['p-0', 'p-1', 'p-2', 'p-3', 'p-4'])
  for (const variables of [{ first: 101 }, { first: -1 }, { after: 'nonsense' }]) {
    expect((await api.graphql(key, PAGE, variables)).errors?.[0]?.extensions.code).toBe('INVALID_INPUT')
  }
})

test('events include those of every half that was merged, and pages go through all of them by time', async () => {
  const { id, key } = await api.workspace()
  await contact(key, { contact: { externalId: 'ada' } })
  const IDENTIFY = `mutation ($input: IdentifyContactInput!) { identifyContact(input: $input) { contact { id } userErrors { code } } }`
  for (const anonymousId of ['phone', 'tablet']) await api.graphql(key, IDENTIFY, { input: { anonymousId, externalId: 'ada' } })
  await contact(key, { contact: { externalId: 'grace' } })
  const halves = await database.owner.query<{ id: string; half: string }>(
    `SELECT contact_id AS id, reference AS half FROM contact_alias WHERE workspace_id = $1`,
    [id],
  )
  const idOf = (reference: string) => halves.rows.find((row) => row.half === reference)?.id ?? ''
  const ids = ['external:ada', 'anonymous:phone', 'anonymous:tablet', 'external:grace'].map(idOf)
  expect(new Set(ids).size).toBe(4)
  for (let n = 0; n < 12; n++) {
    const contactId = ids[n % 4] ?? ''
    const at = Date.UTC(2026, 0, 1) + n
    await database.owner.query(
      `INSERT INTO event (lane, id, workspace_id, contact_id, name, properties, occurred_at, received_at) VALUES ($1, $2, $3, $4, $5, '{}', $6, $6)`,
      [laneOf(contactId), derivedId(at, laneOf(contactId), String(n)), id, contactId, n % 2 === 0 ? 'even' : 'odd', new Date(at)],
    )
  }
  const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String, $name: String) { contact(ref: { externalId: "ada" }) { events(first: $first, after: $after, last: $last, before: $before, name: $name) {
    edges { cursor node { receivedAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`
  const page = async (variables: Record<string, unknown>) => {
    const { edges, pageInfo } = (await api.graphql(key, PAGE, variables)).data.contact.events
    return { ...pageInfo, seen: edges.map((each: { node: { receivedAt: string } }) => new Date(each.node.receivedAt).getUTCMilliseconds()) }
  }
  const newest = [10, 9, 8, 6, 5, 4, 2, 1, 0]
  expect(await page({ first: 20 })).toMatchObject({ seen: newest, hasNextPage: false })
  const forward = await page({ first: 4 })
  expect(forward).toMatchObject({ seen: newest.slice(0, 4), hasNextPage: true })
  expect(await page({ first: 9, after: forward.endCursor })).toMatchObject({ seen: newest.slice(4), hasNextPage: false, hasPreviousPage: true })
  const backward = await page({ last: 4 })
  expect(backward).toMatchObject({ seen: newest.slice(5), hasPreviousPage: true })
  expect(await page({ last: 9, before: backward.startCursor })).toMatchObject({ seen: newest.slice(0, 5), hasPreviousPage: false })
  expect((await page({ first: 20, name: 'even' })).seen).toEqual([10, 8, 6, 4, 2, 0])
})

test('walked from its end with last and before, a list gives the same edges in the same order', async () => {
  const { key } = await api.workspace()
  for (let n = 0; n < 5; n++) await contact(key, { contact: { externalId: `b-${n}` } })
  const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String) { contacts(first: $first, after: $after, last: $last, before: $before) { edges { cursor node { externalId } } pageInfo { hasNextPage hasPreviousPage startCursor } } }`
  const page = async (variables: Record<string, unknown>) => (await api.graphql(key, PAGE, variables)).data.contacts
  const whole = (await page({ first: 5 })).edges
  const seen: object[] = []
  let before: string | null = null
  for (let step = 0; step < 3; step++) {
    const { edges, pageInfo }: { edges: object[]; pageInfo: { startCursor: string } } = await page({ last: 2, before })
    expect(pageInfo).toMatchObject({ hasPreviousPage: step < 2, hasNextPage: step > 0 })
    seen.unshift(...edges)
    before = pageInfo.startCursor
  }
  expect(seen).toEqual(whole)
  expect((await page({ first: 5, after: whole[0].cursor, before: whole[3].cursor })).edges).toEqual(whole.slice(1, 3))
  for (const variables of [{ first: 1, last: 1 }, { last: -1 }, { last: 1, before: 'nonsense' }]) {
    expect((await api.graphql(key, PAGE, variables)).errors?.[0]?.extensions.code).toBe('INVALID_INPUT')
  }
})
