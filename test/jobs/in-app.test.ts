import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { openInAppSender } from '../../jobs/in-app.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Client } from '../../src/store/ask.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { IN_APP_CHANNEL } from '../../src/store/queries/in-app.ts'
import { testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const world = testRing()
const workspace = testWorkspace(world)
let contactId: string
let sender: ReturnType<typeof openInAppSender>

beforeEach(async () => {
  contactId = await workspace.contact('ada')
  sender = openInAppSender(world.database.worker)
})

interface Handed {
  id: string
  contact_id: string
}

/** Messages in the ledger, handed over; each was planned a millisecond after the one before. */
async function messages(n: number, to = contactId): Promise<Handed[]> {
  const ids = Array.from({ length: n }, (_, i) => newLanedId(laneOf(to), 1_750_000_000_000 + i))
  await world.rows(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, attempt, planned_at)
      SELECT $1, id, $2, $3, 'in_app', 'SERVICE', $4, 'DISPATCHING', 1, now() FROM unnest($5::uuid[]) AS id`,
    [laneOf(to), workspace.id, to, randomUUID(), ids],
  )
  return ids.map((id) => ({ id, contact_id: to }))
}

const modal = (title: string, rest: JsonObject = {}) => ({ surface: 'MODAL', title, ...rest })
const shown = (of = contactId) =>
  world.rows<{ id: string; key: string | null; title: string; revision: number }>(
    `SELECT id, key, content->>'title' AS title, revision FROM in_app_message WHERE contact_id = $1 ORDER BY id`,
    [of],
  )

test('it is there with all that was said of it, and the sender knows it by its own id', async () => {
  const [message] = await messages(1)
  const content = modal('Hi', { priority: 9, target: { platforms: ['IOS', 'WEB'], screens: ['home, sweet "home"'] }, ttl: 'P1D' })
  expect(await sender.show(message as Handed, content)).toEqual({ type: 'ok', providerMessageId: message?.id })
  const rows = await world.rows(
    `SELECT workspace_id, surface, priority, platforms, screens, events, content, expires_at - changed_at = interval '1 day' AS lasts, delivered_at, revision FROM in_app_message WHERE id = $1`,
    [message?.id],
  )
  expect(rows).toEqual([
    {
      workspace_id: workspace.id,
      surface: 'MODAL',
      priority: 9,
      platforms: ['IOS', 'WEB'],
      screens: ['home, sweet "home"'],
      events: null,
      content,
      lasts: true,
      delivered_at: null,
      revision: 1,
    },
  ])
  expect(await world.rows('SELECT provider_message_id FROM message WHERE id = $1', [message?.id])).toEqual([{ provider_message_id: message?.id }])
})

test('it ends with its time to live or at the instant given, whichever is sooner', async () => {
  const [soon, late] = (await messages(2)) as [Handed, Handed]
  await sender.show(soon, modal('soon', { ttl: 'P9D', expiresAt: '2099-01-01' }))
  await sender.show(late, modal('late', { expiresAt: new Date(Date.now() + 60_000).toISOString() }))
  expect(
    await world.rows(
      `SELECT content->>'title' AS title, expires_at > now() + interval '8 days' AS long, expires_at < now() + interval '10 days' AS short FROM in_app_message WHERE contact_id = $1 ORDER BY id`,
      [contactId],
    ),
  ).toEqual([
    { title: 'soon', long: true, short: true },
    { title: 'late', long: false, short: true },
  ])
})

test('shown again it is what it was, though it render otherwise now or have been replaced, dismissed or forgotten since', async () => {
  const [first, second] = (await messages(2)) as [Handed, Handed]
  await sender.show(first, modal('one', { key: 'order-1' }))
  await world.rows('UPDATE in_app_message SET dismissed_at = now() WHERE id = $1', [first.id])
  const before = await world.rows('SELECT * FROM in_app_message WHERE contact_id = $1', [contactId])
  for (const again of [modal('one', { key: 'order-1' }), modal('other', { key: 'order-2' }), modal('other')])
    expect(await sender.show(first, again)).toEqual({ type: 'ok', providerMessageId: first.id })
  expect(await world.rows('SELECT * FROM in_app_message WHERE contact_id = $1', [contactId])).toEqual(before)
  await sender.show(second, modal('two', { key: 'order-1' }))
  await sender.show(first, modal('one', { key: 'order-9' }))
  expect(await shown()).toEqual([{ id: second.id, key: 'order-1', title: 'two', revision: 2 }])
  await world.rows('DELETE FROM in_app_message WHERE contact_id = $1', [contactId])
  await Promise.all([sender.show(first, modal('one')), sender.show(second, modal('two', { key: 'order-1' }))])
  expect(await shown()).toEqual([])
})

test('an update takes its place, and is new to whoever saw, clicked or dismissed what was there', async () => {
  const [first, second] = (await messages(2)) as [Handed, Handed]
  await sender.show(first, { surface: 'LIVE_STATUS', title: 'Confirmed', key: 'order-1' })
  await world.rows('UPDATE in_app_message SET delivered_at = now(), seen_at = now(), clicked_at = now(), dismissed_at = now() WHERE id = $1', [
    first.id,
  ])
  await sender.show(second, { surface: 'LIVE_STATUS', title: 'On its way', key: 'order-1', priority: 60, ttl: 'PT1H' })
  expect(
    await world.rows(
      `SELECT id, content->>'title' AS title, priority, expires_at - changed_at = interval '1 hour' AS lasts, num_nulls(delivered_at, seen_at, clicked_at, dismissed_at) AS fresh FROM in_app_message WHERE contact_id = $1`,
      [contactId],
    ),
  ).toEqual([{ id: second.id, title: 'On its way', priority: 60, lasts: true, fresh: 4 }])
})

test('whatever the order, the repetition and the company, the newest of each key stands, and all that have none', async () => {
  const plan = fc.record({
    keys: fc.array(fc.constantFrom(null, 'a', 'b'), { minLength: 1, maxLength: 6 }),
    order: fc.array(fc.nat(100), { minLength: 1, maxLength: 12 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ keys, order }) => {
      const to = await workspace.contact(randomUUID())
      const all = await messages(keys.length, to)
      const show = (from: typeof sender, i: number) => {
        const key = keys[i] ?? null
        return from.show(all[i] as Handed, modal(String(i), key === null ? {} : { key }))
      }
      const asked = [...order.map((n) => n % keys.length), ...keys.keys()]
      const other = openInAppSender(world.database.worker)
      const outcomes = await Promise.all(asked.map((i, n) => show(n % 2 === 0 ? sender : other, i)))
      expect(outcomes.every((each) => each.type === 'ok')).toBe(true)
      const standing = keys.flatMap((key, i) => (key === null || keys.lastIndexOf(key) === i ? [String(i)] : []))
      expect((await shown(to)).map((row) => row.title)).toEqual(standing)
    }),
    { numRuns: 40 },
  )
})

test('the same key is another thing with another contact', async () => {
  const bob = await workspace.contact('bob')
  const [mine, theirs] = [...(await messages(1)), ...(await messages(1, bob))] as [Handed, Handed]
  await Promise.all([sender.show(mine, modal('mine', { key: 'k' })), sender.show(theirs, modal('theirs', { key: 'k' }))])
  expect([(await shown())[0]?.title, (await shown(bob))[0]?.title]).toEqual(['mine', 'theirs'])
})

test('what it renders to is refused for good where it cannot be shown', async () => {
  const [message] = (await messages(1)) as [Handed]
  expect(await sender.show(message, modal('Hi', { expiresAt: '2001-01-01' }))).toEqual({
    type: 'permanent',
    code: 'INVALID_CONTENT',
    message: 'expiresAt has passed',
  })
  expect([await shown(), await world.rows('SELECT provider_message_id FROM message WHERE id = $1', [message.id])]).toEqual([
    [],
    [{ provider_message_id: null }],
  ])
})

/** The worker's pool, counting what it is asked; the first `broken` times it is away. */
function counting(broken = 0): { client: Client; asked: number[] } {
  const asked: number[] = []
  const client: Client = {
    async query(statement) {
      const [, ids] = statement.values as [Buffer, Buffer]
      asked.push(ids.readInt32BE(12))
      if (asked.length <= broken) throw new TypeError('the database is away')
      return world.database.worker.query(statement)
    },
  }
  return { client, asked }
}

test('a database that is away puts nothing in doubt: it is tried again', async () => {
  const [message] = (await messages(1)) as [Handed]
  const away = openInAppSender(counting(1).client)
  expect(await away.show(message, modal('Hi'))).toMatchObject({ type: 'retry', code: 'SENDER_NOT_READY' })
  expect(await away.show(message, modal('Hi'))).toEqual({ type: 'ok', providerMessageId: message.id })
  expect(await shown()).toHaveLength(1)
})

test('of one whose sender died it is known whether it was shown', async () => {
  const [first, second] = (await messages(2)) as [Handed, Handed]
  expect(await sender.lookUp(first)).toMatchObject({ type: 'retry', code: 'SENDER_LOST' })
  await sender.show(first, modal('one', { key: 'k' }))
  await sender.show(second, modal('two', { key: 'k' }))
  expect(await sender.lookUp(first)).toEqual({ type: 'ok', providerMessageId: first.id })
})

test('what comes while one is written goes together, no more than are marked at a time', async () => {
  const { client, asked } = counting()
  const many = openInAppSender(client)
  await Promise.all((await messages(100)).map((each) => many.show(each, modal('Hi'))))
  expect([asked, (await shown()).length]).toEqual([[1, 64, 35], 100])
})

test('whoever listens as any half of the contact is told, once what is new can be read', async () => {
  const half = await workspace.contact('half')
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, contactId])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [contactId, half])
  const [known, merged] = [...(await messages(1)), ...(await messages(1, half))] as [Handed, Handed]
  const listener = new pg.Client({ connectionString: world.database.url })
  await listener.connect()
  const heard: (string[] | undefined)[] = []
  listener.on('notification', ({ payload }) => heard.push(payload?.split(',').sort()))
  await listener.query(`LISTEN ${IN_APP_CHANNEL}`)
  await sender.show(known, modal('Hi'))
  await sender.show(known, modal('again'))
  await sender.show(merged, modal('Hi'))
  await until(async () => heard.length > 1)
  await listener.end()
  const both = [contactId, half].sort()
  expect(heard).toEqual([both, both])
})
