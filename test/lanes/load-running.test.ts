import { expect, test } from 'vitest'
import type { Item } from '../../src/lanes/case.ts'
import { loadRunning } from '../../src/lanes/load-running.ts'
import type { MessageRow } from '../../src/store/queries/messages.ts'
import { chain, delay, on, testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)

/** Lets a contact into a journey that waits; its id and its enrollment's. */
async function waiting(externalId: string): Promise<{ journeyId: string; contactId: string; enrollmentId: string }> {
  const { journeyId } = await workspace.publish(chain([on(externalId), delay('PT1H')]))
  const contactId = await workspace.contact(externalId)
  await workspace.post(workspace.event(externalId, externalId))
  const [row] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [journeyId])
  return { journeyId, contactId, enrollmentId: row?.id ?? '' }
}
const event = { kind: 'event', data: {} } as Item
const exit = (enrollmentId: string) => ({ kind: 'exit', data: { enrollmentId, reason: '' } }) as Item
const message = (enrollment_id: string | null) => ({ enrollment_id }) as MessageRow

test('an event finds what its contact is in, and nothing that has ended', async () => {
  const { contactId, enrollmentId, journeyId } = await waiting('ada')
  const found = () => loadRunning(world.database.worker, [{ contactId, item: event }], [])
  expect((await found()).map((row) => row.id)).toEqual([enrollmentId])
  await workspace.post({ kind: 'exit', data: { enrollmentId, reason: 'asked' }, workspaceId: workspace.id, contactId })
  expect([await found(), (await workspace.enrollments(journeyId)).map((each) => each.end_reason)]).toEqual([[], ['asked']])
})

test('what is named by an item or a message is found whether it has ended or not', async () => {
  const [ada, eve] = [await waiting('ada'), await waiting('eve')]
  await workspace.post({
    kind: 'exit',
    data: { enrollmentId: eve.enrollmentId, reason: 'asked' },
    workspaceId: workspace.id,
    contactId: eve.contactId,
  })
  const found = await loadRunning(
    world.database.worker,
    [{ contactId: ada.contactId, item: exit(ada.enrollmentId) }],
    [message(eve.enrollmentId), message(null)],
  )
  expect(new Map(found.map((row) => [row.id, row.status]))).toEqual(
    new Map([
      [ada.enrollmentId, 'ACTIVE'],
      [eve.enrollmentId, 'EXITED'],
    ]),
  )
})

test('an item names an enrollment of its own contact, or nothing happens', async () => {
  const { journeyId, enrollmentId } = await waiting('ada')
  const grace = await workspace.contact('grace')
  await workspace.post({ kind: 'exit', data: { enrollmentId, reason: 'mixed up' }, workspaceId: workspace.id, contactId: grace })
  expect((await workspace.enrollments(journeyId)).map((each) => each.status)).toEqual(['ACTIVE'])
})
