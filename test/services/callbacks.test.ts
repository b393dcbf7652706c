import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ProviderCallback } from '../../src/domain/delivery.ts'
import { laneOf, laneOfReference } from '../../src/domain/ids.ts'
import { acceptCallbacks, findCallbackConnection } from '../../src/services/callbacks.ts'
import { disableConnection } from '../../src/services/connections.ts'
import type { Caller, OpenConnection } from '../../src/services/context.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
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
})
afterAll(() => here.close())

type Status = Extract<ProviderCallback, { type: 'status' }>
const said = (eventId: string, about: Partial<Status>): Status => ({
  type: 'status',
  messageId: null,
  providerMessageId: null,
  providerEventId: eventId,
  status: 'DELIVERED',
  human: true,
  at: 1_700_000_000_000,
  ...about,
})
const accept = (...callbacks: ProviderCallback[]) => acceptCallbacks(here.services, connection, callbacks)
const kept = async () =>
  (await here.database.owner.query('SELECT provider_message_id, callback FROM unmatched_callback WHERE workspace_id = $1', [caller.workspaceId])).rows

test('a connection is found with its credentials in the clear while it is live, and not otherwise', async () => {
  expect(connection).toMatchObject({ workspaceId: caller.workspaceId, provider: 'sendgrid', baseUrl: 'http://127.0.0.1:9' })
  expect(connection.credentials.webhookPublicKey).toMatch(/^[\w+/=]+$/)
  expect(await findCallbackConnection(here.services, newId())).toBeNull()
  await disableConnection(here.services, caller, connection.id)
  expect(await findCallbackConnection(here.services, connection.id)).toBeNull()
})

test('what is about a message of ours goes to its contact’s lane, by our id or by the provider’s, in the order it came', async () => {
  const [one, two] = [await handedOver(here, caller, connection, null), await handedOver(here, caller, connection, 'their-2')]
  const answer = await accept(
    said('e1', { messageId: one.id, providerMessageId: 'their-1', status: 'OPENED', human: false }),
    said('e2', { providerMessageId: 'their-2', status: 'BOUNCED', code: '5.1.1', detail: 'no such mailbox', identity: 'BOUNCED' }),
    // Ours is not to be found, theirs is.
    said('e3', { messageId: newLanedId(laneOf(two.id)), providerMessageId: 'their-2', status: 'CLICKED', url: 'https://shop.example/' }),
  )
  expect(answer).toBe(3)
  const base = { human: true, at: 1_700_000_000_000 }
  const to = ({ id, contactId }: typeof one) => ({ lane: laneOf(id), kind: 'callback', contact_id: contactId, reference: null })
  expect(await arrived(here)).toEqual([
    { ...to(one), data: { ...base, messageId: one.id, providerMessageId: 'their-1', status: 'OPENED', human: false } },
    {
      ...to(two),
      data: {
        ...base,
        messageId: two.id,
        providerMessageId: 'their-2',
        status: 'BOUNCED',
        code: '5.1.1',
        detail: 'no such mailbox',
        identity: 'BOUNCED',
      },
    },
    { ...to(two), data: { ...base, messageId: two.id, providerMessageId: 'their-2', status: 'CLICKED', url: 'https://shop.example/' } },
  ])
  expect(await kept()).toEqual([])
})

test('a provider’s event goes in once, however often it comes: in one request, in another, in several at once', async () => {
  const { id } = await handedOver(here, caller, connection, null)
  const events = [said('e1', { messageId: id }), said('e1', { messageId: id }), said('e2', { messageId: id, status: 'OPENED' })]
  const answers = await Promise.all(Array.from({ length: 5 }, () => accept(...events)))
  expect(answers.sort()).toEqual([0, 0, 0, 0, 2])
  expect(await accept(...events)).toBe(0)
  expect((await arrived(here)).map(({ data }) => data.status)).toEqual(['DELIVERED', 'OPENED'])
})

test('what is about no message of ours is kept, each once, and nothing goes into the ring', async () => {
  const other = await here.workspace()
  const theirs = await handedOver(here, other, await connected(here, other, 'sendgrid'), 'their-9')
  const strange = [
    said('e1', { providerMessageId: 'nobody’s' }),
    // Another workspace's, by our id and by the provider's: to be known of neither way.
    said('e2', { messageId: theirs.id }),
    said('e3', { providerMessageId: 'their-9', status: 'OPENED' }),
    said('e4', { messageId: newLanedId(4000) }),
  ]
  expect(await accept(...strange, ...strange)).toBe(0)
  expect(await accept(...strange)).toBe(0)
  expect(await arrived(here)).toEqual([])
  const rows = await kept()
  expect(rows.map((row) => row.callback).sort((a, b) => (a.providerEventId < b.providerEventId ? -1 : 1))).toEqual(strange)
  expect(rows.map((row) => String(row.provider_message_id)).sort()).toEqual(['nobody’s', 'null', 'null', 'their-9'])
})

test('a reply goes in under the sender’s number; one from no number is let go', async () => {
  const reply = (from: string, eventId: string, channel: 'sms' | 'email' = 'sms'): ProviderCallback => ({
    type: 'inbound',
    channel,
    from,
    to: '+15005550006',
    text: 'STOP',
    providerMessageId: 'SM1',
    providerEventId: eventId,
    at: 1_700_000_000_000,
  })
  expect(await accept(reply(' +1 (415) 555-0177', 'e1'), reply('nobody', 'e2'), reply('+14155550177', 'e3', 'email'))).toBe(1)
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  const reference = `sms:${keys.blindIndex('sms', '+14155550177')}`
  expect(await arrived(here)).toEqual([
    {
      lane: laneOfReference(caller.workspaceId, reference, 64),
      kind: 'inbound',
      contact_id: null,
      reference,
      data: { channel: 'sms', text: 'STOP', from: reference.slice(4), to: '+15005550006', providerMessageId: 'SM1', at: 1_700_000_000_000 },
    },
  ])
})

test('three hundred take as many statements as three', async () => {
  const { id } = await handedOver(here, caller, connection, null)
  await handedOver(here, caller, connection, 'their-3')
  const statements = vi.spyOn(pg.Client.prototype, 'query')
  const used = async (n: number) => {
    statements.mockClear()
    await accept(
      ...Array.from({ length: n }, (_, index) =>
        said(`${n}/${index}`, [{ messageId: id }, { providerMessageId: 'their-3' }, { providerMessageId: 'nobody’s' }][index % 3] ?? {}),
      ),
    )
    return statements.mock.calls.length
  }
  const few = await used(3)
  expect([await used(300), (await arrived(here)).length, (await kept()).length]).toEqual([few, 202, 101])
  statements.mockRestore()
})
