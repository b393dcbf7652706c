import { beforeEach, expect, test } from 'vitest'
import type { CallbackStatus } from '../../src/domain/delivery.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { writeConsents } from '../../src/store/queries/write-back.ts'
import { chain, delay, email, on, testRing, testWorkspace } from '../support/ring.ts'

/** docs/adr/0008: a complaint suppresses, which stops everything; a withdrawal stops what needs consent. */
const world = testRing()
const workspace = testWorkspace(world)
let contactId: string
let messageId: string
beforeEach(async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  contactId = await workspace.contact('ada', ['email'], { email: 'GRANTED' })
  await workspace.post(workspace.event('ada', 'seen'))
  messageId = (await workspace.messages(journeyId))[0]?.id ?? ''
})

let told = 0
const callback = (status: CallbackStatus): InboxItem => ({
  kind: 'callback',
  data: { messageId, status, human: true, at: Date.now() + told++ },
  workspaceId: workspace.id,
  contactId,
})
const consents = () => world.rows('SELECT channel, state, source FROM consent WHERE contact_id = $1', [contactId])
const SUPPRESSED = [{ channel: 'email', state: 'SUPPRESSED', source: 'complaint' }]
const WITHDRAWN = [{ channel: 'email', state: 'WITHDRAWN', source: 'provider' }]

/** Whether a receipt, which needs no consent, is planned. */
async function takesReceipts(): Promise<boolean> {
  const { journeyId } = await workspace.publish(chain([on('bought'), email(await workspace.template('email'), { purpose: 'TRANSACTIONAL' })]))
  await workspace.post(workspace.event('ada', 'bought'))
  const [receipt] = await workspace.messages(journeyId)
  return receipt?.status === 'PLANNED'
}

test('a complaint stops even what needs no consent', async () => {
  await workspace.post(callback('COMPLAINED'))
  expect([await consents(), await takesReceipts()]).toEqual([SUPPRESSED, false])
})

test('to unsubscribe stops what needs consent, and no more', async () => {
  await workspace.post(callback('UNSUBSCRIBED'))
  expect([await consents(), await takesReceipts()]).toEqual([WITHDRAWN, true])
})

test('whoever unsubscribes leaves what is for subscribers, and enters what asks for a change of consent', async () => {
  const subscribed = { consent: { channel: 'email' as const, state: 'GRANTED' as const } }
  const inside = await workspace.publish(
    chain([on('seen'), delay('P1D')], { exitRules: [{ condition: { not: subscribed }, reason: 'no subscriber' }] }),
  )
  const trigger = { key: 'start', kind: 'contact_trigger', config: { change: 'CHANGED', fields: ['$consent'] } }
  const after = await workspace.publish(chain([trigger, delay('P1D')]))
  await workspace.post(workspace.event('ada', 'seen'))
  await workspace.post(callback('UNSUBSCRIBED'))
  await workspace.tick()
  const ended = (await workspace.enrollments(inside.journeyId)).map((each) => each.end_reason)
  expect([ended, await workspace.enrollments(after.journeyId)]).toEqual([['no subscriber'], [expect.objectContaining({ node: 'pause' })]])
  // Said again it is no change.
  await workspace.post(callback('UNSUBSCRIBED'))
  expect((await workspace.tick()).taken).toBe(0)
})

test.each([
  ['UNSUBSCRIBED', 'COMPLAINED'],
  ['COMPLAINED', 'UNSUBSCRIBED'],
] as const)('%s and then %s is a complaint, in one tick and in two', async (first, second) => {
  await workspace.post(callback(first), callback(second))
  expect(await consents()).toEqual(SUPPRESSED)
  await world.rows(`UPDATE consent SET state = 'GRANTED', source = 'test' WHERE contact_id = $1`, [contactId])
  await workspace.post(callback(first))
  await workspace.post(callback(second))
  expect(await consents()).toEqual(SUPPRESSED)
})

test('what the workspace suppressed stays so, whatever the person says', async () => {
  await world.rows(`UPDATE consent SET state = 'SUPPRESSED', source = 'import' WHERE contact_id = $1`, [contactId])
  await workspace.post(callback('UNSUBSCRIBED'))
  expect(await consents()).toEqual([{ channel: 'email', state: 'SUPPRESSED', source: 'import' }])
  const { rows } = await world.database.owner.query('SELECT state FROM consent_change WHERE contact_id = $1', [contactId])
  expect(rows).toEqual([])
})

test('the write itself weakens no suppression that came meanwhile', async () => {
  await world.rows(`UPDATE consent SET state = 'SUPPRESSED', source = 'import' WHERE contact_id = $1`, [contactId])
  const write = {
    lane: laneOf(contactId),
    id: newLanedId(laneOf(contactId)),
    workspace: workspace.id,
    contact: contactId,
    channel: 'email',
    purpose: 'p',
    at: Date.now(),
  }
  await writeConsents(world.database.worker, [{ ...write, state: 'WITHDRAWN', source: 'provider' }])
  expect(await consents()).toEqual([{ channel: 'email', state: 'SUPPRESSED', source: 'import' }])
})
