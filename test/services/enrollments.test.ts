import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { tick } from '../../src/lanes/tick.ts'
import { identifyContact, upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import {
  enrollContacts,
  enrollmentsByIds,
  exitEnrollments,
  listEnrollments,
  refusalsOf,
  type TracedDecision,
  traceOf,
  visitsOf,
} from '../../src/services/enrollments.ts'
import { createJourney, pauseJourney, publishJourney } from '../../src/services/journeys.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

const EVERY_LANE = Array.from({ length: 64 }, (_, lane) => lane)
let here: TestServices
let work: () => Promise<unknown>
beforeAll(async () => {
  here = await openTestServices()
  const ring = { pool: here.database.worker, lanes: 64, rowsPerLane: 250, book: openJourneyBook(), enqueueSends: async () => 'job' }
  work = () => tick(ring, EVERY_LANE)
})
afterAll(() => here.close())

const GRAPH: Graph = {
  reentry: { rule: 'ONE_AT_A_TIME' },
  nodes: [
    { key: 'call', kind: 'api_trigger', config: { matchKey: 'order' } },
    { key: 'event', kind: 'event_trigger', config: { event: 'signed.up' } },
    { key: 'wait', kind: 'delay', config: { duration: 'P1D' } },
    { key: 'bye', kind: 'exit', config: {} },
  ],
  edges: [
    { from: 'call', port: 'next', to: 'wait' },
    { from: 'event', port: 'next', to: 'wait' },
    { from: 'wait', port: 'next', to: 'bye' },
  ],
  exitRules: [],
  goals: [],
  settings: { purpose: 'SERVICE' },
}
async function live(caller: Caller, graph = GRAPH): Promise<string> {
  return publishJourney(here.services, caller, { id: await createJourney(here.services, caller, { name: 'J', graph }) })
}
const ALL = { journeyId: null, contactId: null, status: null, node: null, first: 100, before: null }
const enroll = (caller: Caller, journeyId: string, order: string, ...externalIds: string[]) =>
  enrollContacts(here.services, caller, { journeyId, contacts: externalIds.map((externalId) => ({ externalId })), properties: { order } })
const waiting = async () => (await here.database.owner.query<{ n: number }>('SELECT count(*)::int AS n FROM inbox')).rows[0]?.n

test('whoever is named is enrolled by the ring, known or not, by any of their names', async () => {
  const caller = await here.workspace()
  const journeyId = await live(caller)
  const id = await upsertContact(here.services, caller, { contact: { externalId: 'ada' } })
  const contacts = [{ id }, { externalId: 'bob' }, { anonymousId: 'browser-1' }]
  expect(await enrollContacts(here.services, caller, { journeyId, trigger: 'call', contacts, properties: { order: 'o1' } })).toBe(3)
  await work()
  const rows = await listEnrollments(here.services, caller, { ...ALL, journeyId })
  expect(rows.map(({ key, status, node }) => ({ key, status, node }))).toEqual(
    Array.from({ length: 3 }, () => ({ key: 'o1', status: 'ACTIVE', node: 'wait' })),
  )
  expect((await listEnrollments(here.services, caller, { ...ALL, contactId: id })).map((row) => row.contactId)).toEqual([id])
})

test('a contact’s enrollments and refusals are those of its merged halves, too, whichever half is named', async () => {
  const caller = await here.workspace()
  const journeyId = await live(caller)
  const known = await upsertContact(here.services, caller, { contact: { externalId: 'ada' } })
  const half = await upsertContact(here.services, caller, { contact: { anonymousId: 'phone' } })
  const contact = { anonymousId: 'phone' }
  await enrollContacts(here.services, caller, { journeyId, contacts: [contact], properties: { order: 'o1' } })
  await work()
  await enrollContacts(here.services, caller, { journeyId, contacts: [contact], properties: { order: 'o1' } })
  await work()
  const named = async (contactId: string) => [
    (await listEnrollments(here.services, caller, { ...ALL, contactId })).length,
    (await refusalsOf(here.services, caller, contactId, 10)).map((each) => each.code),
  ]
  expect([await named(known), await named(half)]).toEqual([
    [0, []],
    [1, ['refused_reentry']],
  ])
  await identifyContact(here.services, caller, { anonymousId: 'phone', externalId: 'ada' })
  expect([await named(known), await named(half)]).toEqual(Array(2).fill([1, ['refused_reentry']]))
})

test('the same key enrolls once, the same contact is refused, and the refusal can be read', async () => {
  const caller = await here.workspace()
  const journeyId = await live(caller)
  const ask = () =>
    enrollContacts(here.services, caller, { journeyId, contacts: [{ externalId: 'ada' }], properties: { order: 'o1' }, idempotencyKey: 'e-1' })
  expect(await Promise.all(Array.from({ length: 10 }, ask))).toEqual(Array.from({ length: 10 }, () => 1))
  await work()
  const [row] = await listEnrollments(here.services, caller, { ...ALL, journeyId })
  expect(await refusalsOf(here.services, caller, row?.contactId ?? '', 10)).toEqual([])
  await enroll(caller, journeyId, 'o1', 'ada')
  await work()
  expect(await listEnrollments(here.services, caller, { ...ALL, journeyId })).toHaveLength(1)
  expect(await refusalsOf(here.services, caller, row?.contactId ?? '', 10)).toMatchObject([{ code: 'refused_reentry', enrollmentId: null }])
})

test('a call at fault is told by path, and enrolls nobody of those it names', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const [journeyId, foreign, silent] = [
    await live(caller),
    await live(other),
    await live(caller, { ...GRAPH, nodes: GRAPH.nodes.slice(1), edges: GRAPH.edges.slice(1) }),
  ]
  const draft = await createJourney(here.services, caller, { name: 'Draft', graph: GRAPH })
  const paused = await pauseJourney(here.services, caller, await live(caller))
  await work()
  const ada = { externalId: 'ada' }
  const fault = (input: Partial<Parameters<typeof enrollContacts>[2]>) =>
    faultOf(enrollContacts(here.services, caller, { journeyId, contacts: [ada], ...input }))
  expect(await fault({ journeyId: foreign })).toEqual({ code: 'NOT_FOUND', path: ['journeyId'] })
  expect(await fault({ journeyId: 'no id' })).toEqual({ code: 'NOT_FOUND', path: ['journeyId'] })
  expect(await fault({ journeyId: draft })).toEqual({ code: 'CONFLICT', path: ['journeyId'] })
  expect(await fault({ journeyId: paused })).toEqual({ code: 'CONFLICT', path: ['journeyId'] })
  expect(await fault({ trigger: 'cal' })).toEqual({ code: 'NOT_FOUND', path: ['trigger'] })
  expect(await fault({ trigger: 'event' })).toEqual({ code: 'NOT_FOUND', path: ['trigger'] })
  expect(await fault({ journeyId: silent })).toEqual({ code: 'NOT_FOUND', path: ['trigger'] })
  expect(await fault({ contacts: [ada, { id: 'no id' }] })).toEqual({ code: 'NOT_FOUND', path: ['contacts', '1', 'id'] })
  expect(await fault({ contacts: [ada, { externalId: '' }] })).toEqual({ code: 'INVALID_INPUT', path: ['contacts', '1', 'externalId'] })
  expect(await fault({ contacts: [ada, { externalId: 'a', anonymousId: 'b' }] })).toEqual({ code: 'INVALID_INPUT', path: ['contacts', '1'] })
  expect(await fault({ contacts: Array.from({ length: 1_001 }, () => ada) })).toEqual({ code: 'LIMIT_EXCEEDED', path: ['contacts'] })
  expect(await fault({ properties: { order: 'a\u0000' } })).toEqual({ code: 'INVALID_INPUT', path: ['properties'] })
  expect(await waiting()).toBe(0)
})

test('a contact of another workspace is not enrolled, even by its id', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const journeyId = await live(caller)
  const theirs = await upsertContact(here.services, other, { contact: { externalId: 'ada' } })
  await enrollContacts(here.services, caller, { journeyId, contacts: [{ id: theirs }, { id: newLanedId(3) }], properties: { order: 'o1' } })
  await work()
  expect((await here.database.owner.query('SELECT 1 FROM enrollment WHERE journey_id = $1', [journeyId])).rows).toEqual([])
})

test('who is named leaves, and nobody else; the reason is kept', async () => {
  const caller = await here.workspace()
  const journeyId = await live(caller)
  await enroll(caller, journeyId, 'o1', 'ada', 'bob')
  await work()
  const [first, second] = await listEnrollments(here.services, caller, { ...ALL, journeyId })
  expect(await exitEnrollments(here.services, caller, { ids: [first?.id ?? '', 'no id', newLanedId(5), newId()], reason: 'moved' })).toBe(1)
  await work()
  const now = await enrollmentsByIds(here.services, caller, [first?.id ?? '', second?.id ?? '', 'no id'])
  expect([...now.values()].map(({ id, status, endReason }) => ({ id, status, endReason })).sort((a, b) => (a.status < b.status ? 1 : -1))).toEqual([
    { id: first?.id, status: 'EXITED', endReason: 'moved' },
    { id: second?.id, status: 'ACTIVE', endReason: null },
  ])
  expect(await exitEnrollments(here.services, caller, { ids: [first?.id ?? ''] })).toBe(0)
})

test('everybody in a journey leaves, and nobody of another; another workspace moves no one', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const [journeyId, second] = [await live(caller), await live(caller)]
  await enrollContacts(here.services, caller, {
    journeyId,
    contacts: Array.from({ length: 1_000 }, (_, i) => ({ externalId: `c${i}` })),
    properties: { order: 'o1' },
  })
  await enroll(caller, journeyId, 'o1', 'one-more')
  await enroll(caller, second, 'o1', 'ada')
  while ((await waiting()) !== 0) await work()
  const [some] = await listEnrollments(here.services, caller, { ...ALL, journeyId, first: 1 })
  expect(await exitEnrollments(here.services, other, { journeyId })).toBe(0)
  expect(await exitEnrollments(here.services, other, { ids: [some?.id ?? ''] })).toBe(0)
  expect(await exitEnrollments(here.services, caller, { journeyId })).toBe(1_001)
  while ((await waiting()) !== 0) await work()
  const { rows } = await here.database.owner.query(
    'SELECT journey_id, status, count(*)::int AS n FROM enrollment WHERE workspace_id = $1 GROUP BY 1, 2 ORDER BY n',
    [caller.workspaceId],
  )
  expect(rows).toEqual([
    { journey_id: second, status: 'ACTIVE', n: 1 },
    { journey_id: journeyId, status: 'EXITED', n: 1_001 },
  ])
})

test.each([
  [{}, 'INVALID_INPUT', ['ids']],
  [{ ids: [], journeyId: newId() }, 'INVALID_INPUT', ['ids']],
  [{ journeyId: 'no id' }, 'NOT_FOUND', ['journeyId']],
  [{ ids: [], reason: 'a\u0000' }, 'INVALID_INPUT', ['reason']],
  [{ ids: [], reason: ' ' }, 'INVALID_INPUT', ['reason']],
])('nobody leaves by %j', async (input, code, path) => {
  expect(await faultOf(exitEnrollments(here.services, await here.workspace(), input))).toEqual({ code, path })
})

test('the list goes on after the last one seen, and is narrowed by status and node', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const journeyId = await live(caller)
  await enroll(caller, journeyId, 'o1', 'a', 'b', 'c', 'd', 'e')
  await work()
  const ids = (await listEnrollments(here.services, caller, { ...ALL, journeyId })).map((row) => row.id)
  expect(ids).toEqual([...ids].sort().reverse())
  const pages: string[][] = []
  for (let before: string | null = null; pages.at(-1)?.length !== 0; before = pages.at(-1)?.at(-1) ?? null)
    pages.push((await listEnrollments(here.services, caller, { ...ALL, journeyId, first: 2, before })).map((row) => row.id))
  expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4), []])
  await exitEnrollments(here.services, caller, { ids: ids.slice(0, 2) })
  await work()
  const listed = async (narrow: Partial<typeof ALL> | object) =>
    (await listEnrollments(here.services, caller, { ...ALL, journeyId, ...narrow })).map((row) => row.id)
  expect(await listed({ status: ['EXITED'] })).toEqual(ids.slice(0, 2))
  expect(await listed({ node: 'wait' })).toEqual(ids.slice(2))
  expect(await listed({ node: 'elsewhere' })).toEqual([])
  expect(await listEnrollments(here.services, other, { ...ALL, journeyId })).toEqual([])
  expect((await enrollmentsByIds(here.services, other, ids)).size).toBe(0)
  const [first] = await listEnrollments(here.services, caller, { ...ALL, journeyId })
  expect(await traceOf(here.services, other, first ?? expect.fail('nobody'))).toEqual([])
})

test('the trace tells an enrollment’s way in order, and the visits are read out of it', async () => {
  const caller = await here.workspace()
  const journeyId = await live(caller)
  await enroll(caller, journeyId, 'o1', 'ada')
  await work()
  const [row] = await listEnrollments(here.services, caller, { ...ALL, journeyId })
  await exitEnrollments(here.services, caller, { ids: [row?.id ?? ''], reason: 'moved' })
  await work()
  const trace = await traceOf(here.services, caller, row ?? expect.fail('nobody'))
  expect(trace.map(({ code, node, port }) => [code, node, port ?? null])).toEqual([
    ['entered', 'call', null],
    ['left', 'call', 'next'],
    ['arrived', 'wait', null],
    ['waiting', 'wait', null],
    ['exited', 'wait', null],
  ])
  expect(new Set(trace.map((each) => each.id)).size).toBe(trace.length)
  expect(visitsOf(trace).map(({ node, port }) => [node, port])).toEqual([
    ['call', 'next'],
    ['wait', null],
  ])
})

test('a node that is come back to is visited again', () => {
  const at = (minute: number) => new Date(minute * 60_000)
  const line = (minute: number, code: TracedDecision['code'], node: string, port?: string): TracedDecision => ({
    id: String(minute),
    at: at(minute),
    enrollmentId: 'e',
    code,
    node,
    ...(port === undefined ? {} : { port }),
  })
  const trace = [
    line(0, 'entered', 'in'),
    line(1, 'left', 'in', 'next'),
    line(1, 'arrived', 'a'),
    line(2, 'left', 'a', 'again'),
    line(2, 'arrived', 'a'),
    line(3, 'waiting', 'a'),
  ]
  expect(visitsOf(trace)).toEqual([
    { node: 'in', enteredAt: at(0), leftAt: at(1), port: 'next' },
    { node: 'a', enteredAt: at(1), leftAt: at(2), port: 'again' },
    { node: 'a', enteredAt: at(2), leftAt: null, port: null },
  ])
  expect(visitsOf([])).toEqual([])
})
