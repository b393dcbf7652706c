import type { Channel, IdentityStatus } from '../domain/channel.ts'
import { isSatisfied } from '../domain/journey/message-memo.ts'
import { calledOff, type LedgerChange, type LedgerEntry } from '../domain/ledger.ts'
import type { Case } from './case.ts'
import { advance, type FoldScope, graphOf } from './fold-steps.ts'
import { fromEntry, toEntry } from './ledger-row.ts'

export function changeMessage(one: Case, id: string, scope: FoldScope, change: (entry: LedgerEntry, paused: boolean) => LedgerChange): void {
  const row = one.messages.find((each) => each.id === id)
  if (row === undefined) return
  const before = toEntry(row)
  const journey = row.journey_id === null ? undefined : scope.configuration.byId.get(row.journey_id)
  const running = row.enrollment_id === null ? undefined : one.enrollments.get(row.enrollment_id)
  const graph = running && graphOf(running, scope)
  const folded = change(before, journey?.paused ?? false)
  const isOver = graph && row.node !== null && isSatisfied(graph, running.state, row.node, id)
  const changed = isOver ? calledOff(folded, 'engaged') : folded
  if (changed.entry === before && changed.history === null) return
  scope.outbox.saveLedger(row, changed)
  fromEntry(row, changed.entry)
  if (changed.identity !== null && row.identity_id !== null) setIdentity(one, row.identity_id, changed.identity)
  if (changed.optOut) setConsent(one, row.channel as Channel, changed.optOut, changed.optOut === 'SUPPRESSED' ? 'complaint' : 'provider', scope)
  if (changed.signal !== null && running) advance(one, running, { type: 'signal', messageId: id, ...changed.signal }, scope)
}

/** What is planned later in this tick does without an address that has just been found dead. */
function setIdentity(one: Case, id: string, status: IdentityStatus): void {
  one.facts = { ...one.facts, identities: one.facts.identities.map((each) => (each.id === id ? { ...each, status } : each)) }
}

/** A suppression is the workspace's to lift, as with a contact's own token: nothing a person or a provider says weakens it. */
export function setConsent(one: Case, channel: Channel, state: 'GRANTED' | 'WITHDRAWN' | 'SUPPRESSED', source: string, scope: FoldScope): void {
  const known = one.facts.consents.find((each) => each.channel === channel && each.topic === null)?.state
  if (state !== 'SUPPRESSED' && known === 'SUPPRESSED') return
  // As where the API changes it: conditions to leave by and triggers ask for it, and what is running is not loaded for a callback alone.
  if (state !== known) {
    const change = { kind: 'contact' as const, data: { change: 'changed' as const, fields: ['$consent'] } }
    scope.outbox.forwards.push({ ...change, workspaceId: one.workspaceId, contactId: one.contactId })
  }
  const id = scope.outbox.newId(one.lane, one.contactId, channel)
  scope.outbox.consents.push({
    lane: one.lane,
    id,
    workspace: one.workspaceId,
    contact: one.contactId,
    channel,
    state,
    source,
    purpose: 'marketing',
    at: scope.now,
  })
  one.facts = {
    ...one.facts,
    consents: [...one.facts.consents.filter((each) => each.channel !== channel || each.topic !== null), { channel, topic: null, state }],
  }
}
