import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CallbackStatus, SendOutcome } from '../../src/domain/delivery.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, email, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)

const text = (templateId: string, config = {}): Graph['nodes'][number] => ({ key: 'text', kind: 'sms', config: { templateId, ...config } })
const events = () => world.rows('SELECT name, properties FROM event WHERE workspace_id = $1 ORDER BY id', [workspace.id])
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

test('what is in doubt and was to be sent again is called off with its enrollment, and stays in doubt', async () => {
  const graph = chain([on('seen'), text(await workspace.template('sms', 'RESEND'), { nextAfter: 'P1D' })], { exitRules: [{ event: 'left' }] })
  const { journeyId } = await workspace.publish(graph)
  const ada = await workspace.contact('ada', ['sms'])
  await workspace.post(workspace.event('ada', 'seen'))
  const id = await dispatched(journeyId)
  await workspace.post(result(id, ada, { type: 'ambiguous', code: 'TIMEOUT', message: '' }))
  await workspace.pass(HOUR)
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED'])
  await workspace.post(workspace.event('ada', 'left'))
  const fate = () => world.rows('SELECT status, failure_code, failure_class, due_at FROM message WHERE id = $1', [id])
  expect(await fate()).toEqual([{ status: 'UNKNOWN', failure_code: 'enrollment_ended', failure_class: 'AMBIGUOUS', due_at: null }])
  await workspace.post(callback(id, ada, 'DELIVERED'))
  expect(await fate()).toEqual([{ status: 'DELIVERED', failure_code: null, failure_class: null, due_at: null }])
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

test('what a message cost is counted once, also where a callback was quicker than the answer that tells it', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), text(await workspace.template('sms'))]))
  const [ada, grace] = [await workspace.contact('ada', ['sms']), await workspace.contact('grace', ['sms'])]
  const priced: SendOutcome = { ...accepted, cost: 0.25 }
  await workspace.post(workspace.event('ada', 'seen'))
  const first = await dispatched(journeyId)
  await workspace.post(callback(first, ada, 'SENT'), result(first, ada, priced), result(first, ada, priced))
  await workspace.post(workspace.event('grace', 'seen'))
  const second = await dispatched(journeyId)
  await workspace.post(result(second, grace, priced), callback(second, grace, 'SENT'))
  expect(
    await world.rows(`SELECT sum(n)::int AS n, sum(amount)::float8 AS amount FROM node_stats WHERE journey_id = $1 AND metric = 'sent@sms'`, [
      journeyId,
    ]),
  ).toEqual([{ n: 2, amount: 0.5 }])
})

test('a message counts under what it came to in the end: a failure that turns out to be none is taken back', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), text(await workspace.template('sms'))]))
  const ends: CallbackStatus[][] = [
    ['FAILED', 'DELIVERED'],
    ['FAILED', 'BOUNCED'],
    ['BOUNCED', 'FAILED', 'DELIVERED'],
    ['DELIVERED', 'FAILED'],
    ['FAILED', 'FAILED'],
  ]
  for (const [index, statuses] of ends.entries()) {
    const contactId = await workspace.contact(`ada-${index}`, ['sms'])
    await workspace.post(workspace.event(`ada-${index}`, 'seen'))
    const messageId = await dispatched(journeyId)
    await workspace.post(result(messageId, contactId, accepted))
    for (const status of statuses) await workspace.post(callback(messageId, contactId, status))
  }
  expect(await counts(journeyId, 'text')).toMatchObject({ 'sent@sms': 5, 'delivered@sms': 3, 'failed@sms': 1, 'bounced@sms': 1 })
})

/** A ladder of an email and a text, both handed over and under way. */
async function climbed(settings: { whenUnknown?: 'HOLD' | 'RESEND'; wait?: string } = {}) {
  const templates = [await workspace.template('email', settings.whenUnknown), await workspace.template('sms', settings.whenUnknown)]
  const rungs = ['email', 'sms'].map((channel, index) => ({ channel, templateId: templates[index] ?? '', wait: settings.wait ?? 'PT1H' }))
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'ladder', kind: 'escalation', config: { rungs } }], {
      nodes: [on('seen'), { key: 'ladder', kind: 'escalation', config: { rungs } }, { key: 'rest', kind: 'delay', config: { duration: 'P9D' } }],
      edges: [
        { from: 'start', port: 'next', to: 'ladder' },
        { from: 'ladder', port: 'engaged', to: 'rest' },
      ],
    }),
  )
  const contactId = await workspace.contact('ada', ['email', 'sms'])
  await workspace.post(workspace.event('ada', 'seen'))
  return { journeyId, contactId, email: await dispatched(journeyId) }
}
const standing = (id: string) => world.rows('SELECT status, failure_code, due_at IS NULL AS rests FROM message WHERE id = $1', [id])

test('engagement on a rung withdraws the one under way on another, where that is turned away', async () => {
  const { journeyId, contactId, email: first } = await climbed()
  await workspace.post(result(first, contactId, accepted))
  await workspace.pass(HOUR)
  await workspace.tick()
  const second = await dispatched(journeyId)
  await workspace.post(callback(first, contactId, 'OPENED'))
  expect((await workspace.enrollments(journeyId))[0]?.node).toBe('rest')
  await workspace.post(result(second, contactId, { type: 'retry', code: '429', message: 'slow down' }))
  expect(await standing(second)).toEqual([{ status: 'CANCELLED', failure_code: 'engaged', rests: true }])
  await workspace.pass(HOUR)
  const before = world.planned.length
  await workspace.tick()
  expect(world.planned).toHaveLength(before)
})

test('engagement on a rung withdraws the one that waits to be sent again, whichever came first', async () => {
  const { journeyId, contactId, email: first } = await climbed()
  const lost: InboxItem = {
    kind: 'callback',
    data: { messageId: first, status: 'FAILED', human: true, at: Date.now(), again: true },
    workspaceId: workspace.id,
    contactId,
  }
  await workspace.post(result(first, contactId, accepted))
  await workspace.post(lost)
  await workspace.pass(2 * HOUR)
  await world.rows(`UPDATE message SET due_at = now() + interval '1 hour' WHERE id = $1`, [first])
  await workspace.tick()
  const second = await dispatched(journeyId)
  await workspace.post(result(second, contactId, accepted), callback(second, contactId, 'CLICKED'))
  expect(await standing(first)).toEqual([{ status: 'CANCELLED', failure_code: 'engaged', rests: true }])
})

test('a rung in doubt is not sent again once somebody has engaged on another, and stays in doubt', async () => {
  const { journeyId, contactId, email: first } = await climbed({ whenUnknown: 'RESEND', wait: 'PT1M' })
  await workspace.post(result(first, contactId, { type: 'ambiguous', code: 'TIMEOUT', message: '' }))
  await workspace.pass(2 * 60_000)
  await workspace.tick()
  const second = await dispatched(journeyId)
  await workspace.post(result(second, contactId, accepted), callback(second, contactId, 'CLICKED'))
  await workspace.pass(HOUR)
  const before = world.planned.length
  await workspace.tick()
  expect(await standing(first)).toEqual([{ status: 'UNKNOWN', failure_code: 'engaged', rests: true }])
  expect(world.planned).toHaveLength(before)
})

test('engagement on a rung calls off nothing that another node says', async () => {
  const { email: first, contactId, journeyId } = await climbed()
  const other = await workspace.contact('grace', ['email'])
  await workspace.post(workspace.event('grace', 'seen'))
  const [theirs] = await world.rows<{ id: string }>(`SELECT id FROM message WHERE journey_id = $1 AND contact_id = $2`, [journeyId, other])
  // As of a node before the ladder, whose message is tried again.
  await world.rows(
    `UPDATE message SET status = 'DEFERRED', node = 'before', due_at = now() + interval '1 day',
      enrollment_id = (SELECT id FROM enrollment WHERE contact_id = $2), contact_id = $2, lane = (SELECT lane FROM contact WHERE id = $2) WHERE id = $1`,
    [theirs?.id, contactId],
  )
  await workspace.post(result(first, contactId, accepted))
  await workspace.pass(HOUR)
  await workspace.tick()
  await workspace.post(callback(first, contactId, 'OPENED'))
  const rows = await world.rows<{ node: string; status: string }>('SELECT node, status FROM message WHERE contact_id = $1 ORDER BY node, channel', [
    contactId,
  ])
  expect(rows.map((row) => `${row.node} ${row.status}`)).toEqual(['before DEFERRED', 'ladder SENT', 'ladder CANCELLED'])
})
