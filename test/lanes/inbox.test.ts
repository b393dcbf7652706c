import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { deliver, deliverAlone, type InboxItem, laneOfItem } from '../../src/lanes/inbox.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { WAKE_CHANNEL } from '../../src/store/queries/inbox.ts'
import { inTransaction } from '../../src/store/sql.ts'
import { externalIdIn, LANES, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const world = testRing()
const workspace = testWorkspace(world)
let listener: pg.Client
const heard: string[] = []

beforeAll(async () => {
  listener = new pg.Client({ connectionString: world.database.url })
  await listener.connect()
  listener.on('notification', (notice) => void (notice.channel === WAKE_CHANNEL && heard.push(notice.payload ?? '')))
  await listener.query(`LISTEN ${WAKE_CHANNEL}`)
})
afterAll(() => listener.end())
beforeEach(async () => {
  await notices()
})
afterEach(() => world.rows('DELETE FROM inbox'))

const rows = () => world.rows('SELECT lane, kind, contact_id, reference, data::json FROM inbox WHERE workspace_id = $1 ORDER BY seq', [workspace.id])
const exit = (contactId: string, reason = 'test'): InboxItem => ({
  kind: 'exit',
  data: { enrollmentId: newLanedId(0), reason },
  workspaceId: workspace.id,
  contactId,
})
/** What has been heard since the last call: notices come in the order of commits, so all before the mark are there with it. */
async function notices(): Promise<number[][]> {
  const mark = randomUUID()
  await listener.query('SELECT pg_notify($1, $2)', [WAKE_CHANNEL, mark])
  await until(async () => heard.includes(mark))
  return heard.splice(0, heard.indexOf(mark) + 1).flatMap((each) => (each === mark ? [] : [each.split(',').map(Number)]))
}

test('an item goes to its contact’s lane, or to the one its reference hashes to, which no other workspace need share', () => {
  const contactId = newLanedId(41)
  expect(laneOfItem(exit(contactId), LANES)).toBe(41)
  for (const lane of [0, 17, LANES - 1]) expect(laneOfItem(workspace.event(externalIdIn(workspace.id, lane), 'seen'), LANES)).toBe(lane)
  const elsewhere = Array.from({ length: 40 }, () => laneOfItem({ ...workspace.event('ada', 'seen'), workspaceId: randomUUID() }, LANES))
  expect(new Set(elsewhere).size).toBeGreaterThan(5)
})

test('items are kept as they were given, in their order', async () => {
  const contactId = newLanedId(5)
  const event = workspace.event('ada', 'seen', { text: 'a,b "c" {d} \\ é 🧦', list: [1, null, { deep: true }], number: 1.5 })
  const items = [exit(contactId, 'first'), event, exit(contactId, 'second')]
  await deliver(world.database.worker, items, LANES)
  expect(await rows()).toEqual([
    { lane: 5, kind: 'exit', contact_id: contactId, reference: null, data: items[0]?.data },
    { lane: laneOfItem(event, LANES), kind: 'event', contact_id: null, reference: 'external:ada', data: event.data },
    { lane: 5, kind: 'exit', contact_id: contactId, reference: null, data: items[2]?.data },
  ])
})

test('workers are woken once for all lanes of a delivery, when it commits', async () => {
  await inTransaction(world.database.worker, async (client) => {
    await deliver(
      client,
      [3, 9, 3].map((lane) => exit(newLanedId(lane))),
      LANES,
    )
    expect([await notices(), await rows()]).toEqual([[], []])
  })
  expect((await notices()).map((lanes) => lanes.sort((a, b) => a - b))).toEqual([[3, 9]])
  expect(await rows()).toHaveLength(3)
})

test('what is rolled back never was', async () => {
  const failing = inTransaction(world.database.worker, async (client) => {
    await deliver(client, [exit(newLanedId(3))], LANES)
    throw new TypeError('changed its mind')
  })
  await expect(failing).rejects.toThrow('changed its mind')
  expect([await notices(), await rows()]).toEqual([[], []])
})

test('nothing to deliver wakes nobody', async () => {
  await deliver(world.database.worker, [], LANES)
  expect(await notices()).toEqual([])
})

test('a delivery by itself is there when the workers are woken for it', async () => {
  await deliverAlone(
    world.database.worker,
    [3, 9].map((lane) => exit(newLanedId(lane))),
    LANES,
  )
  expect([await notices(), (await rows()).length]).toEqual([[[3, 9]], 2])
})

test('or is there although nobody could be woken', async () => {
  const deaf = Object.assign(Object.create(world.database.worker), {
    query: (asked: { name?: string }, answer: never) =>
      asked.name === 'inbox_wake' ? Promise.reject(new TypeError('the database is away')) : world.database.worker.query(asked as never, answer),
  })
  await deliverAlone(deaf, [exit(newLanedId(3))], LANES)
  expect([await notices(), (await rows()).length]).toEqual([[], 1])
})

test('a delivery may reach every lane of the largest installation', async () => {
  const lanes = Array.from({ length: 4_096 }, (_, lane) => lane)
  await deliver(
    world.database.worker,
    lanes.map((lane) => exit(newLanedId(lane))),
    4_096,
  )
  expect(await world.rows('SELECT count(DISTINCT lane)::int AS n FROM inbox WHERE workspace_id = $1', [workspace.id])).toEqual([{ n: 4_096 }])
  expect((await notices()).flat().sort((a, b) => a - b)).toEqual(lanes)
})
