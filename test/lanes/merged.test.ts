import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Channel, ConsentState } from '../../src/domain/channel.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { openDispatcher } from '../../src/lanes/dispatch.ts'
import { deliver, type InboxItem } from '../../src/lanes/inbox.ts'
import { tick } from '../../src/lanes/tick.ts'
import { identifyContact } from '../../src/services/contacts.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { gated } from '../support/gate.ts'
import { chain, delay, EVERY_LANE, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'
import { servicesOver } from '../support/services.ts'
import { until } from '../support/until.ts'

/** Somebody known, and the devices on which they were nobody yet: merging moves no rows, so what is decided for one looks at all. */
const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)
let over: Awaited<ReturnType<typeof servicesOver>>
let known: string

beforeAll(async () => {
  over = await servicesOver(world.database)
})
afterAll(() => over.close())
beforeEach(async () => {
  known = await workspace.contact('ada')
})

const drain = async () => {
  while ((await workspace.tick()).taken > 0);
}
const seen = (device: string, name: string, properties: JsonObject = {}): InboxItem => ({
  kind: 'event',
  data: { messageId: randomUUID(), name, properties, occurredAt: null },
  workspaceId: workspace.id,
  reference: `anonymous:${device}`,
})
const post = async (...items: InboxItem[]) => {
  await workspace.post(...items)
  await drain()
}
/** Makes the contact of a device that nobody has named yet. */
async function device(name: string): Promise<string> {
  await post(seen(name, 'opened'))
  const [row] = await world.rows<{ contact_id: string }>('SELECT contact_id FROM contact_alias WHERE workspace_id = $1 AND reference = $2', [
    workspace.id,
    `anonymous:${name}`,
  ])
  return row?.contact_id ?? expect.fail('no contact')
}
const merge = async (...devices: string[]) => {
  for (const anonymousId of devices)
    await identifyContact(over.services, { workspaceId: workspace.id, keyId: null, scopes: ['admin'] }, { anonymousId, externalId: 'ada' })
  await drain()
}
const address = (contactId: string, channel: Channel) =>
  world.rows(`INSERT INTO channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index) VALUES ($1, $2, $3, $4, $5, '', $6)`, [
    laneOf(contactId),
    newLanedId(laneOf(contactId)),
    workspace.id,
    contactId,
    channel,
    randomUUID(),
  ])
const consent = (contactId: string, channel: Channel, state: ConsentState) =>
  world.rows(
    // In whole milliseconds, as everything that writes consents does: a tick of the same one comes after it.
    `INSERT INTO consent (lane, contact_id, channel, workspace_id, state, source, purpose, at) VALUES ($1, $2, $3, $4, $5, 'test', 'marketing', date_trunc('milliseconds', now()))
     ON CONFLICT (lane, contact_id, channel, topic_id) DO UPDATE SET state = excluded.state, at = excluded.at`,
    [laneOf(contactId), contactId, channel, workspace.id, state],
  )
const entered = (journeyId: string) => world.rows('SELECT contact_id, key FROM enrollment WHERE journey_id = $1 ORDER BY entered_at', [journeyId])
const watches = (journeyId: string) => world.rows('SELECT contact_id, key FROM watch WHERE journey_id = $1 ORDER BY due_at', [journeyId])
const cart = (config: JsonObject = {}): Graph['nodes'][number] => on('cart', { matchKey: 'id', quietFor: 'PT1H', ...config })

test('a clock wound on a device is wound again by the known half, and lets in that one', async () => {
  const { journeyId } = await workspace.publish(chain([cart(), delay('PT1H')]))
  await device('phone')
  await post(seen('phone', 'cart', { id: 'a' }))
  await merge('phone')
  await workspace.pass(HOUR / 2)
  await post(workspace.event('ada', 'cart', { id: 'a' }))
  await workspace.pass(0.75 * HOUR)
  await drain()
  expect(await entered(journeyId)).toEqual([])
  await workspace.pass(HOUR / 2)
  await drain()
  expect([await entered(journeyId), await watches(journeyId)]).toEqual([[{ contact_id: known, key: 'a' }], []])
})

test('a clock of a device that runs out after it became known lets in the known half, once', async () => {
  const { journeyId } = await workspace.publish(chain([cart(), delay('PT1H')]))
  await device('phone')
  await post(seen('phone', 'cart', { id: 'a' }))
  await merge('phone')
  await workspace.pass(HOUR)
  await drain()
  expect([await entered(journeyId), await watches(journeyId)]).toEqual([[{ contact_id: known, key: 'a' }], []])
})

test('somebody who may enter once does not again by a device’s clock', async () => {
  const { journeyId } = await workspace.publish(chain([cart(), delay('PT1H')], { reentry: { rule: 'ONCE' } }))
  await post(workspace.event('ada', 'cart', { id: 'a' }))
  await workspace.pass(HOUR)
  await drain()
  await device('phone')
  await post(seen('phone', 'cart', { id: 'a' }))
  await merge('phone')
  await workspace.pass(HOUR)
  await drain()
  expect(await entered(journeyId)).toEqual([{ contact_id: known, key: 'a' }])
})

test('a purchase calls off the clock of a device, and that is told once', async () => {
  const { journeyId } = await workspace.publish(
    chain([cart(), delay('PT1H')], { goals: [{ name: 'bought', event: 'order', matchKey: 'id', window: 'P1D' }] }),
  )
  await device('phone')
  await post(seen('phone', 'cart', { id: 'a' }), seen('phone', 'cart', { id: 'b' }))
  await merge('phone')
  await post(workspace.event('ada', 'order', { id: 'a' }), workspace.event('ada', 'order', { id: 'a' }))
  expect(await watches(journeyId)).toHaveLength(1)
  await workspace.pass(2 * HOUR)
  await drain()
  expect(await entered(journeyId)).toEqual([{ contact_id: known, key: 'b' }])
  const told = await world.rows(
    `SELECT decisions::json->0->>'code' AS code FROM journal WHERE workspace_id = $1 AND enrollment_id IS NULL AND journey_id = $2`,
    [workspace.id, journeyId],
  )
  expect(told).toEqual([{ code: 'quiet_cancelled' }])
})

test('nobody is inactive who was seen on any of their devices; the last one seen decides, and the others’ clocks rest', async () => {
  const inactivity: Graph['nodes'][number] = { key: 'start', kind: 'inactivity_trigger', config: { after: 'PT1H' } }
  const { journeyId } = await workspace.publish(chain([inactivity, delay('P9D')]))
  await post(workspace.event('ada', 'opened'))
  await workspace.pass(HOUR / 2)
  await device('phone')
  await workspace.pass(HOUR / 4)
  await device('laptop')
  await merge('phone', 'laptop')
  await workspace.pass(HOUR / 2)
  expect((await workspace.tick()).taken).toBe(1)
  // A clock that has been judged is not looked at again and again.
  await drain()
  expect(await entered(journeyId)).toEqual([])
  await workspace.pass(HOUR / 4)
  await drain()
  expect(await entered(journeyId)).toEqual([])
  await workspace.pass(HOUR / 4)
  await drain()
  expect([await entered(journeyId), await watches(journeyId)]).toEqual([[{ contact_id: known, key: '' }], []])
})

test('what was said on one half is not said again on another', async () => {
  const mail = email(await workspace.template('email'), { dedupe: { key: 'event.page', window: 'P1D' } })
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H'), mail]))
  await device('phone')
  await address(known, 'email')
  await post(seen('phone', 'seen', { page: '/a' }))
  await merge('phone')
  await workspace.pass(2 * HOUR)
  await drain()
  await post(workspace.event('ada', 'seen', { page: '/a' }))
  await workspace.pass(2 * HOUR)
  await drain()
  expect((await workspace.messages(journeyId)).map((row) => row.failure_code)).toEqual([null, 'duplicate'])
})

/** Both halves wait to say the same. */
async function aboutToRepeat(): Promise<string> {
  const mail = email(await workspace.template('email'), { dedupe: { key: 'event.page', window: 'P1D' } })
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H'), mail]))
  await device('phone')
  await address(known, 'email')
  await post(seen('phone', 'seen', { page: '/a' }), workspace.event('ada', 'seen', { page: '/a' }))
  await merge('phone')
  await workspace.pass(2 * HOUR)
  return journeyId
}
const refusals = async (journeyId: string) => (await workspace.messages(journeyId)).map((row) => row.failure_code).toSorted()

test('two halves that come to say the same in one tick say it once', async () => {
  const journeyId = await aboutToRepeat()
  expect((await workspace.tick()).taken).toBe(2)
  expect(await refusals(journeyId)).toEqual(['duplicate', null])
})

test('two halves that come to say the same in two ticks at once say it once', async () => {
  const journeyId = await aboutToRepeat()
  const { pool, reached, open } = gated(world.database.worker, 'INSERT INTO message ')
  const first = tick({ ...world.ring, pool }, [laneOf(known)])
  await reached
  const second = tick(world.ring, EVERY_LANE).finally(open)
  const waiting = `SELECT 1 FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND locktype = 'advisory' AND NOT granted`
  await Promise.race([second, until(async () => (await world.rows(waiting)).length > 0)])
  open()
  await Promise.all([first, second])
  await drain()
  expect(await refusals(journeyId)).toEqual(['duplicate', null])
})

test('two halves busy in one tick know of each other: one at a time is one', async () => {
  const { journeyId } = await workspace.publish(
    chain(
      [on('seen'), delay('PT1H'), delay('PT1H')].map((node, n) => ({ ...node, key: n === 2 ? 'again' : node.key })),
      { reentry: { rule: 'ONE_AT_A_TIME' } },
    ),
  )
  await device('phone')
  await post(seen('phone', 'seen'))
  await merge('phone')
  await workspace.pass(HOUR)
  await post(workspace.event('ada', 'seen'))
  expect(await entered(journeyId)).toHaveLength(1)
})

test('a change of a merged contact lets in one person, and every half’s journeys hear of it', async () => {
  const changed: Graph['nodes'][number] = { key: 'start', kind: 'contact_trigger', config: { change: 'CHANGED' } }
  const { journeyId } = await workspace.publish(chain([changed, delay('PT1H')]))
  const rule = { condition: { attribute: { path: 'plan', op: 'EQ' as const, value: 'gold' } }, reason: 'gold' }
  const { journeyId: waiting } = await workspace.publish(chain([on('seen'), delay('P1D')], { exitRules: [rule] }))
  const phone = await device('phone')
  await post(seen('phone', 'seen'))
  await merge('phone')
  const before = (await entered(journeyId)).length
  await world.rows(`UPDATE contact SET attributes = '{"plan":"gold"}' WHERE id = $1`, [known])
  const change = { kind: 'contact' as const, data: { change: 'changed' as const, fields: ['plan'] }, workspaceId: workspace.id }
  await post({ ...change, contactId: known }, { ...change, contactId: phone })
  expect([(await entered(journeyId)).length - before, (await workspace.enrollments(waiting)).map((row) => row.end_reason)]).toEqual([1, ['gold']])
})

test('a device’s journey counts what happened on every other one', async () => {
  const when = { event: { name: 'bought', count: { op: 'GTE' as const, value: 1 } } }
  const nodes = [on('seen'), delay('PT1H'), { key: 'branch', kind: 'branch', config: { branches: [{ name: 'yes', when }] } }]
  const { journeyId } = await workspace.publish(
    chain(nodes, {
      nodes: [...nodes, { key: 'customer', kind: 'exit', config: { reason: 'customer' } }],
      edges: [
        { from: 'start', port: 'next', to: 'pause' },
        { from: 'pause', port: 'next', to: 'branch' },
        { from: 'branch', port: 'yes', to: 'customer' },
      ],
    }),
  )
  await device('phone')
  await device('laptop')
  await post(seen('phone', 'seen'), seen('laptop', 'bought'))
  await merge('phone', 'laptop')
  await workspace.pass(2 * HOUR)
  await drain()
  expect((await workspace.enrollments(journeyId)).map((row) => row.end_reason)).toEqual(['customer'])
})

test.each(['known', 'phone', 'laptop'] as const)('consent withdrawn on one half keeps back what is planned on any: %s', async (half) => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H'), email(await workspace.template('email'))], { settings: { purpose: 'PROMOTIONAL' } }),
  )
  const halves = { known, phone: await device('phone'), laptop: await device('laptop') }
  await address(known, 'email')
  await consent(known, 'email', 'GRANTED')
  await post(seen('phone', 'seen'), seen('laptop', 'seen'), workspace.event('ada', 'seen'))
  await merge('phone', 'laptop')
  await consent(halves[half], 'email', 'WITHDRAWN')
  await workspace.pass(2 * HOUR)
  await drain()
  expect((await workspace.messages(journeyId)).map((row) => row.failure_code)).toEqual(Array(3).fill('consent_withdrawn'))
})

test.each(['known', 'phone'] as const)('a half that is suppressed holds back what is planned on any, at the last moment: %s', async (half) => {
  await workspace.connect('email')
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const halves = { known, phone: await device('phone') }
  await device('laptop')
  await merge('phone')
  await address(known, 'email')
  await post(workspace.event('ada', 'seen'))
  await world.rows('UPDATE contact SET suppressed_at = now() WHERE id = $1', [halves[half]])
  const sent: string[] = []
  const dispatcher = openDispatcher({
    pool: world.database.worker,
    lanes: LANES,
    sockets: 4,
    send: async ({ id }) => {
      sent.push(id)
      return { type: 'ok', providerMessageId: id }
    },
    onError: (error) => expect.fail(String(error)),
  })
  dispatcher.add(
    (await workspace.messages(journeyId)).map((row) => row.id),
    () => {},
  )
  await dispatcher.drain()
  await drain()
  expect([sent, (await workspace.messages(journeyId)).map((row) => row.failure_code)]).toEqual([[], ['suppressed']])
})

test.each([
  ['phone', 'ada'],
  ['ada', 'phone'],
  ['phone', 'laptop'],
] as const)('a withdrawal that a provider tells of a message to %s waits for what leaves to %s, or keeps it back', async (told, other) => {
  await workspace.connect('email')
  const { journeyId } = await workspace.publish(
    chain([on('seen'), email(await workspace.template('email'))], { settings: { purpose: 'PROMOTIONAL' } }),
  )
  const halves = { ada: known, phone: await device('phone'), laptop: await device('laptop') }
  for (const id of Object.values(halves)) {
    await address(id, 'email')
    await consent(id, 'email', 'GRANTED')
  }
  await post(workspace.event('ada', 'seen'), seen('phone', 'seen'), seen('laptop', 'seen'))
  const rows = await world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM message WHERE journey_id = $1', [journeyId])
  const messageTo = (half: keyof typeof halves) => rows.find((row) => row.contact_id === halves[half])?.id ?? expect.fail('no message')
  await merge('phone', 'laptop')
  const order: string[] = []
  // The dispatcher holds its locks and has read what it decides by; it has not marked yet.
  const { pool, reached, open } = gated(world.database.worker, `SET status = 'DISPATCHING'`)
  const dispatcher = openDispatcher({
    pool,
    lanes: LANES,
    sockets: 4,
    send: async ({ id }) => {
      order.push('sent')
      return { type: 'ok', providerMessageId: id }
    },
    onError: (error) => expect.fail(String(error)),
  })
  dispatcher.add([messageTo(other)], () => order.push('marked'))
  await reached
  const data = { messageId: messageTo(told), status: 'UNSUBSCRIBED' as const, human: true, at: Date.now() }
  await deliver(world.database.worker, [{ kind: 'callback', data, workspaceId: workspace.id, contactId: halves[told] }], LANES)
  const ticking = tick(world.ring, EVERY_LANE).then(() => order.push('withdrawn'))
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await until(async () => order.length > 0 || (await world.rows(waiting)).length > 0)
  expect(order).toEqual([])
  open()
  await Promise.all([ticking, dispatcher.drain()])
  expect(order.toSorted()).toEqual(['marked', 'sent', 'withdrawn'])
})

test('whoever comes back by START is written to again, whichever half the provider told of', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'text', kind: 'sms', config: { templateId: await workspace.template('sms') } }], {
      settings: { purpose: 'PROMOTIONAL' },
    }),
  )
  const phone = await device('phone')
  await address(known, 'sms')
  await consent(known, 'sms', 'GRANTED')
  await merge('phone')
  await consent(phone, 'sms', 'WITHDRAWN')
  const data = { channel: 'sms' as const, text: 'START', to: '+15550100', providerMessageId: randomUUID(), at: Date.now() }
  await post({ kind: 'inbound', data, workspaceId: workspace.id, contactId: known }, workspace.event('ada', 'seen'))
  await post(workspace.event('ada', 'seen'))
  expect((await workspace.messages(journeyId)).map((row) => row.failure_code)).toEqual([null, null])
})

test('an opt-out told of a device’s message is heard by whatever the person is in', async () => {
  const rule = { condition: { consent: { channel: 'sms' as const, state: 'WITHDRAWN' as const } }, reason: 'opted_out' }
  const { journeyId: waiting } = await workspace.publish(chain([on('waits'), delay('P1D')], { exitRules: [rule] }))
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'text', kind: 'sms', config: { templateId: await workspace.template('sms') } }]),
  )
  const phone = await device('phone')
  await address(phone, 'sms')
  await post(seen('phone', 'seen'), workspace.event('ada', 'waits'))
  await merge('phone')
  const messageId = (await workspace.messages(journeyId))[0]?.id ?? expect.fail('no message')
  const data = { messageId, status: 'UNSUBSCRIBED' as const, human: true, at: Date.now() }
  await post({ kind: 'callback', data, workspaceId: workspace.id, contactId: phone })
  expect((await workspace.enrollments(waiting)).map((row) => row.end_reason)).toEqual(['opted_out'])
})
