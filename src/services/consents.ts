import type { EntityManager } from '@mikro-orm/postgresql'
import { CHANNELS, type Channel, type ConsentState } from '../domain/channel.ts'
import { laneOf } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { type ConsentRow, ConsentTable } from '../store/entities/consent.ts'
import { type ConsentChangeRow, ConsentChangeTable } from '../store/entities/consent-change.ts'
import { newLanedId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { ownKey } from './contact-tokens.ts'
import { announce, type ContactReference, findOrCreateContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { halvesOf } from './halves.ts'
import { once } from './idempotency.ts'
import { requireTopic } from './topics.ts'

export interface SetConsent {
  contact: ContactReference
  /** Left out: every channel. */
  channel?: Channel | null | undefined
  /** Left out: every topic. */
  topicId?: string | null | undefined
  state: ConsentState
  /** What the person was told it is for. */
  purpose: string
  /** Where it was given or taken: a form, a call, an import. */
  source: string
  idempotencyKey?: string | null | undefined
}

/**
 * Records consent given or withdrawn, in the state and in the append-only ledger. The contact's row is locked
 * first: a message being dispatched holds it FOR SHARE, so none is dispatched after a withdrawal has committed.
 */
export async function setConsent(services: Services, caller: Caller, input: SetConsent): Promise<string> {
  if (input.channel != null && !CHANNELS.includes(input.channel))
    throw new ThroughlineError('INVALID_INPUT', `must be one of ${CHANNELS.join(', ')}`, { path: ['channel'] })
  for (const field of ['purpose', 'source'] as const) {
    if (input[field].trim() === '' || input[field].length > 200)
      throw new ThroughlineError('INVALID_INPUT', 'must have 1 to 200 characters', { path: [field] })
  }
  const own = caller.contactId !== undefined
  if (own && input.state !== 'GRANTED' && input.state !== 'WITHDRAWN')
    throw new ThroughlineError('INVALID_INPUT', 'must be GRANTED or WITHDRAWN with a contact’s token', { path: ['state'] })
  return once(services, caller, 'setConsent', ownKey(caller, input.idempotencyKey), input, async (em) => {
    await requireTopic(em, input.topicId)
    const { row, created } = await findOrCreateContact(em, services, caller, input.contact)
    await em.execute('select 1 from contact where lane = ? and id = ? for update', [row.lane, row.id])
    const standing = await em.find(ConsentTable, { ...(await halvesOf(em, row.id)), channel: input.channel ?? '', topicId: input.topicId ?? '' })
    if (own && standing.some((each) => each.state === 'SUPPRESSED'))
      throw new ThroughlineError('CONFLICT', 'The workspace suppresses this; a contact’s token does not lift that.', { path: ['state'] })
    await write(em, caller, row, input)
    // A refusal of any half stands for all of them: whoever takes it back does so for all.
    const others = input.state === 'GRANTED' ? standing.filter((each) => each.contactId !== row.id && each.state !== 'GRANTED') : []
    for (const { lane, contactId: id } of others) await write(em, caller, { lane, id }, input)
    await em.execute('update contact set consent_revision = consent_revision + 1 where lane = ? and id = ?', [row.lane, row.id])
    await announce(em, services, caller, row, created ? 'created' : 'changed', ['$consent'])
    return row.id
  })
}

/** One contact's own word, as the state and in the ledger. */
async function write(em: EntityManager, caller: Caller, { lane, id }: { lane: number; id: string }, input: SetConsent): Promise<void> {
  const values = [lane, id, input.channel ?? '', input.topicId ?? '', caller.workspaceId, input.state, input.source, input.purpose]
  // The clock and not the transaction's start: of two who waited for the lock the later one is the last word.
  await em.execute(
    `insert into consent (lane, contact_id, channel, topic_id, workspace_id, state, source, purpose, at) values (?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp())
       on conflict (lane, contact_id, channel, topic_id) do update set state = excluded.state, source = excluded.source, purpose = excluded.purpose, at = excluded.at`,
    values,
  )
  await em.execute(
    `insert into consent_change (lane, contact_id, channel, topic_id, workspace_id, state, source, purpose, id, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp())`,
    [...values, newLanedId(lane)],
  )
}

/** What these contacts have consented to now, by contact. */
export async function consentsOf(services: Services, caller: Caller, contactIds: readonly string[]): Promise<Map<string, ConsentRow[]>> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const found = new Map<string, ConsentRow[]>(contactIds.map((id) => [id, []]))
    for (const row of await em.find(ConsentTable, { lane: { $in: [...new Set(contactIds.map(laneOf))] }, contactId: { $in: [...contactIds] } }))
      found.get(row.contactId)?.push(row)
    return found
  })
}

/** The ledger: every change there ever was, of whoever was merged into the contact, too; newest first. */
export async function consentHistory(services: Services, caller: Caller, contactId: string, first: number): Promise<ConsentChangeRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) =>
    em.find(ConsentChangeTable, await halvesOf(em, contactId), { orderBy: { at: 'desc', id: 'desc' }, limit: first }),
  )
}
