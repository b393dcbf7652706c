import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Channel } from '../../src/domain/channel.ts'
import { laneOf } from '../../src/domain/ids.ts'
import { deliver, type InboxItem, type Reference } from '../../src/lanes/inbox.ts'
import { tick } from '../../src/lanes/tick.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { gated } from '../support/gate.ts'
import { chain, delay, EVERY_LANE, email, externalIdIn, LANES, on, testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)

const seen = (reference: Reference, properties = {}): InboxItem => ({
  kind: 'event',
  data: { messageId: randomUUID(), name: 'seen', properties, occurredAt: null },
  workspaceId: workspace.id,
  reference,
})
const contacts = () =>
  world.rows<{ id: string; lane: number; external_id: string | null }>(
    'SELECT id, lane, external_id FROM contact WHERE workspace_id = $1 ORDER BY external_id NULLS LAST, id',
    [workspace.id],
  )
/** Whose each event is, in the order of receipt. */
const heard = () =>
  world.rows<{ contact_id: string; properties: Record<string, unknown> }>(
    'SELECT contact_id, properties FROM event WHERE workspace_id = $1 ORDER BY received_at, (properties->>$2)::int',
    [workspace.id, 'n'],
  )
const alias = (reference: Reference, lane: number, contactId: string) =>
  world.rows('INSERT INTO contact_alias (lane, workspace_id, reference, contact_id) VALUES ($1, $2, $3, $4)', [
    lane,
    workspace.id,
    reference,
    contactId,
  ])
const inbound = (channel: Channel, to: { contactId: string } | { reference: Reference }): InboxItem => ({
  kind: 'inbound',
  data: { channel, text: 'hello', to: 'us', providerMessageId: randomUUID(), at: Date.now() },
  workspaceId: workspace.id,
  ...to,
})

test('whoever is named for the first time is made, in the lane of the name; an external id is kept as one', async () => {
  const id = externalIdIn(workspace.id, 12)
  await workspace.post(seen(`external:${id}`), seen(`external:${id}`), seen('anonymous:v1'), seen('email:blind'))
  const made = await contacts()
  expect(made.map((each) => each.external_id)).toEqual([id, null, null])
  expect(made[0]?.lane).toBe(12)
  for (const each of made) expect(laneOf(each.id)).toBe(each.lane)
  await workspace.post(seen(`external:${id}`), seen('anonymous:v1'), seen('email:blind'))
  expect([(await contacts()).length, (await heard()).length]).toEqual([3, 7])
})

test('the same name in two workspaces is two people', async () => {
  const other = await world.workspace()
  await workspace.post(workspace.event('ada', 'seen'), other.event('ada', 'seen'))
  expect(
    await world.rows(`SELECT workspace_id FROM contact WHERE workspace_id = ANY ($1) AND external_id = 'ada'`, [[workspace.id, other.id]]),
  ).toHaveLength(2)
})

test('a stranger who writes is nobody: no contact is made of a number', async () => {
  const { lost } = await workspace.post(inbound('sms', { reference: 'sms:stranger' }))
  expect([await contacts(), await heard(), lost]).toEqual([[], [], 0])
})

test('what is named by another of a contact’s names is forwarded to its lane, in order, and nothing of it is lost or doubled', async () => {
  const contactId = await workspace.contact('ada')
  const lane = laneOf(contactId)
  const [there = -1] = EVERY_LANE.filter((each) => each !== lane)
  const name = externalIdIn(workspace.id, there)
  await alias(`external:${name}`, there, contactId)
  const items = Array.from({ length: 5 }, (_, n) => seen(`external:${name}`, { n }))
  expect((await workspace.post(...items)).taken).toBe(5)
  expect([await heard(), await world.rows('SELECT DISTINCT lane, contact_id FROM inbox')]).toEqual([[], [{ lane, contact_id: contactId }]])
  await workspace.tick()
  expect(await heard()).toEqual(Array.from({ length: 5 }, (_, n) => ({ contact_id: contactId, properties: { n } })))
  expect(await world.rows('SELECT 1 FROM inbox')).toEqual([])
})

test('an id of nobody, or of somebody of another workspace, is lost and counted, and moves nothing', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'seen'))
  const [ada] = await contacts()
  const [enrollment] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [journeyId])
  const other = await world.workspace()
  const exit = (workspaceId: string, contactId: string): InboxItem => ({
    kind: 'exit',
    data: { enrollmentId: enrollment?.id ?? '', reason: 'stolen' },
    workspaceId,
    contactId,
  })
  const { lost, steps } = await workspace.post(exit(other.id, ada?.id ?? ''), exit(workspace.id, newLanedId(3)))
  expect([lost, steps, (await workspace.enrollments(journeyId)).map((each) => each.status)]).toEqual([2, 0, ['ACTIVE']])
})

test('of two who make the same contact at once the first wins, and the other’s events are its', async () => {
  const id = externalIdIn(workspace.id, 20)
  await deliver(world.database.worker, [workspace.event(id, 'seen'), workspace.event(id, 'seen')], LANES)
  const { pool, reached, open } = gated(world.database.worker, 'INSERT INTO contact_alias')
  const ticking = tick({ ...world.ring, pool }, EVERY_LANE)
  await reached
  const contactId = await workspace.contact(id)
  open()
  await ticking
  expect([(await contacts()).map((each) => each.id), (await heard()).map((each) => each.contact_id)]).toEqual([[contactId], [contactId, contactId]])
})

test('a merged contact’s events are its known half’s; its facts are the group’s', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const [known, visitor] = [await workspace.contact('ada'), await workspace.contact('visitor', ['email'])]
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [visitor, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, visitor])
  await workspace.post(workspace.event('visitor', 'seen'))
  await workspace.tick()
  expect((await heard()).map((each) => each.contact_id)).toEqual([known])
  // The known half has no address of its own: the mail goes to the one that the visitor had.
  expect(
    await world.rows(
      'SELECT m.contact_id, i.contact_id AS owner FROM message m JOIN channel_identity i ON i.id = m.identity_id WHERE m.journey_id = $1',
      [journeyId],
    ),
  ).toEqual([{ contact_id: known, owner: visitor }])
  await world.rows('UPDATE contact SET suppressed_at = now() WHERE id = $1', [visitor])
  await workspace.post(workspace.event('ada', 'seen'))
  expect((await workspace.messages(journeyId)).map((each) => each.failure_code)).toEqual([null, 'suppressed'])
})

test('contacts without a zone live in their workspace’s', async () => {
  await world.rows(`UPDATE workspace SET time_zone = 'Pacific/Kiritimati' WHERE id = $1`, [workspace.id])
  const { journeyId } = await workspace.publish(
    chain([on('seen'), { key: 'pause', kind: 'delay', config: { until: { date: '2100-01-01', time: '09:00' } } }]),
  )
  const grace = await workspace.contact('grace')
  await world.rows(`UPDATE contact SET time_zone = 'America/Lima' WHERE id = $1`, [grace])
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  const due = await world.rows<{ external_id: string; due: string }>(
    `SELECT c.external_id, to_char(e.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS due FROM enrollment e JOIN contact c ON c.lane = e.lane AND c.id = e.contact_id
      WHERE e.journey_id = $1 ORDER BY 1`,
    [journeyId],
  )
  expect(due).toEqual([
    { external_id: 'ada', due: '2099-12-31 19:00' },
    { external_id: 'grace', due: '2100-01-01 14:00' },
  ])
})
