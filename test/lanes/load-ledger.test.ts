import { beforeAll, expect, test } from 'vitest'
import type { Channel } from '../../src/domain/channel.ts'
import { laneOf } from '../../src/domain/ids.ts'
import { deliver, type InboxItem } from '../../src/lanes/inbox.ts'
import { tick } from '../../src/lanes/tick.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { EVERY_LANE, LANES, type TestWorkspace, testRing } from '../support/ring.ts'

const world = testRing()
let workspace: TestWorkspace
beforeAll(async () => {
  workspace = await world.workspace()
})

/** A message that was handed over so many minutes ago. */
async function sent(contactId: string, channel: Channel, minutes: number, status = 'SENT'): Promise<string> {
  const id = newLanedId(laneOf(contactId))
  await world.rows(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, attempt, planned_at, sent_at)
      VALUES ($1, $2, $3, $4, $5, 'SERVICE', $6, $8, 1, now() - $7 * interval '1 minute', now() - $7 * interval '1 minute')`,
    [laneOf(id), id, workspace.id, contactId, channel, await workspace.template(channel), minutes, status],
  )
  return id
}

let said = 0
const wrote = (contactId: string, channel: Channel, more: object = {}): InboxItem => {
  said += 1
  const data = { channel, text: 'Yes', to: '+15005550006', providerMessageId: `their-${said}`, at: Date.now(), ...more }
  return { kind: 'inbound', data, workspaceId: workspace.id, contactId }
}
const repliedTo = async (...ids: string[]) => {
  const rows = await world.rows<{ id: string }>('SELECT id FROM message WHERE id = ANY($1) AND replied_at IS NOT NULL', [ids])
  return ids.map((id) => rows.some((row) => row.id === id))
}
const heard = async (contactId: string) =>
  (
    await world.rows<{ name: string; properties: { inReplyTo: string | null } }>(
      'SELECT name, properties FROM event WHERE contact_id = $1 ORDER BY name',
      [contactId],
    )
  ).map(({ name, properties }) => [name, properties.inReplyTo])

test('a reply is to what was sent last on its channel, on each of them', async () => {
  const contactId = await workspace.contact('both', ['sms', 'whatsapp'])
  const [text, older, newer] = [
    await sent(contactId, 'sms', 3, 'DELIVERED'),
    await sent(contactId, 'whatsapp', 2),
    await sent(contactId, 'whatsapp', 1),
  ]
  await workspace.post(wrote(contactId, 'sms'), wrote(contactId, 'whatsapp'))
  expect(await repliedTo(text, older, newer)).toEqual([true, false, true])
  expect(await heard(contactId)).toEqual([
    ['sms.message.received', text],
    ['whatsapp.message.received', newer],
  ])
})

test('or to the one the person chose, unless that is nobody’s or somebody else’s', async () => {
  const contactId = await workspace.contact('chooser', ['whatsapp'])
  const stranger = await workspace.contact('stranger', ['whatsapp'])
  const [older, newer, foreign] = [await sent(contactId, 'whatsapp', 2), await sent(contactId, 'whatsapp', 1), await sent(stranger, 'whatsapp', 1)]
  await workspace.post(wrote(contactId, 'whatsapp', { inReplyTo: older }))
  expect(await repliedTo(older, newer, foreign)).toEqual([true, false, false])
  await workspace.post(wrote(contactId, 'whatsapp', { inReplyTo: foreign }))
  expect(await repliedTo(older, newer, foreign)).toEqual([true, true, false])
})

test('of a merged contact a reply answers what was sent last to any half, or what the person chose of any', async () => {
  const known = await workspace.contact('known', ['sms'])
  const halves = [await workspace.contact('phone', ['sms']), await workspace.contact('laptop', ['sms'])]
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = ANY($1)', [halves, known])
  await world.rows('UPDATE contact SET linked = $2 WHERE id = $1', [known, halves])
  const [phone = '', laptop = ''] = halves
  const [oldest, older, newest] = [await sent(known, 'sms', 3), await sent(phone, 'sms', 2), await sent(laptop, 'sms', 1)]
  await workspace.post(wrote(known, 'sms'))
  await workspace.tick()
  expect(await repliedTo(oldest, older, newest)).toEqual([false, false, true])
  await workspace.post(wrote(known, 'sms', { inReplyTo: older }))
  await workspace.tick()
  expect(await repliedTo(oldest, older, newest)).toEqual([false, true, true])
  await workspace.post(wrote(known, 'sms', { inReplyTo: oldest }))
  expect(await repliedTo(oldest, older, newest)).toEqual([true, true, true])
})

test('the messages of a tick are locked by one statement, in order, what a reply answers with the others', async () => {
  const [writer, other] = [await workspace.contact('writer', ['sms']), await workspace.contact('other', ['sms'])]
  const [answered, reported] = [await sent(writer, 'sms', 2), await sent(other, 'sms', 1)]
  const names: (string | undefined)[] = []
  const pool = Object.assign(Object.create(world.database.worker), {
    async connect() {
      const client = await world.database.worker.connect()
      const query = client.query.bind(client) as (...each: unknown[]) => unknown
      return Object.assign(Object.create(client), {
        query: (...args: unknown[]) => {
          names.push((args[0] as { name?: string }).name)
          return query(...args)
        },
        release: () => client.release(),
      })
    },
  })
  const report = { messageId: reported, status: 'DELIVERED', human: true, at: Date.now() } as const
  await deliver(
    world.database.worker,
    [wrote(writer, 'sms'), { kind: 'callback', data: report as never, workspaceId: workspace.id, contactId: other }],
    LANES,
  )
  await tick({ ...world.ring, pool }, EVERY_LANE)
  expect(await repliedTo(answered)).toEqual([true])
  expect(await world.rows('SELECT status FROM message WHERE id = $1', [reported])).toEqual([{ status: 'DELIVERED' }])
  expect(names.filter((name) => name === 'messages_load')).toHaveLength(1)
})
