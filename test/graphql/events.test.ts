import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../support/app.ts'
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

const INGEST = `mutation ($input: IngestEventsInput!) { ingestEvents(input: $input) { accepted duplicates rejected { index messageId code path } userErrors { code path } } }`
const event = (messageId: string, more: object = {}) => ({ messageId, name: 'viewed', contact: { externalId: 'u-1' }, ...more })
const inbox = async (workspaceId: string) =>
  (await database.owner.query('SELECT lane, kind, reference, contact_id, data::json FROM inbox WHERE workspace_id = $1 ORDER BY seq', [workspaceId]))
    .rows

test('each event is judged alone: sound ones are committed, the others come back with their place and fault', async () => {
  const { id, key } = await api.workspace()
  const events = [
    event('m-1', { properties: { sku: 'A' }, occurredAt: '2026-01-02T03:04:05Z' }),
    event('m-2', { name: '' }),
    event('m-3', { occurredAt: '1999-01-01T00:00:00Z' }),
    event('m-4', { contact: { id: 'bm9uc2Vuc2U' } }),
    event('m-5', { contact: { anonymousId: 'd-1' } }),
  ]
  const { data } = await api.graphql(key, INGEST, { input: { events } })
  expect(data.ingestEvents).toEqual({
    accepted: 2,
    duplicates: 0,
    rejected: [
      { index: 1, messageId: 'm-2', code: 'INVALID_INPUT', path: ['events', '1', 'name'] },
      { index: 2, messageId: 'm-3', code: 'INVALID_INPUT', path: ['events', '2', 'occurredAt'] },
      { index: 3, messageId: 'm-4', code: 'INVALID_INPUT', path: ['events', '3', 'contact', 'id'] },
    ],
    userErrors: [],
  })
  const rows = await inbox(id)
  expect(rows.map((row) => [row.kind, row.reference]).sort()).toEqual([
    ['event', 'anonymous:d-1'],
    ['event', 'external:u-1'],
  ])
  expect(rows.find((row) => row.reference === 'external:u-1')?.data).toEqual({
    messageId: 'm-1',
    name: 'viewed',
    properties: { sku: 'A' },
    occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  })
})

test('a repetition is counted and not taken again, within a call, over calls and under fifty at once', async () => {
  const { id, key } = await api.workspace()
  const once = await api.graphql(key, INGEST, { input: { events: [event('a'), event('a'), event('b')] } })
  expect(once.data.ingestEvents).toMatchObject({ accepted: 2, duplicates: 1 })
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.graphql(key, INGEST, { input: { events: [event('a'), event('c')] } })))
  const sum = (field: string) => answers.reduce((total, each) => total + each.data.ingestEvents[field], 0)
  expect([sum('accepted'), sum('duplicates')]).toEqual([1, 99])
  expect((await inbox(id)).map((row) => row.data.messageId).sort()).toEqual(['a', 'b', 'c'])
})

test('more than a thousand at once are refused whole', async () => {
  const { id, key } = await api.workspace()
  const events = Array.from({ length: 1_001 }, (_, n) => event(`n-${n}`))
  const refused = await api.graphql(key, INGEST, { input: { events } })
  expect(refused.data.ingestEvents).toEqual({ accepted: 0, duplicates: 0, rejected: [], userErrors: [{ code: 'LIMIT_EXCEEDED', path: ['events'] }] })
  expect(await inbox(id)).toEqual([])
  const taken = await api.graphql(key, INGEST, { input: { events: events.slice(1) } })
  expect(taken.data.ingestEvents).toMatchObject({ accepted: 1_000, rejected: [] })
})
