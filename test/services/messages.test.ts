import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { tick } from '../../src/lanes/tick.ts'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { enrollContacts } from '../../src/services/enrollments.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { createJourney, publishJourney } from '../../src/services/journeys.ts'
import { listMessages, messagesByIds, reportMessage, statusesOf } from '../../src/services/messages.ts'
import { createTemplate } from '../../src/services/templates.ts'
import type { MessageRow } from '../../src/store/entities/message.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

const EVERY_LANE = Array.from({ length: 64 }, (_, lane) => lane)
let here: TestServices
let work: () => Promise<unknown>
beforeAll(async () => {
  here = await openTestServices()
  const ring = { pool: here.database.worker, lanes: 64, rowsPerLane: 250, book: openJourneyBook(), enqueueSends: async () => 'job' }
  work = () => tick(ring, EVERY_LANE)
})
afterAll(() => here.close())

const ALL = { journeyId: null, contactId: null, enrollmentId: null, broadcastId: null, channels: null, status: null, first: 100, before: null }

/** A journey of one push to each of these contacts, all of whom have a device. */
async function push(caller: Caller, ...externalIds: string[]): Promise<{ journeyId: string; messages: MessageRow[] }> {
  const templateId = await createTemplate(here.services, caller, {
    name: newId(),
    channel: 'push',
    variants: [{ locale: 'en', content: { title: 'T', body: 'B' } }],
  })
  const graph: Graph = {
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'call', kind: 'api_trigger', config: {} },
      { key: 'say', kind: 'push', config: { templateId, nextAfter: 'P1D' } },
    ],
    edges: [{ from: 'call', port: 'next', to: 'say' }],
    exitRules: [],
    goals: [],
    settings: { purpose: 'TRANSACTIONAL' },
  }
  const journeyId = await publishJourney(here.services, caller, { id: await createJourney(here.services, caller, { name: 'J', graph }) })
  for (const externalId of externalIds)
    await addIdentity(here.services, caller, {
      contact: { externalId },
      channel: 'push',
      address: `token-${externalId}-${'x'.repeat(40)}`,
      platform: 'android',
    })
  await enrollContacts(here.services, caller, { journeyId, contacts: externalIds.map((externalId) => ({ externalId })) })
  await work()
  return { journeyId, messages: await listMessages(here.services, caller, { ...ALL, journeyId }) }
}

/** As dispatch and a sender leave it: handed over once, and accepted. */
async function accepted({ id, contactId, workspaceId }: MessageRow): Promise<void> {
  await here.database.owner.query(`UPDATE message SET status = 'DISPATCHING', attempt = 1, dispatching_at = now() WHERE id = $1`, [id])
  await deliver(
    here.database.worker,
    [
      {
        kind: 'result',
        data: { messageId: id, attempt: 1, outcome: { type: 'ok', providerMessageId: `p-${id}` }, at: 1_700_000_000_000 },
        workspaceId,
        contactId,
      },
    ],
    64,
  )
  await work()
}
const messageOf = async (caller: Caller, id: string) => (await messagesByIds(here.services, caller, [id])).get(id)

test('a contact’s messages are those of its merged halves, too', async () => {
  const caller = await here.workspace()
  const known = await upsertContact(here.services, caller, { contact: { externalId: 'grace' } })
  const { messages } = await push(caller, 'ada')
  const [half] = messages.map((row) => row.contactId)
  const found = async (contactId = '') => (await listMessages(here.services, caller, { ...ALL, contactId })).map((row) => row.id)
  expect(await found(known)).toEqual([])
  await here.database.owner.query('UPDATE contact SET linked = $2 WHERE id = $1', [known, [half]])
  await here.database.owner.query('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, known])
  expect([await found(known), await found(half)]).toEqual(Array(2).fill(messages.map((row) => row.id)))
})

test('messages are found by journey, contact, enrollment, channel and status, newest first', async () => {
  const caller = await here.workspace()
  const { journeyId, messages } = await push(caller, 'ada', 'bob', 'cid')
  await push(caller, 'ada')
  expect(messages.map(({ channel, status, node }) => [channel, status, node])).toEqual(messages.map(() => ['push', 'PLANNED', 'say']))
  const [first] = messages
  const found = async (narrow: object) => (await listMessages(here.services, caller, { ...ALL, ...narrow })).map((row) => row.id)
  const ids = messages.map((row) => row.id)
  expect(ids).toEqual([...ids].sort().reverse())
  expect(await found({})).toHaveLength(4)
  expect(await found({ journeyId, contactId: first?.contactId })).toEqual([first?.id])
  expect(await found({ enrollmentId: first?.enrollmentId })).toEqual([first?.id])
  expect(await found({ contactId: first?.contactId, enrollmentId: messages[1]?.enrollmentId })).toEqual([])
  expect(await found({ journeyId, channels: ['email', 'sms'] })).toEqual([])
  expect(await found({ journeyId, channels: ['push'], status: ['PLANNED'] })).toEqual(ids)
  expect(await found({ journeyId, status: ['SENT'] })).toEqual([])
  expect(await found({ journeyId, first: 2 })).toEqual(ids.slice(0, 2))
  expect(await found({ journeyId, first: 2, before: ids[1] })).toEqual(ids.slice(2))
})

test('what an app reports becomes of the message what it says, once', async () => {
  const caller = await here.workspace()
  const { messages } = await push(caller, 'ada')
  const id = messages[0]?.id ?? ''
  await accepted(messages[0] as MessageRow)
  expect(await messageOf(caller, id)).toMatchObject({ status: 'SENT', providerMessageId: `p-${id}`, sentAt: new Date(1_700_000_000_000) })
  for (let time = 0; time < 3; time++) {
    await reportMessage(here.services, caller, { id, status: 'OPENED', at: new Date(1_700_000_060_000 + time) })
    await reportMessage(here.services, caller, { id, status: 'DELIVERED', at: new Date(1_700_000_050_000) })
  }
  await work()
  expect(await messageOf(caller, id)).toMatchObject({
    status: 'DELIVERED',
    openedAt: new Date(1_700_000_060_000),
    deliveredAt: new Date(1_700_000_050_000),
    machineOpenedAt: null,
    clickedAt: null,
  })
  const history = (await statusesOf(here.services, caller, [id])).get(id)
  expect(history?.map((row) => row.status).sort()).toEqual(['DELIVERED', 'OPENED', 'OPENED', 'OPENED', 'SENT'])
  const { rows } = await here.database.owner.query(
    `SELECT metric, sum(n)::int AS n FROM node_stats WHERE workspace_id = $1 AND node = 'say' AND metric IN ('sent@push', 'delivered@push', 'opened@push') GROUP BY 1 ORDER BY 1`,
    [caller.workspaceId],
  )
  expect(rows).toEqual([
    { metric: 'delivered@push', n: 1 },
    { metric: 'opened@push', n: 1 },
    { metric: 'sent@push', n: 1 },
  ])
})

test('a report from the future is of now', async () => {
  const caller = await here.workspace()
  const { messages } = await push(caller, 'ada')
  await accepted(messages[0] as MessageRow)
  const id = messages[0]?.id ?? ''
  await reportMessage(here.services, caller, { id, status: 'CLICKED', at: new Date('2999-01-01') })
  await work()
  expect((await messageOf(caller, id))?.clickedAt?.getTime()).toBeLessThanOrEqual(Date.now())
})

test('a message that still waits cannot be reported, or it would never be sent', async () => {
  const caller = await here.workspace()
  const { messages } = await push(caller, 'ada')
  const id = messages[0]?.id ?? ''
  expect(await faultOf(reportMessage(here.services, caller, { id, status: 'DELIVERED' }))).toEqual({ code: 'CONFLICT', path: ['id'] })
  await work()
  expect((await messageOf(caller, id))?.status).toBe('PLANNED')
})

test('another workspace’s message is not there: not read, not listed, not reported', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const { messages, journeyId } = await push(caller, 'ada')
  await accepted(messages[0] as MessageRow)
  const id = messages[0]?.id ?? ''
  for (const each of [id, newLanedId(3), newId(), 'no id'])
    expect(await faultOf(reportMessage(here.services, other, { id: each, status: 'OPENED' }))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect((await messagesByIds(here.services, other, [id])).size).toBe(0)
  expect(await listMessages(here.services, other, { ...ALL, journeyId })).toEqual([])
  expect(await statusesOf(here.services, other, [id])).toEqual(new Map([[id, []]]))
  await work()
  expect((await messageOf(caller, id))?.openedAt).toBeNull()
})
