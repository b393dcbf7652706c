import { beforeEach, expect, test } from 'vitest'
import { resumeJourney } from '../../jobs/resume.ts'
import type { JobData } from '../../src/queue/boss.ts'
import { chain, delay, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)
let template: string

beforeEach(async () => {
  template = await workspace.template('email')
})

const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])
const resume = (journeyId: string, policy: JobData['resume']['policy']) =>
  resumeJourney(world.database.worker, LANES, { workspaceId: workspace.id, journeyId, policy })
/** Milliseconds from now until each timer is due, ascending; null for a timer that is frozen or was lost. */
const timers = async (journeyId: string) =>
  (
    await world.rows<{ ms: number | null }>(
      `SELECT (extract(epoch FROM due_at - now()) * 1000)::float8 AS ms FROM enrollment WHERE journey_id = $1 AND status = 'ACTIVE' ORDER BY due_at`,
      [journeyId],
    )
  ).map((row) => row.ms)

/** People who wait for an hour before a mail, two hours ago, in a journey that was paused meanwhile. */
async function frozen(externalIds: readonly string[], event = 'seen'): Promise<string> {
  const { journeyId } = await workspace.publish(chain([on(event), delay('PT1H'), email(template)]))
  for (const id of externalIds) await workspace.contact(id, ['email'])
  await workspace.post(...externalIds.map((id) => workspace.event(id, event)))
  await setStatus(journeyId, 'PAUSED')
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  expect(await timers(journeyId)).toEqual(externalIds.map(() => null))
  await setStatus(journeyId, 'LIVE')
  return journeyId
}

/** One person whose mail was held back by the pause; the mail would have been followed by nothing. */
async function held(): Promise<string> {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template), delay('PT1H')]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const [message] = await workspace.messages(journeyId)
  await setStatus(journeyId, 'PAUSED')
  await workspace.post({ kind: 'held', data: { messageId: message?.id ?? '', reason: 'journey_paused' }, workspaceId: workspace.id, contactId })
  await setStatus(journeyId, 'LIVE')
  return journeyId
}

test('RESCHEDULE begins the wait anew: nobody leaves before its whole length has passed again', async () => {
  const journeyId = await frozen(['ada', 'grace', 'edsger'])
  await resume(journeyId, 'RESCHEDULE')
  const [first, , last] = await timers(journeyId)
  // Three at 200 a second are spread over 15 ms; a minute is what a slow machine may take to get here.
  expect(first).toBeGreaterThan(HOUR - 60_000)
  expect(last).toBeLessThanOrEqual(HOUR + 15)
  await workspace.tick()
  expect(await workspace.messages(journeyId)).toEqual([])
  await workspace.pass(HOUR + 15)
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED', 'PLANNED', 'PLANNED'])
})

test('RESCHEDULE of a wait until a time of day ends at that time, not at whatever hour its length has passed again', async () => {
  const minute = Math.floor(Date.now() / 60_000) * 60_000
  const due = minute + 3 * HOUR
  const morning = { key: 'pause', kind: 'delay', config: { until: { time: new Date(due).toISOString().slice(11, 16) } } }
  const { journeyId } = await workspace.publish(chain([on('seen'), morning, email(template)]))
  await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  await setStatus(journeyId, 'PAUSED')
  // It began half a day before yesterday's time of day, which came and went in the pause.
  await workspace.pass(33 * HOUR)
  await world.rows(`UPDATE enrollment SET due_at = $2 WHERE journey_id = $1`, [journeyId, new Date(due - 24 * HOUR)])
  await workspace.tick()
  expect(await timers(journeyId)).toEqual([null])
  await setStatus(journeyId, 'LIVE')
  await resume(journeyId, 'RESCHEDULE')
  await workspace.pass(15)
  await workspace.tick()
  expect(await world.rows('SELECT node, due_at FROM enrollment WHERE journey_id = $1', [journeyId])).toEqual([
    { node: 'pause', due_at: new Date(due) },
  ])
})

test('who was moved on by a tick while the timers are thawed keeps the timer of where they are now', async () => {
  const journeyId = await frozen(['ada', 'grace'])
  const ticking = await world.database.worker.connect()
  await ticking.query('BEGIN')
  await ticking.query(
    `UPDATE enrollment SET frozen_due_at = NULL, due_at = now() + interval '9 hours' FROM contact c WHERE c.id = contact_id AND c.external_id = 'ada' AND journey_id = $1`,
    [journeyId],
  )
  const resuming = resume(journeyId, 'SEND_LATE')
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await until(async () => (await world.rows(waiting)).length > 0)
  await ticking.query('COMMIT')
  ticking.release()
  await resuming
  const [first, last] = await timers(journeyId)
  expect(first).toBeLessThan(HOUR)
  expect(last).toBeGreaterThan(8 * HOUR)
})

test.each(['SEND_LATE', 'SKIP'] as const)('%s ends the wait at once', async (policy) => {
  const journeyId = await frozen(['ada', 'grace'])
  await resume(journeyId, policy)
  await workspace.pass(10)
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED', 'PLANNED'])
})

test.each(['RESCHEDULE', 'SEND_LATE'] as const)('%s plans a message again that the pause held back', async (policy) => {
  const journeyId = await held()
  await resume(journeyId, policy)
  await workspace.pass(5)
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => `${each.status} ${each.failure_code}`)).toEqual(['PLANNED journey_paused'])
})

test('SKIP gives up a message that the pause held back; its token goes on', async () => {
  const journeyId = await held()
  await resume(journeyId, 'SKIP')
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => `${each.status} ${each.failure_code}`)).toEqual(['SUPPRESSED expired'])
  expect((await workspace.enrollments(journeyId)).map((each) => each.node)).toEqual(['pause'])
})

test('no more than two hundred a second come back, however many fell due', async () => {
  const journeyId = await frozen(Array.from({ length: 600 }, (_, n) => `contact-${n}`))
  await resume(journeyId, 'SEND_LATE')
  const due = await timers(journeyId)
  const [first, last] = [due[0] ?? 0, due.at(-1) ?? 0]
  expect(due).toHaveLength(600)
  // Spread over three seconds by a hash: close to all of it is used, and no more.
  expect(last - first).toBeLessThan(3_000)
  expect(last - first).toBeGreaterThan(2_500)
})

test('a job that died half-way is run again and thaws what is left; run once more, it changes nothing', async () => {
  const journeyId = await frozen(['ada', 'grace'])
  const other = await frozen(['barbara'], 'bought')
  const { worker } = world.database
  const dying = (statement: string): typeof worker => {
    const query = (given: { name: string }) => (given.name === statement ? Promise.reject(new TypeError('died')) : worker.query(given as never))
    return { query, connect: async () => ({ query, release() {} }) } as never
  }
  const job = { workspaceId: workspace.id, journeyId, policy: 'RESCHEDULE' } as const
  await expect(resumeJourney(dying('upkeep_thaw_enrollments'), LANES, job)).rejects.toThrow('died')
  expect(await timers(journeyId)).toEqual([null, null])
  await resume(journeyId, 'RESCHEDULE')
  const due = () => world.rows('SELECT id, due_at, frozen_due_at FROM enrollment WHERE journey_id = $1 ORDER BY id', [journeyId])
  const thawed = await due()
  expect(await timers(journeyId)).not.toContain(null)
  await resume(journeyId, 'RESCHEDULE')
  expect([await due(), await timers(other)]).toEqual([thawed, [null]])
})

test('messages held back are given up page after page, each of them once', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template)]))
  const contactId = await workspace.contact('ada', ['email'])
  await world.rows(
    `INSERT INTO message (lane, id, workspace_id, contact_id, journey_id, channel, purpose, template_id, status, failure_code, planned_at)
      SELECT lane_of($1), overlay($1::text placing lpad(to_hex(n), 12, '0') from 25)::uuid, $2, $1, $3, 'email', 'PROMOTIONAL', $4, 'DEFERRED', 'journey_paused', now()
      FROM generate_series(1, 2100) AS n`,
    [contactId, workspace.id, journeyId, template],
  )
  await resume(journeyId, 'SKIP')
  const [inbox] = await world.rows(
    `SELECT count(*)::int AS rows, count(DISTINCT data::json->>'messageId')::int AS messages FROM inbox WHERE workspace_id = $1 AND kind = 'held'`,
    [workspace.id],
  )
  expect(inbox).toEqual({ rows: 2_100, messages: 2_100 })
  while ((await workspace.tick()).taken > 0);
  expect(await world.rows('SELECT DISTINCT status, failure_code FROM message WHERE journey_id = $1', [journeyId])).toEqual([
    { status: 'SUPPRESSED', failure_code: 'expired' },
  ])
})

test('a timer stays frozen when something else was noted of its enrollment during the pause', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H')], { goals: [{ name: 'bought', event: 'order', window: 'P1D', onReached: 'RECORD' }] }),
  )
  await workspace.post(workspace.event('ada', 'seen'))
  await setStatus(journeyId, 'PAUSED')
  await workspace.pass(2 * HOUR)
  await workspace.post(workspace.event('ada', 'other'))
  await workspace.post(workspace.event('ada', 'order'))
  await setStatus(journeyId, 'LIVE')
  await resume(journeyId, 'SEND_LATE')
  await workspace.pass(5)
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.status)).toEqual(['COMPLETED'])
})

test('a message that was held back by the pause, and is told of after the resumption, is planned again', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template)]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const [message] = await workspace.messages(journeyId)
  await resume(journeyId, 'SEND_LATE')
  await workspace.post({ kind: 'held', data: { messageId: message?.id ?? '', reason: 'journey_paused' }, workspaceId: workspace.id, contactId })
  await workspace.pass(5)
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED'])
})
