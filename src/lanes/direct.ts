import { gate } from '../domain/gate.ts'
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

/** Plans a message that belongs to no journey. It passes the gate as every other; given twice, its id makes it one. */
export function planDirect(one: Case, message: DirectMessage, outbox: Outbox, now: number): 'PLANNED' | 'DEFERRED' | 'SUPPRESSED' {
  const { messageId, channel, templateId, topicId, purpose, vars, event = {}, dedupe = null, preferred = null, broadcastId = null } = message
  const identities = one.facts.identities.filter((each) => each.id === preferred && each.status === 'ACTIVE')
  const facts = identities.length === 0 ? one.facts : { ...one.facts, identities }
  const intent = { channel, topicId, purpose, dedupeKey: dedupe?.key ?? null, dedupeWindow: dedupe?.window ?? 0 }
  const { verdict, identityId } = gate(facts, intent, now)
  const status = verdict.type === 'send' ? 'PLANNED' : verdict.type === 'defer' ? 'DEFERRED' : 'SUPPRESSED'
  outbox.plan({
    lane: one.lane,
    id: messageId,
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
    status,
    due: verdict.type === 'defer' ? verdict.until : null,
    dedupe: dedupe?.key ?? null,
    failure: verdict.type === 'send' ? null : verdict.reason,
    variables: { event, vars, key: '' },
    planned: now,
  })
  return status
}
