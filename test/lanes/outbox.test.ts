import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isLanedId, laneOf } from '../../src/domain/ids.ts'
import type { Effect, EnrollmentState, PlannedMessage } from '../../src/domain/journey/enrollment.ts'
import { Outbox } from '../../src/lanes/outbox.ts'
import { newLanedId } from '../../src/store/new-id.ts'

const HOUR = 3_600_000
const NOW = Date.parse('2026-05-04T10:20:30.400Z')
const WORKSPACE = randomUUID()

function enrollment(change: Partial<EnrollmentState> = {}): EnrollmentState {
  return {
    id: newLanedId(7),
    journeyId: 'journey',
    versionId: 'version',
    contactId: newLanedId(7),
    key: 'cart-1',
    enteredAt: NOW - HOUR,
    trigger: { node: 'start', event: { id: 'e1', name: 'cart', properties: { item: 'socks' }, occurredAt: NOW, receivedAt: NOW } },
    status: 'ACTIVE',
    endReason: null,
    endedAt: null,
    node: 'pause',
    visit: 1,
    since: NOW,
    dueAt: NOW + HOUR,
    memo: null,
    memory: {},
    vars: { code: '1234' },
    messages: {},
    goals: {},
    seq: 1,
    ...change,
  }
}

const message = (verdict: PlannedMessage['verdict']): Effect => ({
  type: 'message',
  message: {
    id: newLanedId(7),
    node: 'mail',
    visit: 1,
    channel: 'email',
    templateId: 'template',
    topicId: null,
    purpose: 'PROMOTIONAL',
    identityId: null,
    dedupeKey: null,
    verdict,
  },
})
/** Effects but those on the contact look at no facts. */
const carry = (outbox: Outbox, state: EnrollmentState, ...effects: Effect[]) => {
  for (const effect of effects) outbox.carryOut(WORKSPACE, state, effect, {} as never)
}
const metrics = (outbox: Outbox) => Object.fromEntries(outbox.counts.rows.map((row) => [`${row.node}/${row.metric}`, row.n]))

test('of the states an enrollment comes to in one tick the last is written, once, and as new where it is new', () => {
  const outbox = new Outbox(NOW)
  const [fresh, old] = [enrollment(), enrollment()]
  outbox.saveEnrollment(WORKSPACE, fresh, { isNew: true, frozen: false })
  outbox.saveEnrollment(WORKSPACE, old, { isNew: false, frozen: false })
  outbox.saveEnrollment(WORKSPACE, { ...fresh, node: 'mail', seq: 2 }, { isNew: false, frozen: false })
  outbox.saveEnrollment(WORKSPACE, { ...old, status: 'EXITED', node: null, endReason: 'bought', endedAt: NOW }, { isNew: false, frozen: false })
  expect(outbox.inserted.map((row) => [row.id, row.lane, row.node, row.status])).toEqual([[fresh.id, 7, 'mail', 'ACTIVE']])
  expect(outbox.updated.map((row) => [row.id, row.status, row.reason, row.ended])).toEqual([[old.id, 'EXITED', 'bought', NOW]])
  // What has a column of its own is not kept in the state a second time.
  expect(Object.keys(outbox.inserted[0]?.state as object).sort()).toEqual(
    ['goals', 'memo', 'memory', 'messages', 'seq', 'since', 'trigger', 'vars', 'visit'].sort(),
  )
  expect(outbox.touched.get(WORKSPACE)).toEqual({
    enrollments: new Set([fresh.id, old.id]),
    messages: new Set(),
    journeys: new Set(['journey']),
    contacts: new Set(),
  })
})

test('a frozen timer is kept aside, where no tick finds it', () => {
  const outbox = new Outbox(NOW)
  outbox.saveEnrollment(WORKSPACE, enrollment({ dueAt: NOW - 5 }), { isNew: false, frozen: true })
  expect(outbox.updated.map((row) => [row.due, row.frozen])).toEqual([[null, NOW - 5]])
  expect(outbox.nextDue).toBeNull()
})

test('the next timer is the soonest of those that are written', () => {
  const outbox = new Outbox(NOW)
  expect(outbox.nextDue).toBeNull()
  outbox.saveEnrollment(WORKSPACE, enrollment({ dueAt: null }), { isNew: true, frozen: false })
  expect(outbox.nextDue).toBeNull()
  const watch = { lane: 7, journey: 'j', contact: 'c', node: 'n', key: '', workspace: WORKSPACE, due: NOW + 3 * HOUR, frozen: false, event: null }
  outbox.watches.set('watch', watch)
  expect(outbox.nextDue).toBe(NOW + 3 * HOUR)
  outbox.saveEnrollment(WORKSPACE, enrollment({ dueAt: NOW + 2 * HOUR }), { isNew: true, frozen: false })
  outbox.saveEnrollment(WORKSPACE, enrollment({ dueAt: NOW + HOUR }), { isNew: false, frozen: false })
  expect(outbox.nextDue).toBe(NOW + HOUR)
})

test('a message is planned, deferred or suppressed as its gate said, counted so, and only the first is sent', () => {
  const outbox = new Outbox(NOW)
  const state = enrollment()
  carry(
    outbox,
    state,
    message({ type: 'send' }),
    message({ type: 'defer', until: null, reason: 'journey_paused' }),
    message({ type: 'suppress', reason: 'no_consent' }),
  )
  const rows = [...outbox.messages.values()]
  expect(rows.map((row) => [row.status, row.failure, row.due])).toEqual([
    ['PLANNED', null, null],
    ['DEFERRED', 'journey_paused', null],
    ['SUPPRESSED', 'no_consent', null],
  ])
  expect(outbox.sends).toEqual([{ id: rows[0]?.id, workspaceId: WORKSPACE }])
  expect(metrics(outbox)).toEqual({ 'mail/planned@email': 2, 'mail/suppressed@email': 1, 'mail/suppressed:no_consent': 1 })
  expect(rows[0]?.variables).toEqual({ event: { item: 'socks' }, vars: { code: '1234' }, key: 'cart-1' })
})

test('leaving takes back what the same tick had planned for that enrollment, and what it had suppressed stays as it was', () => {
  const outbox = new Outbox(NOW)
  const [leaving, staying] = [enrollment(), enrollment()]
  carry(outbox, leaving, message({ type: 'send' }), message({ type: 'suppress', reason: 'no_consent' }))
  carry(outbox, staying, message({ type: 'send' }))
  carry(outbox, leaving, { type: 'withdraw', reason: 'enrollment_ended' })
  expect([...outbox.messages.values()].map((row) => [row.enrollment, row.status, row.failure])).toEqual([
    [leaving.id, 'CANCELLED', 'enrollment_ended'],
    [leaving.id, 'SUPPRESSED', 'no_consent'],
    [staying.id, 'PLANNED', null],
  ])
  expect([...outbox.withdrawals.values()]).toEqual([
    { lane: 7, contact: leaving.contactId, enrollment: leaving.id, since: leaving.enteredAt, reason: 'enrollment_ended', node: null },
  ])
})

test('a step is one line of the journal, and its decisions are what is counted', () => {
  const outbox = new Outbox(NOW)
  const state = enrollment({ status: 'COMPLETED', endedAt: NOW, node: null, seq: 4 })
  outbox.record(WORKSPACE, state, { type: 'timer' }, [
    { code: 'entered', node: 'start' },
    { code: 'left', node: 'start', port: 'next' },
    { code: 'arrived', node: 'pause' },
    { code: 'waiting', node: 'pause' },
    { code: 'left', node: 'pause', port: 'next' },
    { code: 'completed', node: 'pause' },
  ])
  expect(outbox.journal.map((row) => [row.lane, row.at, row.enrollment, row.seq, (row.decisions as unknown[]).length])).toEqual([
    [7, NOW, state.id, 4, 6],
  ])
  expect(metrics(outbox)).toEqual({
    '/completed': 1,
    '/started': 1,
    'pause/ended': 1,
    'pause/entered': 1,
    'pause/left:next': 1,
    'start/entered': 1,
    'start/left:next': 1,
  })
  // How long it took, for the average.
  expect(outbox.counts.rows.find((row) => row.metric === 'completed')?.amount).toBe(HOUR)
})

test('a refused entry is a line under the contact, of no enrollment, and counts nowhere', () => {
  const outbox = new Outbox(NOW)
  const contactId = newLanedId(7)
  outbox.refuse(7, WORKSPACE, contactId, 'journey', { type: 'api' }, { code: 'refused_paused', node: 'start' })
  expect(outbox.journal).toMatchObject([
    { lane: 7, contact: contactId, enrollment: null, seq: 0, input: { type: 'api' }, decisions: [{ code: 'refused_paused', node: 'start' }] },
  ])
  expect(outbox.counts.rows).toEqual([])
})

test('a goal is a conversion with its value, of one id however often it is found', () => {
  const state = enrollment()
  const goal: Effect = { type: 'conversion', goal: 'bought', value: 12.5, eventId: 'e2', at: NOW }
  const [one, again] = [new Outbox(NOW), new Outbox(NOW + 5)]
  carry(one, state, goal)
  carry(again, state, goal)
  expect(one.conversions).toMatchObject([{ lane: 7, enrollment: state.id, goal: 'bought', value: 12.5, event: 'e2', at: NOW }])
  expect(again.conversions[0]?.id).toBe(one.conversions[0]?.id)
  expect(one.counts.rows).toMatchObject([{ node: '', metric: 'goal', n: 1, amount: 12.5 }])
})

test('fresh ids carry their lane and are all different', () => {
  const outbox = new Outbox(NOW)
  const ids = Array.from({ length: 2_000 }, (_, n) => outbox.newId(n % 64, 'same', 'parts'))
  expect(new Set(ids).size).toBe(2_000)
  expect(ids.every((id, n) => isLanedId(id, 64) && laneOf(id) === n % 64)).toBe(true)
})

test('fresh ids of one lane sort in the order they were made', () => {
  const outbox = new Outbox(NOW)
  const ids = Array.from({ length: 200 }, () => outbox.newId(3, 'same', 'parts'))
  expect([...ids].sort()).toEqual(ids)
})
