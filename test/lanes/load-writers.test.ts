import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/ids.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { testRing, testWorkspace } from '../support/ring.ts'

const world = testRing()
const workspace = testWorkspace(world)
beforeEach(async () => {
  await world.rows(
    `INSERT INTO keyword_rule (id, workspace_id, channel, action, keywords, template_id) VALUES ($1, $2, 'sms', 'REPLY', '{hours}', $3)`,
    [randomUUID(), workspace.id, await workspace.template('sms')],
  )
})

/** The later a number was added, the more recently it was seen. */
let seen = 0
async function number(contactId: string, blind: string, status = 'ACTIVE'): Promise<string> {
  const id = newLanedId(laneOf(contactId))
  await world.rows(
    `INSERT INTO channel_identity (lane, id, workspace_id, contact_id, channel, status, address, blind_index, last_seen_at) VALUES ($1, $2, $3, $4, 'sms', $5, '', $6, to_timestamp($7))`,
    [laneOf(contactId), id, workspace.id, contactId, status, blind, seen++],
  )
  return id
}
async function answered(contactId: string, from: string | undefined): Promise<string | undefined> {
  const data = { channel: 'sms' as const, text: 'hours', from, to: '+1', providerMessageId: randomUUID(), at: Date.now() }
  await workspace.post({ kind: 'inbound', data, workspaceId: workspace.id, contactId })
  return (await world.rows<{ identity_id: string }>('SELECT identity_id FROM message WHERE contact_id = $1', [contactId]))[0]?.identity_id
}

test('an answer goes to the number that wrote, and not to the one seen last', async () => {
  const ada = await workspace.contact('ada')
  const [first] = [await number(ada, 'one'), await number(ada, 'two')]
  expect(await answered(ada, 'one')).toBe(first)
})

test('of a merged contact the other half’s number may have written', async () => {
  const [known, other] = [await workspace.contact('known'), await workspace.contact('other')]
  const theirs = await number(other, 'theirs')
  await number(known, 'own')
  await world.rows('UPDATE contact SET linked = ARRAY[$2::uuid] WHERE id = $1', [known, other])
  await world.rows('UPDATE contact SET merged_into = $1 WHERE id = $2', [known, other])
  expect(await answered(known, 'theirs')).toBe(theirs)
})

test.each([['dead'], ['unknown'], [undefined]])('where %s wrote, the number seen last is answered', async (from) => {
  const bob = await workspace.contact('bob')
  await number(bob, 'dead', 'INVALID')
  await number(bob, 'old')
  const latest = await number(bob, 'new')
  expect(await answered(bob, from)).toBe(latest)
})
