import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TIMELINE_KINDS, type TimelinePlace } from '../../../src/domain/timeline.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
import { findPlaces, readVisits, TIMELINE, type TimelineQuery, timelineValues } from '../../../src/store/queries/timeline.ts'
import { inWorkspace } from '../../../src/store/sql.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const run = (text: string, values: unknown[]) => database.owner.query(text, values)
const AT = Date.UTC(2026, 2, 1)
const [arrived, left, other] = [
  { code: 'arrived', node: 'mail' },
  { code: 'left', node: 'mail', port: 'next' },
  { code: 'goal_reached', node: 'mail' },
]

/** One row of each source at an instant; answers how many places they make. */
async function everything(workspace: string, lane: number, contact: string, at: Date, seq: number, decisions: object[]): Promise<void> {
  const [row, any] = [[lane, workspace, contact, at], randomUUID()]
  await run(
    `INSERT INTO consent_change (lane, id, workspace_id, contact_id, at, state, source, purpose) VALUES ($1, $5, $2, $3, $4, 'GRANTED', 'x', 'x')`,
    [...row, newLanedId(lane)],
  )
  await run(
    `INSERT INTO event (lane, id, workspace_id, contact_id, received_at, occurred_at, name, properties) VALUES ($1, $5, $2, $3, $4, now(), 'x', '{}')`,
    [...row, newLanedId(lane)],
  )
  await run(
    `INSERT INTO conversion (lane, id, workspace_id, contact_id, recorded_at, at, journey_id, version_id, enrollment_id, goal, event_id)
      VALUES ($1, $5, $2, $3, $4, now(), $6, $6, $6, 'x', $6)`,
    [...row, newLanedId(lane), any],
  )
  await run(
    `INSERT INTO journal (lane, id, workspace_id, contact_id, at, journey_id, enrollment_id, seq, input, decisions) VALUES ($1, $5, $2, $3, $4, $6, $7, $8, '{}', $9)`,
    [...row, newLanedId(lane), any, contact, seq, JSON.stringify(decisions)],
  )
  await run(
    `INSERT INTO message (lane, id, workspace_id, contact_id, planned_at, channel, purpose, template_id, status) VALUES ($1, $5, $2, $3, $4, 'sms', 'SERVICE', $6, 'SENT')`,
    [...row, newLanedId(lane), any],
  )
  await run(
    `INSERT INTO message_status (lane, id, workspace_id, contact_id, received_at, at, message_id, status) VALUES ($1, $5, $2, $3, $4, now(), $6, 'SENT')`,
    [...row, newLanedId(lane), any],
  )
}

const rankOf = ({ kind }: TimelinePlace) => TIMELINE_KINDS.indexOf(kind)
const inOrder = (a: TimelinePlace, b: TimelinePlace) =>
  a.at - b.at || rankOf(a) - rankOf(b) || a.seq - b.seq || (a.id < b.id ? -1 : Number(a.id > b.id)) || a.n - b.n

describe('a history of two halves, much of it at the same instant', () => {
  const workspace = randomUUID()
  const halves = [
    { lane: 3, id: newLanedId(3) },
    { lane: 9, id: newLanedId(9) },
  ]
  const find = (query: Partial<TimelineQuery>) =>
    inWorkspace(database.api, workspace, (client) =>
      findPlaces(client, { halves, kinds: TIMELINE_KINDS, before: null, since: null, oldestFirst: false, limit: 1_000, ...query }),
    )
  beforeAll(async () => {
    for (const { lane, id } of halves)
      for (const n of [0, 1, 2, 3])
        await everything(workspace, lane, id, new Date(AT + 1_000 * Math.floor(n / 2)), 4 - n, n === 3 ? [other] : [arrived, left, arrived, other])
    // Somebody else's, and a contact's of another workspace in the same lane.
    await everything(workspace, 3, newLanedId(3), new Date(AT), 1, [arrived])
    await everything(randomUUID(), 3, halves[0]?.id ?? '', new Date(AT), 1, [arrived])
    await run(
      `UPDATE consent_change SET at = at + interval '1 microsecond' WHERE id = (SELECT max(id::text)::uuid FROM consent_change WHERE contact_id = $1)`,
      [halves[1]?.id],
    )
  })

  test('is whole, in one order, to the microsecond', async () => {
    const all = await find({})
    expect(Object.groupBy(all, (each) => each.kind)).toEqual(
      Object.fromEntries(TIMELINE_KINDS.map((kind) => [kind, expect.objectContaining({ length: kind === 'VISIT' ? 12 : 8 })])),
    )
    expect(all).toEqual(all.toSorted((a, b) => inOrder(b, a)))
    expect(all.map((each) => each.at % 1_000).filter((each) => each > 0)).toEqual([1])
    expect(await find({ oldestFirst: true })).toEqual(all.toReversed())
  })

  test.each([1, 5, 7])('is the same by pages of %i, from either end', async (limit) => {
    const all = await find({})
    for (const oldestFirst of [false, true]) {
      const read: TimelinePlace[] = []
      for (let more = true; more; ) {
        const last = read.at(-1) ?? null
        const page = await find({ limit, oldestFirst, ...(oldestFirst ? { since: last } : { before: last }) })
        read.push(...page)
        more = page.length > 0
      }
      expect(read).toEqual(oldestFirst ? all.toReversed() : all)
    }
  })

  test('is read between two places, and of some kinds alone', async () => {
    const all = await find({})
    const [before, since] = [all[3] ?? null, all.at(-4) ?? null]
    expect(await find({ before, since })).toEqual(all.slice(4, -4))
    expect(await find({ kinds: ['VISIT', 'EVENT'] })).toEqual(all.filter(({ kind }) => kind === 'VISIT' || kind === 'EVENT'))
    expect(await find({ kinds: [] })).toEqual([])
  })
})

test('a visit ends by the next decision to leave, of its own entry or of a later one', async () => {
  const [workspace, contact, enrollment] = [randomUUID(), newLanedId(5), newLanedId(5)]
  const entries: [seconds: number, decisions: object[]][] = [
    [
      0,
      [
        { code: 'entered', node: 'start' },
        { code: 'left', node: 'start', port: 'next' },
        { code: 'arrived', node: 'wait' },
      ],
    ],
    [60, [other]],
    [
      120,
      [
        { code: 'left', node: 'wait', port: 'timeout' },
        { code: 'arrived', node: 'mail' },
      ],
    ],
  ]
  for (const [seq, [seconds, decisions]] of entries.entries())
    await run(
      `INSERT INTO journal (lane, id, workspace_id, contact_id, at, journey_id, enrollment_id, seq, input, decisions) VALUES (5, $1, $2, $3, $4, $2, $5, $6, '{}', $7)`,
      [newLanedId(5), workspace, contact, new Date(AT + seconds * 1_000), enrollment, seq, JSON.stringify(decisions)],
    )
  const visits = await inWorkspace(database.api, workspace, async (client) => {
    const query = { halves: [{ lane: 5, id: contact }], kinds: ['VISIT'] as const, before: null, since: null, oldestFirst: true, limit: 9 }
    return readVisits(client, await findPlaces(client, query))
  })
  const seconds = (at: number | null) => (at === null ? null : (at - AT) / 1_000)
  expect(visits.map((each) => [each.enrollment_id, each.node, seconds(each.entered), seconds(each.left), each.port])).toEqual([
    [enrollment, 'start', 0, 0, 'next'],
    [enrollment, 'wait', 0, 120, 'timeout'],
    [enrollment, 'mail', 120, null, null],
  ])
})

test.each(Object.entries(TIMELINE))('every source is entered by its index, read in order and left at the page’s end: %s', async (_, { text }) => {
  const contact = { lane: 1, id: newLanedId(1) }
  const place = { at: AT * 1_000, kind: 'EVENT', seq: 0, n: 0, id: newLanedId(1) } as const
  const values = timelineValues({ halves: [contact], kinds: TIMELINE_KINDS, before: place, since: null, oldestFirst: false, limit: 21 })
  const client = await database.owner.connect()
  try {
    // A hundred thousand rows of everything would say the same, slower.
    await client.query('BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL plan_cache_mode = force_generic_plan')
    await client.query(`PREPARE timeline AS ${text}`)
    const literal = (value: unknown) =>
      Array.isArray(value) ? `'{${value.join()}}'` : value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value}'`
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE timeline (${values.map(literal).join()})`)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    for (const index of ['consent_change_by_contact', 'conversion_in_timeline', 'message_by_contact'])
      expect(plan).toMatch(new RegExp(`Index (Only )?Scan (Backward )?using ${index}`))
    // Partitions name theirs after their columns: those that end in the instant and the id are the timeline's.
    for (const partition of [
      'event_rest_lane_contact_id_received_at_id',
      'message_status_rest_lane_contact_id_received_at_id',
      'journal_rest_lane_contact_id_at_idx',
    ])
      expect(plan).toMatch(new RegExp(`Index (Only )?Scan (Backward )?using ${partition}`))
    expect(plan).toContain('Merge Append')
    expect(plan).not.toMatch(/Seq Scan|Bitmap/)
  } finally {
    await client.query('ROLLBACK; DEALLOCATE ALL')
    client.release()
  }
})
