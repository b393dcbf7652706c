import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ProviderCallback } from '../../src/domain/delivery.ts'
import { laneOf } from '../../src/domain/ids.ts'
import { acceptCallbacks } from '../../src/services/callbacks.ts'
import type { Caller, OpenConnection } from '../../src/services/context.ts'
import { KEPT_FOR, matchCallbacks } from '../../src/services/unmatched-callbacks.ts'
import { sweep } from '../../src/store/queries/retention.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
let connection: OpenConnection
beforeAll(async () => {
  here = await openTestServices()
})
beforeEach(async () => {
  caller = await here.workspace()
  connection = await connected(here, caller, 'sendgrid')
  await here.database.owner.query('DELETE FROM unmatched_callback')
})
afterAll(() => here.close())

const delivered = (eventId: string, providerMessageId: string): ProviderCallback => ({
  type: 'status',
  messageId: null,
  providerMessageId,
  providerEventId: eventId,
  status: 'DELIVERED',
  human: true,
  at: 1_700_000_000_000,
})
const match = () => matchCallbacks(here.database.worker, 64)
const kept = async () =>
  (await here.database.owner.query('SELECT callback FROM unmatched_callback')).rows.map((row) => row.callback.providerEventId as string).sort()
const age = (eventId: string, interval: string) =>
  here.database.owner.query(`UPDATE unmatched_callback SET received_at = now() - $2::interval WHERE callback->>'providerEventId' = $1`, [
    eventId,
    interval,
  ])

test('a callback that overtook our own write goes in once the message has the provider’s id, and only once', async () => {
  const message = await handedOver(here, caller, connection, null)
  const callback = delivered('e1', 'their-1')
  expect(await acceptCallbacks(here.services, connection, [callback])).toBe(0)
  expect([await match(), await kept()]).toEqual([0, ['e1']])
  await here.database.owner.query('UPDATE message SET provider_message_id = $2 WHERE id = $1', [message.id, 'their-1'])
  // Several workers look at once.
  const counts = await Promise.all(Array.from({ length: 4 }, match))
  expect([counts.sort(), await kept()]).toEqual([[0, 0, 0, 1], []])
  const data = { messageId: message.id, providerMessageId: 'their-1', status: 'DELIVERED', human: true, at: 1_700_000_000_000 }
  expect(await arrived(here)).toEqual([{ lane: laneOf(message.id), kind: 'callback', contact_id: message.contactId, reference: null, data }])
  // The provider repeats itself, now that we know.
  expect(await acceptCallbacks(here.services, connection, [callback])).toBe(0)
  expect([await match(), await arrived(here)]).toEqual([0, []])
})

test('what has gone in by another way meanwhile does not go in again', async () => {
  await acceptCallbacks(here.services, connection, [delivered('e1', 'their-4')])
  await handedOver(here, caller, connection, 'their-4')
  expect(await acceptCallbacks(here.services, connection, [delivered('e1', 'their-4')])).toBe(1)
  expect((await arrived(here)).length).toBe(1)
  expect([await match(), await kept(), await arrived(here)]).toEqual([0, [], []])
})

test('the same id at another provider, or in another workspace, is another message’s', async () => {
  await acceptCallbacks(here.services, connection, [delivered('e1', 'their-5')])
  await handedOver(here, caller, await connected(here, caller, 'twilio'), 'their-5')
  const other = await here.workspace()
  await handedOver(here, other, await connected(here, other, 'sendgrid'), 'their-5')
  expect([await match(), await kept(), await arrived(here)]).toEqual([0, ['e1'], []])
})

test('a backlog goes in batch by batch, to the last', async () => {
  const backlog = Array.from({ length: 1_201 }, (_, index) => delivered(`e${index}`, 'their-6'))
  await acceptCallbacks(here.services, connection, backlog)
  await handedOver(here, caller, connection, 'their-6')
  expect([await match(), await kept(), (await arrived(here)).length]).toEqual([1_201, [], 1_201])
})

test('every few seconds only the latest are looked at; hourly all are, and those of last week forgotten', async () => {
  await acceptCallbacks(
    here.services,
    connection,
    ['e1', 'e2', 'e3', 'e4'].map((each) => delivered(each, each === 'e4' ? 'nobody’s' : 'their-7')),
  )
  await age('e2', '6 minutes')
  await age('e3', '7 days 1 second')
  await handedOver(here, caller, connection, 'their-7')
  expect([await match(), await kept()]).toEqual([1, ['e2', 'e3', 'e4']])
  await matchCallbacks(here.database.worker, 64, KEPT_FOR)
  expect([await sweep(here.database.worker, 'unmatched_callback', 500), await kept()]).toEqual([1, ['e4']])
  expect((await arrived(here)).length).toBe(2)
})
