import type { Channel, IdentityStatus } from '../domain/channel.ts'
import { laneOf } from '../domain/ids.ts'
import { isSatisfied } from '../domain/journey/message-memo.ts'
import { calledOff, type LedgerChange, type LedgerEntry } from '../domain/ledger.ts'
import { type Case, halvesOf } from './case.ts'
import { advance, type FoldScope, graphOf } from './fold-steps.ts'
import { fromEntry, toEntry } from './ledger-row.ts'

export function changeMessage(one: Case, id: string, scope: FoldScope, change: (entry: LedgerEntry, paused: boolean) => LedgerChange): void {
  const row = one.messages.find((each) => each.id === id && each.contact_id === one.contactId)
  if (row === undefined) return
  const before = toEntry(row)
  const journey = row.journey_id === null ? undefined : scope.configuration.byId.get(row.journey_id)
  const running = row.enrollment_id === null ? undefined : one.enrollments.get(row.enrollment_id)
  const graph = running && graphOf(running, scope)
  const folded = change(before, journey?.paused ?? false)
  const isOver = graph && row.node !== null && isSatisfied(graph.nodes.get(row.node), running.state, id)
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
  const known = one.facts.consents.flatMap((each) => (each.channel === channel && each.topic === null ? [each.state] : []))
  if (state !== 'SUPPRESSED' && known.includes('SUPPRESSED')) return
  // As where the API changes it: conditions to leave by and triggers ask for it, and what is running is not loaded for a callback alone.
  if (known.length === 0 || known.some((each) => each !== state)) {
    const change = { kind: 'contact' as const, data: { change: 'changed' as const, fields: ['$consent'] } }
    for (const contactId of halvesOf(one)) scope.outbox.forwards.push({ ...change, workspaceId: one.workspaceId, contactId })
  }
  // A refusal of any half stands for all of them: whoever takes it back does so for all.
  for (const contact of state === 'GRANTED' ? halvesOf(one) : [one.contactId]) {
    const lane = laneOf(contact)
    const id = scope.outbox.newId(lane, contact, channel)
    scope.outbox.consents.push({ lane, id, workspace: one.workspaceId, contact, channel, state, source, purpose: 'marketing', at: scope.now })
  }
  one.facts = {
    ...one.facts,
    consents: [...one.facts.consents.filter((each) => each.channel !== channel || each.topic !== null), { channel, topic: null, state }],
  }
}
