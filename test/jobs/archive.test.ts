import { expect, test } from 'vitest'
import { emptyJourney } from '../../jobs/archive.ts'
import { chain, delay, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)

const archive = (journeyId: string) => world.rows(`UPDATE journey SET status = 'ARCHIVED' WHERE id = $1`, [journeyId])
const empty = (journeyId: string, pool = world.database.worker) => emptyJourney(pool, LANES, { workspaceId: workspace.id, journeyId })
const decisions = async (journeyId: string) =>
  (
    await world.rows<{ decisions: { code: string; data?: { reason?: string } }[] }>(
      'SELECT decisions::json FROM journal WHERE journey_id = $1 ORDER BY at, seq',
      [journeyId],
    )
  ).flatMap((row) => row.decisions.map(({ code, data }) => [code, data?.reason ?? null]))

test('everybody inside leaves as exited, with the reason in the trace, and what was planned for them is withdrawn', async () => {
  const template = await workspace.template('email')
  const waiting = await workspace.publish(chain([on('seen'), delay('P1D'), email(template)]))
  const mailed = await workspace.publish(chain([on('seen'), email(template), delay('P1D')]))
  const kept = await workspace.publish(chain([on('seen'), delay('P1D')]))
  for (const id of ['ada', 'grace']) await workspace.contact(id, ['email'])
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  for (const { journeyId } of [waiting, mailed]) await archive(journeyId)
  for (const { journeyId } of [waiting, mailed]) await empty(journeyId)
  await workspace.tick()
  for (const { journeyId } of [waiting, mailed]) {
    const left = { status: 'EXITED', node: null, end_reason: 'journey_archived', key: '' }
    expect(await workspace.enrollments(journeyId)).toEqual([left, left])
    expect((await decisions(journeyId)).filter(([code]) => code === 'exited')).toEqual(Array(2).fill(['exited', 'journey_archived']))
  }
  expect((await workspace.messages(mailed.journeyId)).map((each) => each.status)).toEqual(['CANCELLED', 'CANCELLED'])
  expect((await workspace.enrollments(kept.journeyId)).map((each) => each.status)).toEqual(['ACTIVE', 'ACTIVE'])
})

test('people in a journey that was paused leave, too, and doing it again changes nothing', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.contact('ada')
  await workspace.post(workspace.event('ada', 'seen'))
  await world.rows(`UPDATE journey SET status = 'PAUSED' WHERE id = $1`, [journeyId])
  await workspace.pass(7_200_000)
  await workspace.tick()
  await archive(journeyId)
  await empty(journeyId)
  await workspace.tick()
  const [before, trace] = [await workspace.enrollments(journeyId), await decisions(journeyId)]
  expect(before.map((each) => [each.status, each.end_reason])).toEqual([['EXITED', 'journey_archived']])
  await empty(journeyId)
  await workspace.tick()
  expect([await workspace.enrollments(journeyId), await decisions(journeyId)]).toEqual([before, trace])
})

test('everybody is asked to leave once, however many they are, and who has left already is not', async () => {
  const { journeyId, versionId } = await workspace.publish(chain([on('seen'), delay('P1D')]))
  const contactId = await workspace.contact('ada')
  const crowd = (from: number, to: number, status: string) =>
    world.rows(
      `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, state, entered_at)
        SELECT lane_of($1), overlay($1::text placing lpad(to_hex(n), 12, '0') from 25)::uuid, $2, $3, $4, $1, $5, '{}', now()
        FROM generate_series($6::int, $7::int) AS n`,
      [contactId, workspace.id, journeyId, versionId, status, from, to],
    )
  await crowd(1, 2_100, 'ACTIVE')
  await crowd(2_101, 2_200, 'COMPLETED')
  await empty(journeyId)
  const [inbox] = await world.rows(
    `SELECT count(*)::int AS rows, count(DISTINCT data::json->>'enrollmentId')::int AS enrollments FROM inbox WHERE workspace_id = $1 AND kind = 'exit'`,
    [workspace.id],
  )
  expect(inbox).toEqual({ rows: 2_100, enrollments: 2_100 })
})
