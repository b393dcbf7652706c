import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openInAppSender } from '../../jobs/in-app.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { tryIdOf } from '../../src/graphql/global-id.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { type Answer, startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
let workspace: { id: string; key: string }
let ada: { token: string; id: string; uuid: string }
const streams: AsyncGenerator[] = []
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
beforeEach(async () => {
  workspace = await api.workspace()
  ada = await contact('{ externalId: "ada" }')
})
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.return(undefined)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

async function contact(reference: string) {
  const answer = await api.graphql(workspace.key, `mutation { issueContactToken(input: { contact: ${reference} }) { token contact { id } } }`)
  const { token, contact: found } = answer.data.issueContactToken
  return { token: token as string, id: found.id as string, uuid: tryIdOf('Contact', found.id) ?? '' }
}

let planned = 1_750_000_000_000
/** Sends it as the worker does, each a millisecond after the one before. */
async function send(title: string, rest: JsonObject = {}, to = ada.uuid): Promise<void> {
  const id = newLanedId(laneOf(to), planned++)
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, attempt, planned_at) VALUES ($1, $2, $3, $4, 'in_app', 'SERVICE', $5, 'SENT', 1, now())`,
    [laneOf(id), id, workspace.id, to, randomUUID()],
  )
  await openInAppSender(database.worker).show({ id, contact_id: to }, { surface: 'MODAL', title, ...rest })
}

const LIST = `query ($contactId: ID, $surfaces: [InAppSurface!], $platform: AppPlatform, $screen: String, $event: String, $first: Int, $after: String, $last: Int, $before: String) {
  inAppUnseenCount(contactId: $contactId, surfaces: $surfaces, platform: $platform, screen: $screen, event: $event)
  inAppMessages(contactId: $contactId, surfaces: $surfaces, platform: $platform, screen: $screen, event: $event, first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id title } } } }`
interface Listed {
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
  edges: { cursor: string; node: { id: string; title: string } }[]
}
async function list(variables: Record<string, unknown> = {}, as = ada.token): Promise<Listed & { unseen: number; titles: string[] }> {
  const { data } = await api.graphql(as, LIST, variables)
  return {
    ...data.inAppMessages,
    unseen: data.inAppUnseenCount,
    titles: data.inAppMessages.edges.map((edge: Listed['edges'][number]) => edge.node.title),
  }
}
const ledger = async () => {
  const { rows } = await database.owner.query(
    `SELECT data::json->>'status' AS status FROM inbox WHERE workspace_id = $1 AND kind = 'callback' ORDER BY seq`,
    [workspace.id],
  )
  return rows.map((row) => row.status)
}
const refusal = ({ errors }: Pick<Answer, 'errors'>) => [...new Set(errors?.map((each) => each.extensions.code))]

/** One session of whoever holds the token. A fresh list holds nothing of before, where all of it is older than a minute. */
function listen(as: string, variables: Record<string, unknown> = {}) {
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${as}` },
    retryAttempts: 0,
  })
  const query = `subscription ($contactId: ID, $surfaces: [InAppSurface!], $platform: AppPlatform) {
    inAppMessage(contactId: $contactId, surfaces: $surfaces, platform: $platform) { title key showing revision } }`
  const answers = client.iterate<{ inAppMessage: { title: string; key: string | null; showing: boolean; revision: number } }>({ query, variables })
  async function* heard() {
    try {
      for await (const { data, errors } of answers)
        yield errors?.map((each) => each.extensions?.code) ?? [data?.inAppMessage.title, data?.inAppMessage.showing, data?.inAppMessage.revision]
    } finally {
      await client.dispose()
    }
  }
  const stream = heard()
  streams.push(stream)
  return async () => (await stream.next()).value
}

test('a message as it was written, with what its app needs to show it', async () => {
  const target = { platforms: ['IOS'], screens: ['home'], events: ['app.opened'] }
  await send('Hi', {
    surface: 'BANNER',
    body: 'There',
    imageUrl: 'https://a.example/1.png',
    deepLink: ' ',
    buttons: [
      { key: 'yes', label: 'Yes', deepLink: 'app://yes' },
      { key: 'no', label: 'No' },
    ],
    data: { coupon: 'X' },
    key: 'offer',
    priority: 70,
    target,
    ttl: 'P1D',
  })
  const { data } = await api.graphql(
    ada.token,
    `{ inAppMessages { edges { node { surface title body imageUrl deepLink buttons { key label deepLink } data key priority
      target { platforms screens events } showing revision sentAt expiresAt seenAt clickedAt dismissedAt message { id } } } } }`,
  )
  const { sentAt, expiresAt, message, ...rest } = data.inAppMessages.edges[0].node
  expect(rest).toEqual({
    surface: 'BANNER',
    title: 'Hi',
    body: 'There',
    imageUrl: 'https://a.example/1.png',
    deepLink: null,
    buttons: [
      { key: 'yes', label: 'Yes', deepLink: 'app://yes' },
      { key: 'no', label: 'No', deepLink: null },
    ],
    data: { coupon: 'X' },
    key: 'offer',
    priority: 70,
    target,
    showing: true,
    revision: 1,
    seenAt: null,
    clickedAt: null,
    dismissedAt: null,
  })
  expect(Date.parse(expiresAt) - Date.parse(sentAt)).toBe(86_400_000)
  const found = await api.graphql(workspace.key, 'query ($id: ID!) { message(id: $id) { channel contact { id } } }', { id: message.id })
  expect(found.data.message).toEqual({ channel: 'IN_APP', contact: { id: ada.id } })
})

test('pages by priority and age, from either end, with cursors of their own', async () => {
  for (const [title, priority] of [
    ['a', 50],
    ['b', 9],
    ['c', 50],
    ['d', 100],
  ] as const)
    await send(title, { priority })
  const first = await list({ first: 2 })
  expect([first.titles, first.pageInfo.hasNextPage, first.unseen]).toEqual([['d', 'c'], true, 4])
  const second = await list({ first: 2, after: first.pageInfo.endCursor })
  expect([second.titles, second.pageInfo.hasNextPage, second.pageInfo.hasPreviousPage]).toEqual([['a', 'b'], false, true])
  expect((await list({ last: 2, before: second.edges[1]?.cursor })).titles).toEqual(['c', 'a'])
  for (const after of ['nonsense', Buffer.from(ada.uuid).toString('base64url')])
    expect(refusal(await api.graphql(ada.token, LIST, { after }))).toEqual(['INVALID_INPUT'])
})

test('what the contact’s own token is answered is delivered, page by page; what a server is answered is not', async () => {
  for (const title of ['a', 'b', 'c']) await send(title)
  expect((await list({ contactId: ada.id }, workspace.key)).titles).toEqual(['c', 'b', 'a'])
  expect(await ledger()).toEqual([])
  await list({ first: 2 })
  expect(await ledger()).toEqual(['DELIVERED', 'DELIVERED'])
  expect((await list({ contactId: ada.id })).titles).toEqual(['c', 'b', 'a'])
  await list()
  expect(await ledger()).toEqual(['DELIVERED', 'DELIVERED', 'DELIVERED'])
})

test('seen, clicked and dismissed answer the message as it is then; with a key as with a token', async () => {
  await send('Hi', { buttons: [{ key: 'yes', label: 'Yes' }] })
  const id = (await list()).edges[0]?.node.id
  const at = '2025-06-15T12:00:00.000Z'
  const report = (field: string, type: string, input: object, as: string) =>
    api.graphql(
      as,
      `mutation ($input: ${type}!) { ${field}(input: $input) { inAppMessage { showing seenAt clickedAt dismissedAt } userErrors { code path } } }`,
      { input },
    )
  const seen = await report('reportInAppSeen', 'ReportInAppInput', { id, at }, ada.token)
  expect(seen.data.reportInAppSeen).toEqual({ inAppMessage: { showing: true, seenAt: at, clickedAt: null, dismissedAt: null }, userErrors: [] })
  const clicked = await report('reportInAppClicked', 'ReportInAppClickInput', { id, at, button: 'yes' }, workspace.key)
  expect(clicked.data.reportInAppClicked.inAppMessage).toEqual({ showing: true, seenAt: at, clickedAt: at, dismissedAt: null })
  const wrong = await report('reportInAppClicked', 'ReportInAppClickInput', { id, button: 'no' }, ada.token)
  expect(wrong.data.reportInAppClicked).toEqual({ inAppMessage: null, userErrors: [{ code: 'INVALID_INPUT', path: ['button'] }] })
  const dismissed = await report('reportInAppDismissed', 'ReportInAppInput', { id, at }, ada.token)
  expect(dismissed.data.reportInAppDismissed.inAppMessage).toEqual({ showing: false, seenAt: at, clickedAt: at, dismissedAt: at })
  const missing = await report('reportInAppSeen', 'ReportInAppInput', { id: ada.id }, ada.token)
  expect(missing.data.reportInAppSeen).toEqual({ inAppMessage: null, userErrors: [{ code: 'NOT_FOUND', path: ['id'] }] })
  expect([(await list()).titles, await ledger()]).toEqual([[], ['DELIVERED', 'OPENED', 'CLICKED', 'OPENED']])
})

test('node(id) finds it in its own workspace, until another has taken its place', async () => {
  await send('old', { key: 'k' })
  const id = (await list()).edges[0]?.node.id
  const find = (key: string) => api.graphql(key, 'query ($id: ID!) { node(id: $id) { id ... on InAppMessage { title } } }', { id })
  expect((await find(workspace.key)).data.node).toEqual({ id, title: 'old' })
  expect((await find((await api.workspace()).key)).data.node).toBeNull()
  await send('new', { key: 'k' })
  expect((await find(workspace.key)).data.node).toBeNull()
})

test('nobody sees, hears or reports what is another contact’s, and a key says whose it wants', async () => {
  await send('mine')
  const id = (await list()).edges[0]?.node.id
  const bob = await contact('{ externalId: "bob" }')
  const mutation = 'mutation ($id: ID!) { reportInAppDismissed(input: { id: $id }) { userErrors { code } } }'
  expect(refusal(await api.graphql(bob.token, mutation, { id }))).toEqual(['FORBIDDEN'])
  expect(refusal(await api.graphql(bob.token, LIST, { contactId: ada.id }))).toEqual(['FORBIDDEN'])
  expect(refusal(await api.graphql(workspace.key, LIST, {}))).toEqual(['INVALID_INPUT'])
  expect(refusal(await api.graphql((await api.workspace()).key, LIST, { contactId: ada.id }))).toEqual(['NOT_FOUND'])
  expect(await listen(bob.token, { contactId: ada.id })()).toEqual(['FORBIDDEN'])
  expect(await listen(workspace.key)()).toEqual(['INVALID_INPUT'])
  expect(await listen((await api.workspace()).key, { contactId: ada.id })()).toEqual(['NOT_FOUND'])
  expect([(await list({}, bob.token)).titles, (await list()).titles, await ledger()]).toEqual([[], ['mine'], ['DELIVERED']])
})

test('two sessions hear each message once, in place by its key, and what the other does with it', async () => {
  const phone = listen(ada.token)
  const browser = listen(ada.token, { platform: 'WEB', surfaces: ['MODAL', 'LIVE_STATUS'] })
  const server = listen(workspace.key, { contactId: ada.id })
  await send('Confirmed', { surface: 'LIVE_STATUS', key: 'order-1' })
  for (const next of [phone, browser, server]) expect(await next()).toEqual(['Confirmed', true, 1])
  await send('iOS alone', { target: { platforms: ['IOS'] } })
  for (const next of [phone, server]) expect(await next()).toEqual(['iOS alone', true, 1])
  await send('On its way', { surface: 'LIVE_STATUS', key: 'order-1' })
  for (const next of [phone, browser, server]) expect(await next()).toEqual(['On its way', true, 2])
  const found = await list()
  expect([found.titles, found.unseen]).toEqual([['On its way', 'iOS alone'], 2])
  const id = found.edges[0]?.node.id
  await api.graphql(ada.token, 'mutation ($id: ID!) { reportInAppSeen(input: { id: $id }) { userErrors { code } } }', { id })
  for (const next of [phone, browser, server]) expect(await next()).toEqual(['On its way', true, 3])
  await api.graphql(ada.token, 'mutation ($id: ID!) { reportInAppDismissed(input: { id: $id }) { userErrors { code } } }', { id })
  for (const next of [phone, browser, server]) expect(await next()).toEqual(['On its way', false, 4])
  expect((await ledger()).sort()).toEqual(['DELIVERED', 'DELIVERED', 'DELIVERED', 'OPENED', 'OPENED'])
})

test('every session begins with what came just before it, though another like it is under way', async () => {
  await send('just before')
  const first = listen(ada.token)
  expect(await first()).toEqual(['just before', true, 1])
  await send('meanwhile')
  const second = listen(ada.token)
  expect(await second()).toEqual(['just before', true, 1])
  for (const next of [first, second]) expect(await next()).toEqual(['meanwhile', true, 1])
})

test('a session of what was anonymous hears what comes for whom it turned out to be', async () => {
  const device = await contact('{ anonymousId: "device" }')
  const next = listen(device.token)
  await send('to the device', {}, device.uuid)
  expect(await next()).toEqual(['to the device', true, 1])
  await api.graphql(workspace.key, 'mutation { identifyContact(input: { anonymousId: "device", externalId: "ada" }) { contact { id } } }')
  await send('to ada')
  expect(await next()).toEqual(['to ada', true, 1])
  expect((await list({}, device.token)).titles).toEqual(['to ada', 'to the device'])
})
