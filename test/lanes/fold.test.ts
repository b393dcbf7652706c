import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CallbackStatus, SendOutcome } from '../../src/domain/delivery.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, delay, email, on, openTestRing, type TestRing, type TestWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

let world: TestRing
let workspace: TestWorkspace

beforeAll(async () => {
  world = await openTestRing()
})
afterAll(() => world.close())
beforeEach(async () => {
  workspace = await world.workspace()
  world.planned.length = 0
})

const text = (templateId: string, config = {}): Graph['nodes'][number] => ({ key: 'text', kind: 'sms', config: { templateId, ...config } })
const events = () => world.rows('SELECT name, properties FROM event WHERE workspace_id = $1 ORDER BY id', [workspace.id])
const refusals = async () =>
  (
    await world.rows<{ code: string }>(
      `SELECT decisions->0->>'code' AS code FROM journal WHERE workspace_id = $1 AND enrollment_id IS NULL ORDER BY id`,
      [workspace.id],
    )
  ).map((row) => row.code)
const counts = async (journeyId: string, node: string) =>
  Object.fromEntries(
    (
      await world.rows<{ metric: string; n: string }>(
        'SELECT metric, sum(n)::int AS n FROM node_stats WHERE journey_id = $1 AND node = $2 GROUP BY 1 ORDER BY 1',
        [journeyId, node],
      )
    ).map((row) => [row.metric, row.n]),
  )
const consents = (contactId: string) => world.rows('SELECT channel, state, source FROM consent WHERE contact_id = $1 ORDER BY channel', [contactId])
const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])

const inbound = (contactId: string, body: string): InboxItem => ({
  kind: 'inbound',
  data: { channel: 'sms', text: body, to: '+15550100', providerMessageId: randomUUID(), at: Date.now() },
  workspaceId: workspace.id,
  contactId,
})
const result = (messageId: string, contactId: string, outcome: SendOutcome, attempt = 1): InboxItem => ({
  kind: 'result',
  data: { messageId, attempt, outcome, at: Date.now() },
  workspaceId: workspace.id,
  contactId,
})
const callback = (messageId: string, contactId: string, status: CallbackStatus, human = true): InboxItem => ({
  kind: 'callback',
  data: { messageId, status, human, at: Date.now() },
  workspaceId: workspace.id,
  contactId,
})
const accepted: SendOutcome = { type: 'ok', providerMessageId: 'p1' }

/** The id of a message that a dispatcher has marked and is about to send. */
async function dispatched(journeyId: string): Promise<string> {
  const [row] = await world.rows<{ id: string }>(
    `UPDATE message SET status = 'DISPATCHING', attempt = 1, dispatching_at = now() WHERE journey_id = $1 AND status = 'PLANNED' RETURNING id`,
    [journeyId],
  )
  return row?.id ?? ''
}

test('what came before a timer fell due is folded before it, in the tick that finds both', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H'), email(await workspace.template('email'))], { exitRules: [{ event: 'bought' }] }),
  )
  await workspace.contact('ada', ['email'])
  await workspace.contact('grace', ['email'])
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  await workspace.pass(2 * HOUR)
  await workspace.post(workspace.event('ada', 'bought'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason).sort()).toEqual(['exit_event:bought', null])
  expect(await workspace.messages(journeyId)).toHaveLength(1)
})

test('one batch is folded in its order: in, out and in again are two enrollments', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H')], { reentry: { rule: 'ONE_AT_A_TIME' }, exitRules: [{ event: 'bought', reason: 'bought' }] }),
  )
  const began = Date.now() - HOUR
  const names = ['seen', 'seen', 'bought', 'seen', 'seen']
  await workspace.post(...names.map((name, second) => workspace.event('ada', name, {}, began + second * 1_000)))
  const rows = await workspace.enrollments(journeyId)
  expect(rows.map((each) => each.status).sort()).toEqual(['ACTIVE', 'EXITED'])
  expect(await refusals()).toEqual(['refused_reentry', 'refused_reentry'])
  expect((await events()).map((each) => each.name)).toHaveLength(5)
})

test('a purchase that was received before its cart, but happened after it, keeps the cart from starting anything', async () => {
  const { journeyId } = await workspace.publish(chain([on('cart'), delay('PT1H')], { goals: [{ name: 'bought', event: 'order', window: 'P1D' }] }))
  await workspace.post(workspace.event('ada', 'order'), workspace.event('ada', 'cart', {}, Date.now() - HOUR))
  expect(await workspace.enrollments(journeyId)).toEqual([])
  expect(await refusals()).toEqual(['refused_exit_event'])
})

test('an event of the day before yesterday is kept and starts nothing', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'seen', { page: '/socks' }, Date.now() - 48 * HOUR))
  expect(await workspace.enrollments(journeyId)).toEqual([])
  expect([await refusals(), await events()]).toEqual([['refused_stale'], [{ name: 'seen', properties: { page: '/socks' } }]])
})

test('what one journey changes of the contact, the next one sees in the same tick', async () => {
  await workspace.publish(chain([on('seen'), { key: 'mark', kind: 'update', config: { addTags: ['hot'] } }]))
  const branch = chain([
    on('seen'),
    {
      key: 'ask',
      kind: 'branch',
      config: { branches: [{ name: 'hot', when: { tag: 'hot' } }] },
    },
  ])
  const { journeyId } = await workspace.publish({
    ...branch,
    nodes: [...branch.nodes, { key: 'yes', kind: 'exit', config: { reason: 'hot' } }, { key: 'no', kind: 'exit', config: { reason: 'cold' } }],
    edges: [...branch.edges, { from: 'ask', port: 'hot', to: 'yes' }, { from: 'ask', port: 'else', to: 'no' }],
  })
  await workspace.post(workspace.event('ada', 'seen'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason)).toEqual(['hot'])
  expect(await world.rows('SELECT tags FROM contact WHERE workspace_id = $1', [workspace.id])).toEqual([{ tags: ['hot'] }])
})

test('a second message with the same key is a duplicate, also where both are planned in one tick', async () => {
  const template = await workspace.template('email')
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template, { dedupe: { key: 'event.page', window: 'P1D' } })]))
  await workspace.contact('ada', ['email'])
  await workspace.post(...['/a', '/a', '/b'].map((page) => workspace.event('ada', 'seen', { page })))
  const statuses = (await workspace.messages(journeyId)).map((each) => each.failure_code ?? each.status)
  expect(statuses.sort()).toEqual(['PLANNED', 'PLANNED', 'duplicate'])
  await workspace.post(workspace.event('ada', 'seen', { page: '/b' }))
  expect((await workspace.messages(journeyId)).filter((each) => each.failure_code === 'duplicate')).toHaveLength(2)
})

test('STOP withdraws consent at once, is an event and a reply; what follows in the same tick is not sent', async () => {
  const template = await workspace.template('sms')
  const { journeyId } = await workspace.publish(chain([on('seen'), text(template, { purpose: 'PROMOTIONAL' })]))
  const contactId = await workspace.contact('ada', ['sms'], { sms: 'GRANTED' })
  await workspace.post(workspace.event('ada', 'seen'))
  const messageId = await dispatched(journeyId)
  await workspace.post(result(messageId, contactId, accepted))
  await workspace.post(inbound(contactId, ' Stop. '), workspace.event('ada', 'seen'))
  expect(await consents(contactId)).toEqual([{ channel: 'sms', state: 'WITHDRAWN', source: 'keyword' }])
  expect(await workspace.messages(journeyId)).toEqual([
    { id: messageId, node: 'text', status: 'SENT', failure_code: null },
    { id: expect.any(String), node: 'text', status: 'SUPPRESSED', failure_code: 'consent_withdrawn' },
  ])
  expect(await counts(journeyId, 'text')).toMatchObject({ 'replied@sms': 1, 'suppressed@sms': 1, 'suppressed:consent_withdrawn': 1 })
  expect((await events()).find((each) => each.name === 'sms.message.received')?.properties).toEqual({
    text: ' Stop. ',
    to: '+15550100',
    keyword: 'STOP',
    inReplyTo: messageId,
  })
  await workspace.post(inbound(contactId, 'START'), workspace.event('ada', 'seen'))
  expect(await consents(contactId)).toEqual([{ channel: 'sms', state: 'GRANTED', source: 'keyword' }])
  expect((await workspace.messages(journeyId)).at(-1)).toMatchObject({ status: 'PLANNED' })
})

test('of several keywords in one tick the last one counts', async () => {
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('STOP', 'START'), { minLength: 2, maxLength: 6 }), async (words) => {
      const contactId = await workspace.contact(`contact-${n++}`, ['sms'])
      await workspace.post(...words.map((word) => inbound(contactId, word)))
      expect(await consents(contactId)).toEqual([{ channel: 'sms', state: words.at(-1) === 'STOP' ? 'WITHDRAWN' : 'GRANTED', source: 'keyword' }])
      expect(await world.rows('SELECT 1 FROM consent_change WHERE contact_id = $1', [contactId])).toHaveLength(words.length)
    }),
    { numRuns: 25 },
  )
})

test('what a provider reports of one message comes to the same in any order, repeated, in one tick or in many', async () => {
  const template = await workspace.template('email')
  const followUps = [{ on: 'CLICKED' }, { on: 'IGNORED', after: 'P1D' }]
  const mailed = chain([on('seen'), email(template, { followUps })])
  const { journeyId } = await workspace.publish({
    ...mailed,
    nodes: [...mailed.nodes, { key: 'clicked', kind: 'exit', config: { reason: 'clicked' } }],
    edges: [...mailed.edges, ...['clicked', 'ignored'].map((port) => ({ from: 'mail', port, to: 'clicked' }))],
  })
  let n = 0
  const reports = (messageId: string, contactId: string) => [
    result(messageId, contactId, accepted),
    ...(['PROCESSED', 'DELIVERED', 'OPENED', 'CLICKED'] as const).map((status) => callback(messageId, contactId, status)),
    callback(messageId, contactId, 'OPENED', false),
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 8 }), async (order) => {
      const externalId = `contact-${n++}`
      const contactId = await workspace.contact(externalId, ['email'])
      await workspace.post(workspace.event(externalId, 'seen'))
      const messageId = await dispatched(journeyId)
      const all = reports(messageId, contactId)
      // Any of them first, some of them twice, then what is missing.
      const sequence = [...order.map(([index]) => index), ...[5, 4, 3, 2, 1, 0]].map((index) => all[index] as InboxItem)
      let batch: InboxItem[] = []
      for (const [index, item] of sequence.entries()) {
        batch.push(item)
        if (order[index]?.[1] !== true && index !== sequence.length - 1) continue
        await workspace.post(...batch)
        batch = []
      }
      expect(
        await world.rows(
          `SELECT status, provider_message_id, sent_at IS NOT NULL AS sent, delivered_at IS NOT NULL AS delivered, opened_at IS NOT NULL AS opened,
            clicked_at IS NOT NULL AS clicked, machine_opened_at IS NOT NULL AS machine, failure_code FROM message WHERE id = $1`,
          [messageId],
        ),
      ).toEqual([
        {
          status: 'DELIVERED',
          provider_message_id: 'p1',
          sent: true,
          delivered: true,
          opened: true,
          clicked: true,
          machine: true,
          failure_code: null,
        },
      ])
    }),
    { numRuns: 25 },
  )
  const messages = ['planned', 'sent', 'delivered', 'opened', 'clicked', 'machine_opened'].map((metric) => [`${metric}@email`, n])
  const once = { entered: n, 'left:clicked': n, ...Object.fromEntries(messages) }
  expect(await counts(journeyId, 'mail')).toEqual(once)
  expect(new Set((await workspace.enrollments(journeyId)).map((each) => each.end_reason))).toEqual(new Set(['clicked']))
})

test('a provider that says a person opted out, or that an address is dead, is believed for what comes after', async () => {
  const template = await workspace.template('sms')
  const { journeyId } = await workspace.publish(chain([on('seen'), text(template, { purpose: 'PROMOTIONAL' })]))
  const contactId = await workspace.contact('ada', ['sms', 'push'], { sms: 'GRANTED' })
  await workspace.post(workspace.event('ada', 'seen'))
  const outcome: SendOutcome = { type: 'permanent', code: '21610', message: 'opted out', optedOut: true, identity: 'INVALID' }
  await workspace.post(result(await dispatched(journeyId), contactId, outcome))
  expect(await consents(contactId)).toEqual([{ channel: 'sms', state: 'WITHDRAWN', source: 'provider' }])
  expect(await world.rows('SELECT channel, status FROM channel_identity WHERE contact_id = $1 ORDER BY 1', [contactId])).toEqual([
    { channel: 'push', status: 'ACTIVE' },
    { channel: 'sms', status: 'INVALID' },
  ])
  expect(await workspace.enrollments(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'undeliverable', key: '' }])
})

test('a report of an attempt that is not the last, or of a message that is not there, changes nothing', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const messageId = await dispatched(journeyId)
  const { steps } = await workspace.post(result(messageId, contactId, accepted, 2), result(messageId.replace(/.{4}$/, '0000'), contactId, accepted))
  expect([steps, await workspace.messages(journeyId)]).toEqual([0, [{ id: messageId, node: 'mail', status: 'DISPATCHING', failure_code: null }]])
})

test('a message that may be tried again is deferred, and planned again when its time has come', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const id = await dispatched(journeyId)
  await workspace.post(result(id, contactId, { type: 'retry', code: '429', message: 'slow down', retryAfter: HOUR }))
  await workspace.tick()
  expect(await workspace.messages(journeyId)).toEqual([{ id, node: 'mail', status: 'DEFERRED', failure_code: '429' }])
  await workspace.pass(HOUR)
  const { sends } = await workspace.tick()
  expect(sends).toEqual([{ jobId: 'job', ids: [id] }])
  expect(world.planned).toEqual([id, id])
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED'])
})

test('a message the second gate held back is suppressed for good and its token leaves; one of a paused journey waits', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const ada = await workspace.contact('ada', ['email'])
  const grace = await workspace.contact('grace', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const [first] = await workspace.messages(journeyId)
  await workspace.post(workspace.event('grace', 'seen'))
  const second = (await workspace.messages(journeyId)).find((each) => each.id !== first?.id)
  await setStatus(journeyId, 'PAUSED')
  const held = (messageId: string | undefined, contactId: string, reason: string): InboxItem => ({
    kind: 'held',
    data: { messageId: messageId ?? '', reason },
    workspaceId: workspace.id,
    contactId,
  })
  await workspace.post(held(first?.id, ada, 'no_provider'), held(second?.id, grace, 'journey_paused'))
  // Twice is once: the first answer stands.
  await workspace.post(held(first?.id, ada, 'journey_paused'))
  expect(await world.rows('SELECT id, status, failure_code, due_at FROM message WHERE journey_id = $1 ORDER BY status', [journeyId])).toEqual([
    { id: second?.id, status: 'DEFERRED', failure_code: 'journey_paused', due_at: null },
    { id: first?.id, status: 'SUPPRESSED', failure_code: 'no_provider', due_at: null },
  ])
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason ?? each.node).sort()).toEqual(['mail', 'undeliverable'])
  expect(await counts(journeyId, 'mail')).toMatchObject({ 'planned@email': 2, 'suppressed@email': 1, 'suppressed:no_provider': 1 })
})

test('a report that comes after the end changes neither when nor why it ended', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), email(await workspace.template('email'), { nextAfter: 'P1D' })], { exitRules: [{ event: 'left' }] }),
  )
  const ada = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const id = await dispatched(journeyId)
  await workspace.post(workspace.event('ada', 'left'))
  const end = () => world.rows('SELECT status, ended_at, end_reason FROM enrollment WHERE journey_id = $1', [journeyId])
  const before = await end()
  expect(before).toEqual([{ status: 'EXITED', ended_at: expect.anything(), end_reason: expect.any(String) }])
  await workspace.post(result(id, ada, accepted))
  expect(await end()).toEqual(before)
})

test('a quiet trigger enters once, when nothing more has come; a purchase calls it off, and so does what came just now', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('cart', { matchKey: 'id', quietFor: 'PT1H' }), delay('PT1H')], {
      goals: [{ name: 'bought', event: 'order', matchKey: 'id', window: 'P1D' }],
    }),
  )
  const watched = async () =>
    (await world.rows<{ key: string }>('SELECT key FROM watch WHERE journey_id = $1 ORDER BY key', [journeyId])).map((each) => each.key)
  await workspace.post(...['a', 'b', 'c'].map((id) => workspace.event('ada', 'cart', { id })))
  expect(await watched()).toEqual(['a', 'b', 'c'])
  await workspace.post(workspace.event('ada', 'order', { id: 'a' }))
  expect(await watched()).toEqual(['b', 'c'])
  await workspace.pass(HOUR)
  // Due, and put off by what the same tick finds in the inbox.
  await workspace.post(workspace.event('ada', 'cart', { id: 'b' }))
  expect([await watched(), (await workspace.enrollments(journeyId)).map((each) => each.key)]).toEqual([['b'], ['c']])
  await workspace.pass(HOUR)
  await workspace.tick()
  expect([await watched(), (await workspace.enrollments(journeyId)).map((each) => each.key)]).toEqual([[], ['b', 'c']])
})

test('enrolling by call starts the trigger that was named, or the first that will have it, and says why not', async () => {
  const api = (key: string): Graph['nodes'][number] => ({ key, kind: 'api_trigger', config: { matchKey: 'plan' } })
  const { journeyId } = await workspace.publish({
    ...chain([api('one'), delay('PT1H')]),
    nodes: [api('one'), api('two'), delay('PT1H'), { key: 'out', kind: 'exit', config: {} }],
    edges: [
      { from: 'one', port: 'next', to: 'pause' },
      { from: 'two', port: 'next', to: 'out' },
    ],
  })
  const enroll = (node: string | null, properties: Record<string, string>, id = journeyId): InboxItem => ({
    kind: 'enroll',
    data: { journeyId: id, node, properties, requestId: randomUUID() },
    workspaceId: workspace.id,
    reference: 'external:ada',
  })
  await workspace.post(enroll('two', { plan: 'a' }))
  expect(await workspace.enrollments(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'exit_node', key: 'a' }])
  await workspace.post(enroll(null, { plan: 'b' }))
  expect((await workspace.enrollments(journeyId)).map((each) => `${each.key} ${each.status}`).sort()).toEqual(['a EXITED', 'b ACTIVE'])
  await workspace.post(enroll('one', {}), enroll('one', { plan: 'c' }, randomUUID()))
  expect((await refusals()).sort()).toEqual(['refused_filter', 'refused_not_live', 'refused_reentry'])
})

test('an exit by call ends the enrollment with its reason and withdraws what it had planned', async () => {
  const template = await workspace.template('email')
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template)]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const [row] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [journeyId])
  const exit = (enrollmentId: string, reason: string): InboxItem => ({
    kind: 'exit',
    data: { enrollmentId, reason },
    workspaceId: workspace.id,
    contactId,
  })
  await workspace.post(exit(row?.id ?? '', 'by hand'))
  await workspace.post(exit(row?.id ?? '', 'again'))
  expect(await workspace.enrollments(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'by hand', key: '' }])
  expect((await workspace.messages(journeyId)).map((each) => `${each.status} ${each.failure_code}`)).toEqual(['CANCELLED enrollment_ended'])
})

test('an event of a merged half moves what the other half has running, starts nothing there and is kept once', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { exitRules: [{ event: 'bought' }] }))
  const [known, anonymous] = [await workspace.contact('ada'), await workspace.contact('visitor')]
  await workspace.post(workspace.event('visitor', 'seen'))
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [anonymous, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, anonymous])
  await workspace.post(workspace.event('ada', 'bought'))
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason)).toEqual(['exit_event:bought'])
  expect(await world.rows(`SELECT contact_id FROM event WHERE workspace_id = $1 AND name = 'bought'`, [workspace.id])).toEqual([
    { contact_id: known },
  ])
})

test('a contact that is created, or changed in a field somebody asked about, pulls its triggers', async () => {
  const trigger = (config: Record<string, string | string[]>): Graph['nodes'][number] => ({
    key: 'start',
    kind: 'contact_trigger',
    config: config as never,
  })
  const created = await workspace.publish(chain([trigger({ change: 'CREATED' }), delay('PT1H')]))
  const changed = await workspace.publish(chain([trigger({ change: 'CHANGED', fields: ['plan'] }), delay('PT1H')]))
  const entries = async () => [(await workspace.enrollments(created.journeyId)).length, (await workspace.enrollments(changed.journeyId)).length]
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('ada', 'seen'))
  expect(await entries()).toEqual([1, 0])
  const change = (...fields: string[]): InboxItem => ({
    kind: 'contact',
    data: { change: 'changed', fields },
    workspaceId: workspace.id,
    reference: 'external:ada',
  })
  await workspace.post(change('city'))
  expect(await entries()).toEqual([1, 0])
  await workspace.post(change('city', 'plan'))
  expect(await entries()).toEqual([1, 1])
})

test('a paused journey lets nobody in, freezes what falls due and still lets people out', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { exitRules: [{ event: 'bought' }] }))
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  await setStatus(journeyId, 'PAUSED')
  await workspace.pass(2 * HOUR)
  await workspace.post(workspace.event('edsger', 'seen'))
  const timers = () => world.rows('SELECT due_at, frozen_due_at IS NOT NULL AS frozen FROM enrollment WHERE journey_id = $1', [journeyId])
  expect([await timers(), await refusals()]).toEqual([Array.from({ length: 2 }, () => ({ due_at: null, frozen: true })), ['refused_paused']])
  await workspace.post(workspace.event('ada', 'bought'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason ?? each.status).sort()).toEqual(['ACTIVE', 'exit_event:bought'])
})

test('a clock that runs out is judged by the journeys there are, however long nothing else has come', async () => {
  // The worker has looked at the journeys, and then this one is published and its clocks are started.
  await workspace.post(workspace.event('ada', 'seen'))
  const { journeyId } = await workspace.publish(chain([{ key: 'start', kind: 'inactivity_trigger', config: { after: 'PT1H' } }, delay('PT1H')]))
  await world.rows(
    `INSERT INTO watch (lane, journey_id, contact_id, node, workspace_id, due_at) SELECT lane, $2, id, 'start', $1, now() - interval '1 second' FROM contact WHERE workspace_id = $1`,
    [workspace.id, journeyId],
  )
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.node)).toEqual(['pause'])
})
