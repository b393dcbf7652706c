import { chooseIdentities, gate } from '../domain/gate.ts'
import { derivedId, laneOf, timeOf } from '../domain/ids.ts'
import type { GateVerdict } from '../domain/journey/enrollment.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Case } from './case.ts'
import type { InboxBody } from './inbox.ts'
import type { Outbox } from './outbox.ts'

type Asked = Extract<InboxBody, { kind: 'send' }>['data']

/** What was asked for, and what an answer to a keyword says besides. */
export interface DirectMessage extends Asked {
  /** What templates read as `event`. */
  event?: JsonObject
  /** Not while another with the key was planned within this many milliseconds. */
  dedupe?: { key: string; window: number }
  /** The identity to use where it is active; else, and where it is null, the gate's choice. */
  preferred?: string | null
}

/**
 * Plans a message that belongs to no journey, to every device its policy chooses. It passes the gate as every other; given twice, its id makes
 * it one. The one to the device seen last has the id; those of others derive from it.
 */
export function planDirect(one: Case, message: DirectMessage, outbox: Outbox, now: number): 'PLANNED' | 'DEFERRED' | 'SUPPRESSED' {
  const { messageId, channel, topicId, purpose, devices = 'MOST_RECENT', dedupe = null, preferred = null } = message
  const identities = one.facts.identities.filter((each) => each.id === preferred && each.status === 'ACTIVE')
  const facts = identities.length === 0 ? one.facts : { ...one.facts, identities }
  const intent = { channel, topicId, purpose, dedupeKey: dedupe?.key ?? null, dedupeWindow: dedupe?.window ?? 0 }
  const { verdict, identityId } = gate(facts, intent, now)
  plan(one, message, { id: messageId, identityId, verdict, dedupe: intent.dedupeKey }, outbox, now)
  if (verdict.type === 'suppress') return 'SUPPRESSED'
  for (const { id } of chooseIdentities(facts, channel, devices).slice(1)) {
    if (id === null) continue
    const derived = derivedId(timeOf(messageId), laneOf(messageId), messageId, id)
    plan(one, message, { id: derived, identityId: id, verdict, dedupe: null }, outbox, now)
  }
  return verdict.type === 'send' ? 'PLANNED' : 'DEFERRED'
}

interface Passed {
  id: string
  identityId: string | null
  verdict: GateVerdict
  /** The key it counts for; of several that say one thing, the first alone has it. */
  dedupe: string | null
}

function plan(one: Case, message: DirectMessage, { id, identityId, verdict, dedupe }: Passed, outbox: Outbox, now: number): void {
  const { channel, templateId, topicId, purpose, vars, event = {}, broadcastId = null } = message
  outbox.plan({
    lane: one.lane,
    id,
    workspace: one.workspaceId,
    contact: one.contactId,
    enrollment: null,
    journey: null,
    version: null,
    node: null,
    visit: 0,
    broadcast: broadcastId,
    channel,
    purpose,
    topic: topicId,
    template: templateId,
    identity: identityId,
    status: verdict.type === 'send' ? 'PLANNED' : verdict.type === 'defer' ? 'DEFERRED' : 'SUPPRESSED',
    due: verdict.type === 'defer' ? verdict.until : null,
    dedupe,
    failure: verdict.type === 'send' ? null : verdict.reason,
    variables: { event, vars, key: '' },
    planned: now,
  })
}
