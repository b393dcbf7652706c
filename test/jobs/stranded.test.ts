import { expect, test } from 'vitest'
import { ASKED_BEFORE, STRANDED_AFTER, sweepStranded } from '../../jobs/stranded.ts'
import type { SendOutcome } from '../../src/domain/delivery.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import type { Stranded } from '../../src/store/queries/dispatch.ts'
import { chain, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)
let journeyId: string

/** Messages that were marked this many milliseconds ago by senders that have not been heard of since. */
async function marked(...ages: number[]): Promise<string[]> {
  ;({ journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))])))
  const ids: string[] = []
  for (const [n, age] of ages.entries()) {
    await workspace.contact(`contact-${n}`, ['email'])
    await workspace.post(workspace.event(`contact-${n}`, 'seen'))
    const [row] = await world.rows<{ id: string }>(
      `UPDATE message SET status = 'DISPATCHING', attempt = 1, dispatching_at = now() - $2::float8 * interval '1 millisecond'
        WHERE journey_id = $1 AND status = 'PLANNED' RETURNING id`,
      [journeyId, age],
    )
    ids.push(row?.id ?? '')
  }
  return ids
}

const sweep = (ask: (message: Stranded) => Promise<SendOutcome | null>) => sweepStranded(world.database.worker, LANES, ask)
const outcomes = async () => {
  const rows = await world.rows<{ id: string; status: string; failure_code: string | null }>(
    'SELECT id, status, failure_code FROM message WHERE journey_id = $1',
    [journeyId],
  )
  return Object.fromEntries(rows.map((row) => [row.id, row.failure_code === null ? row.status : `${row.status} ${row.failure_code}`]))
}

test('what a provider can tell is believed; what it cannot tell is unknown, and never sent again by itself', async () => {
  const [told = '', untold = '', refused = ''] = await marked(60_000, 60_000, 60_000)
  const asked: string[] = []
  const swept = await sweep(async (message) => {
    asked.push(message.id)
    if (message.id === told) return { type: 'ok', providerMessageId: 'SM1' }
    return message.id === refused ? { type: 'permanent', code: '30005', message: 'unknown handset' } : null
  })
  expect([swept, asked.sort()]).toEqual([3, [told, untold, refused].sort()])
  world.planned.length = 0
  await workspace.tick()
  expect(await outcomes()).toEqual({ [told]: 'SENT', [untold]: 'UNKNOWN SENDER_LOST', [refused]: 'FAILED 30005' })
  expect(world.planned).toEqual([])
})

test('a sender that may still be waiting for its answer is left alone', async () => {
  const [young = ''] = await marked(STRANDED_AFTER - 10_000)
  expect(await sweep(async () => null)).toBe(0)
  await workspace.tick()
  expect(await outcomes()).toEqual({ [young]: 'DISPATCHING' })
})

test('it does not matter how many workers sweep, nor that the lost sender reports after all', async () => {
  const [id = ''] = await marked(60_000)
  await Promise.all([sweep(async () => null), sweep(async () => null)])
  await workspace.tick()
  expect(await sweep(async () => null)).toBe(0)
  const [row] = await world.rows<{ contact_id: string }>('SELECT contact_id FROM message WHERE id = $1', [id])
  await workspace.post({
    kind: 'result',
    data: { messageId: id, attempt: 1, outcome: { type: 'ok', providerMessageId: 'SM1' }, at: Date.now() },
    workspaceId: workspace.id,
    contactId: row?.contact_id ?? '',
  })
  expect(await outcomes()).toEqual({ [id]: 'SENT' })
  expect(
    await world.rows(
      `SELECT metric, sum(n)::int AS n FROM node_stats WHERE journey_id = $1 AND metric IN ('sent@email', 'unknown@email') GROUP BY 1 ORDER BY 1`,
      [journeyId],
    ),
  ).toEqual([
    { metric: 'sent@email', n: 1 },
    { metric: 'unknown@email', n: 1 },
  ])
})

test('one provider that cannot even be asked keeps nobody else from being told', async () => {
  const ids = await marked(60_000, 60_000, 60_000)
  const fault = new TypeError('the credentials cannot be opened')
  const asking = sweep(async (message) => {
    if (message.id === ids[0]) throw fault
    return { type: 'ok', providerMessageId: message.id }
  })
  await expect(asking).rejects.toBe(fault)
  await workspace.tick()
  expect(await outcomes()).toEqual({ [ids[0] ?? '']: 'UNKNOWN SENDER_LOST', [ids[1] ?? '']: 'SENT', [ids[2] ?? '']: 'SENT' })
})

test('a provider that keeps one question waiting keeps the others from nothing: they are asked at the same time', async () => {
  const ids = await marked(60_000, 60_000, 60_000)
  let asked = 0
  let answerAll = () => {}
  const everybody = new Promise<void>((done) => {
    answerAll = done
  })
  await sweep(async (message) => {
    if (++asked === ids.length) answerAll()
    await everybody
    return { type: 'ok', providerMessageId: message.id }
  })
  await workspace.tick()
  expect(Object.values(await outcomes())).toEqual(['SENT', 'SENT', 'SENT'])
}, 20_000)

/** A message whose answer was lost, so many milliseconds before nothing more is waited for. */
async function doubtful(left: number): Promise<string> {
  const [id = ''] = await marked(60_000)
  await workspace.post(result(id, { type: 'ambiguous', code: 'TIMEOUT', message: 'no answer' }, await contactOf(id)))
  await world.rows(`UPDATE message SET due_at = now() + $2::float8 * interval '1 millisecond' WHERE id = $1 AND status = 'UNKNOWN'`, [id, left])
  return id
}
const contactOf = async (id: string) =>
  (await world.rows<{ contact_id: string }>('SELECT contact_id FROM message WHERE id = $1', [id]))[0]?.contact_id ?? ''
const result = (messageId: string, outcome: SendOutcome, contactId: string): InboxItem => ({
  kind: 'result',
  data: { messageId, attempt: 1, outcome, at: Date.now() },
  workspaceId: workspace.id,
  contactId,
})

test.each([
  ['was accepted', { type: 'ok', providerMessageId: 'SM1' }, 'SENT'],
  ['never will be', { type: 'permanent', code: '30005', message: 'unknown handset' }, 'FAILED 30005'],
  ['cannot be told', null, 'UNKNOWN TIMEOUT'],
] as [string, SendOutcome | null, string][])('before a lost answer is given up, its provider is asked: it %s', async (_, told, outcome) => {
  const id = await doubtful(ASKED_BEFORE - 10_000)
  await sweep(async (message) => (message.id === id ? told : null))
  await workspace.tick()
  expect(await outcomes()).toEqual({ [id]: outcome })
  const [row] = await world.rows<{ waits: boolean }>('SELECT due_at IS NOT NULL AS waits FROM message WHERE id = $1', [id])
  expect(row?.waits).toBe(told === null)
})

test.each([ASKED_BEFORE + 10_000, -1])('it is not asked %d ms before, while a callback may yet come or when it is too late', async (left) => {
  const id = await doubtful(left)
  const asked: string[] = []
  await sweep(async (message) => {
    asked.push(message.id)
    return null
  })
  expect(asked).not.toContain(id)
})

test.each([
  [20_000, 'UNKNOWN SENDER_LOST'],
  [40_000, 'SENT'],
])('asked after its address alone, a provider may mean the message that went there %d ms later', async (later, outcome) => {
  const [lost = ''] = await marked(60_000)
  await workspace.publish(chain([on('seen again'), email(await workspace.template('email'))]))
  await workspace.post(workspace.event('contact-0', 'seen again'))
  await world.rows(
    `UPDATE message SET status = 'SENT', dispatching_at = lost.dispatching_at + $2::float8 * interval '1 millisecond'
      FROM message AS lost WHERE lost.id = $1 AND message.contact_id = lost.contact_id AND message.id <> $1`,
    [lost, later],
  )
  await sweep(async () => ({ type: 'ok', providerMessageId: 'SM1' }))
  await workspace.tick()
  expect(await outcomes()).toEqual({ [lost]: outcome })
})
