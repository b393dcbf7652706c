import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canonicalJson, isStorableJson } from '../../src/domain/json.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { Outbox } from '../../src/lanes/outbox.ts'
import { tick } from '../../src/lanes/tick.ts'
import { writeBack } from '../../src/lanes/write-back.ts'
import { CHANGE_CHANNEL, type Changes, decodeChanges, tagOf } from '../../src/realtime/changes.ts'
import { inTransaction } from '../../src/store/sql.ts'
import { chain, delay, EVERY_LANE, email, externalIdIn, LANES, on, type TestWorkspace, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const world = testRing()
const workspace = testWorkspace(world)
let listener: pg.Client
const heard: (Changes | null)[] = []

beforeAll(async () => {
  listener = new pg.Client({ connectionString: world.database.url })
  await listener.connect()
  listener.on('notification', (notice) => void heard.push(decodeChanges(notice.payload ?? '')))
  await listener.query(`LISTEN ${CHANGE_CHANNEL}`)
})
afterAll(() => listener.end())

/** What was told since the last call; the mark comes after everything committed before it. */
async function notices(): Promise<Changes[]> {
  await listener.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, 'mark'])
  await until(async () => heard.includes(null))
  return heard.splice(0, heard.indexOf(null) + 1).filter((each) => each !== null)
}

interface Change {
  set: Record<string, number>
  unset: string[]
  add: string[]
  remove: string[]
}

test('many changes of one contact in one tick come to what they would have come to one after another', async () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const some = fc.uniqueArray(names, { maxLength: 3 })
  const change: fc.Arbitrary<Change> = fc.record({
    set: fc.dictionary(names, fc.nat(9), { noNullPrototype: true }),
    unset: some,
    add: some,
    remove: some,
  })
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), change, async (changes, other) => {
      const [id, bystander] = [await workspace.contact(`contact-${n++}`), await workspace.contact(`contact-${n++}`)]
      await world.rows(`UPDATE contact SET attributes = '{"a": 100, "z": 100}', tags = '{b,z}' WHERE id = ANY ($1)`, [[id, bystander]])
      const lane = (
        await world.rows<{ lane: number }>('SELECT lane FROM contact WHERE id = ANY ($1) ORDER BY id = $2', [[id, bystander], bystander])
      ).map((row) => row.lane)
      const outbox = new Outbox(Date.now())
      for (const each of changes) outbox.contacts.push({ lane: lane[0] ?? 0, id, ...each })
      outbox.contacts.push({ lane: lane[1] ?? 0, id: bystander, ...other })
      await inTransaction(world.database.worker, (client) => writeBack(client, outbox, LANES))
      const expected = (list: Change[]) => {
        const attributes: Record<string, number> = { a: 100, z: 100 }
        let tags = ['b', 'z']
        for (const { set, unset, add, remove } of list) {
          Object.assign(attributes, set)
          for (const name of unset) delete attributes[name]
          tags = [...new Set([...tags, ...add])].filter((tag) => !remove.includes(tag))
        }
        return { attributes, tags: tags.sort() }
      }
      const [row] = await world.rows('SELECT attributes, tags FROM contact WHERE id = $1', [id])
      expect(row).toEqual(expected(changes))
      expect(await world.rows('SELECT attributes, tags FROM contact WHERE id = $1', [bystander])).toEqual([expected([other])])
    }),
    { numRuns: 40 },
  )
})

test('whatever JSON an event brings is kept as it came: with the event, the enrollment, its variables and the message', async () => {
  const template = await workspace.template('email')
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'keep', kind: 'update', config: { variables: [{ name: 'kept', from: 'event' }] } }, email(template)]),
  )
  let n = 0
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })), async (properties) => {
      fc.pre(isStorableJson(properties))
      const externalId = `contact-${n++}`
      const contactId = await workspace.contact(externalId, ['email'])
      const given = JSON.parse(JSON.stringify(properties))
      await workspace.post(workspace.event(externalId, 'seen', given))
      const [row] = await world.rows<{ event: unknown; trigger: unknown; kept: unknown; variables: unknown }>(
        `SELECT v.properties AS event, e.state::json->'trigger'->'event'->'properties' AS trigger, e.state::json->'vars'->'kept' AS kept, m.variables->'event' AS variables
          FROM enrollment e JOIN event v ON v.contact_id = e.contact_id JOIN message m ON m.enrollment_id = e.id WHERE e.contact_id = $1 AND e.journey_id = $2`,
        [contactId, journeyId],
      )
      const canonical = canonicalJson(given)
      for (const part of ['event', 'trigger', 'kept', 'variables'] as const) expect(canonicalJson(row?.[part]), part).toBe(canonical)
    }),
    { numRuns: 40 },
  )
})

test('counters of several ticks add up within the hour, and those of another hour stay apart', async () => {
  const { journeyId, versionId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  const write = (now: number, n: number, amount: number) => {
    const outbox = new Outbox(now)
    outbox.counts.add({ lane: 4, workspaceId: workspace.id, journeyId, versionId }, 'pause', 'entered', n, amount)
    return inTransaction(world.database.worker, (client) => writeBack(client, outbox, LANES))
  }
  const at = Date.parse('2026-05-04T10:20:00Z')
  await write(at, 2, 0.25)
  await write(at + 60_000, 3, 0.5)
  await write(at + 3_600_000, 5, 0)
  expect(
    await world.rows(
      `SELECT to_char(hour AT TIME ZONE 'UTC', 'HH24:MI') AS hour, n::int, amount::float8 FROM node_stats WHERE journey_id = $1 AND metric = 'entered' ORDER BY 1`,
      [journeyId],
    ),
  ).toEqual([
    { hour: '10:00', n: 5, amount: 0.75 },
    { hour: '11:00', n: 5, amount: 0 },
  ])
})

test('subscribers are told once per commit what it changed, by workspace, and nothing of what was rolled back', async () => {
  const other = await world.workspace()
  const mine = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const theirs = await other.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.contact('ada', ['email'])
  await notices()
  await workspace.post(workspace.event('ada', 'seen'), other.event('ada', 'seen'))
  const told = await notices()
  const [enrollment] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [mine.journeyId])
  const [theirEnrollment] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [theirs.journeyId])
  const [message] = await workspace.messages(mine.journeyId)
  const tag = async ({ id }: TestWorkspace) =>
    tagOf((await world.rows<{ id: string }>('SELECT id FROM contact WHERE workspace_id = $1', [id]))[0]?.id ?? '')
  expect(told).toHaveLength(2)
  expect(told).toContainEqual({
    workspaceId: workspace.id,
    enrollments: [enrollment?.id],
    messages: [message?.id],
    journeys: [mine.journeyId],
    contacts: [await tag(workspace)],
    truncated: false,
  })
  expect(told).toContainEqual({
    workspaceId: other.id,
    enrollments: [theirEnrollment?.id],
    messages: [],
    journeys: [theirs.journeyId],
    contacts: [await tag(other)],
    truncated: false,
  })
  const outbox = new Outbox(Date.now())
  outbox.touch(workspace.id, 'journeys', mine.journeyId)
  const failing = inTransaction(world.database.worker, async (client) => {
    await writeBack(client, outbox, LANES)
    throw new TypeError('the tick failed')
  })
  await expect(failing).rejects.toThrow('the tick failed')
  expect(await notices()).toEqual([])
})

test('what is planned and taken back in one tick is kept as cancelled, and never reaches a sender', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))], { exitRules: [{ event: 'bought' }] }))
  await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('ada', 'bought'))
  expect((await workspace.messages(journeyId)).map((each) => `${each.status} ${each.failure_code}`)).toEqual(['CANCELLED enrollment_ended'])
  expect(world.planned).toEqual([])
})

test('what is withdrawn is only what nobody has begun to send', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))], { exitRules: [{ event: 'bought' }] }))
  const statuses = ['PLANNED', 'DEFERRED', 'DISPATCHING', 'UNKNOWN', 'SENT', 'DELIVERED', 'FAILED', 'BOUNCED', 'SUPPRESSED']
  for (const status of statuses) {
    await workspace.contact(status, ['email'])
    await workspace.post(workspace.event(status, 'seen'))
    await world.rows(`UPDATE message SET status = $2, due_at = now() + interval '1 hour' WHERE journey_id = $1 AND status = 'PLANNED'`, [
      journeyId,
      `${status}*`,
    ])
  }
  await world.rows(`UPDATE message SET status = rtrim(status, '*') WHERE journey_id = $1`, [journeyId])
  await workspace.post(...statuses.map((status) => workspace.event(status, 'bought')))
  const rows = await world.rows<{ external_id: string; status: string }>(
    'SELECT c.external_id, m.status FROM message m JOIN contact c ON c.lane = m.lane AND c.id = m.contact_id WHERE m.journey_id = $1',
    [journeyId],
  )
  expect(Object.fromEntries(rows.map((row) => [row.external_id, row.status]))).toEqual({
    ...Object.fromEntries(statuses.map((status) => [status, status])),
    PLANNED: 'CANCELLED',
    DEFERRED: 'CANCELLED',
  })
})

test('engagement calls off the rung that had not left yet, and not what is said because of it', async () => {
  const [first, second, thanks] = [await workspace.template('email'), await workspace.template('sms'), await workspace.template('email')]
  const rungs = [
    { channel: 'email', templateId: first, wait: 'PT1H' },
    { channel: 'sms', templateId: second, wait: 'PT1H' },
  ]
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'ladder', kind: 'escalation', config: { rungs } }, email(thanks)], {
      edges: [
        { from: 'start', port: 'next', to: 'ladder' },
        { from: 'ladder', port: 'engaged', to: 'mail' },
      ],
    }),
  )
  const contactId = await workspace.contact('ada', ['email', 'sms'])
  await workspace.post(workspace.event('ada', 'seen'))
  const messageId = (await workspace.messages(journeyId))[0]?.id ?? ''
  const told = (status: 'SENT' | 'OPENED') =>
    workspace.post({ kind: 'callback', data: { messageId, status, human: true, at: Date.now() }, workspaceId: workspace.id, contactId })
  await told('SENT')
  await workspace.pass(3_600_000)
  await workspace.tick()
  const { sends } = await told('OPENED')
  const messages = await world.rows<{ id: string; said: string }>(
    `SELECT id, channel || ' ' || node || ' ' || status AS said FROM message WHERE journey_id = $1 ORDER BY said`,
    [journeyId],
  )
  expect(messages.map((each) => each.said)).toEqual(['email ladder SENT', 'email mail PLANNED', 'sms ladder CANCELLED'])
  expect(sends.flatMap((each) => each.ids)).toEqual([messages[1]?.id])
})

test('an event that arrived while the tick was at work is kept before what came of it, and so is a goal with it', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H')], { goals: [{ name: 'sale', event: 'bought', window: 'P1D', onReached: 'RECORD' }] }),
  )
  for (const name of ['seen', 'bought']) {
    await deliver(world.ring.pool, [workspace.event('ada', name)], world.ring.lanes)
    await world.rows(`UPDATE inbox SET received_at = now() + interval '2 seconds' WHERE workspace_id = $1`, [workspace.id])
    await workspace.tick()
  }
  const orders = await world.rows<{ ahead: boolean; together: boolean }>(
    `SELECT e.received_at > j.at AS ahead, NOT EXISTS (SELECT FROM conversion AS c WHERE c.journey_id = $1 AND c.recorded_at <> j.at) AS together
      FROM event AS e JOIN journal AS j ON j.contact_id = e.contact_id AND j.seq = CASE e.name WHEN 'seen' THEN 1 ELSE 2 END WHERE j.journey_id = $1 ORDER BY j.seq`,
    [journeyId],
  )
  expect(orders).toEqual([
    { ahead: false, together: false },
    { ahead: false, together: true },
  ])
})

test('consents are written in key order, as dispatch locks their contacts: neither waits for what the other waits with', async () => {
  const known = await workspace.contact(externalIdIn(workspace.id, 40), ['sms'])
  const half = await workspace.contact(externalIdIn(workspace.id, 3), ['sms'], { sms: 'WITHDRAWN' })
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, half])
  const data = { channel: 'sms' as const, text: 'START', to: '+15550100', providerMessageId: randomUUID(), at: Date.now() }
  await deliver(world.database.worker, [{ kind: 'inbound', data, workspaceId: workspace.id, contactId: known }], LANES)
  const dispatching = await world.database.worker.connect()
  await dispatching.query('BEGIN')
  await dispatching.query('SELECT FROM contact WHERE id = $1 FOR SHARE', [known])
  const ticking = tick(world.ring, EVERY_LANE)
  await until(
    async () => (await world.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0,
  )
  const held = await world.rows('SELECT FROM contact WHERE id = $1 FOR SHARE NOWAIT', [half]).then(
    () => 'free',
    (error: { code?: string }) => error.code,
  )
  await dispatching.query('COMMIT')
  dispatching.release()
  await ticking
  expect(held).toBe('55P03')
  expect(await world.rows('SELECT DISTINCT state FROM consent WHERE contact_id = ANY($1)', [[known, half]])).toEqual([{ state: 'GRANTED' }])
})
