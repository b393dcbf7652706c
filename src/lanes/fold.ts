import { endsJourney } from '../domain/entry.ts'
import type { EventFact } from '../domain/facts.ts'
import { derivedId } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { understand } from '../domain/keywords.ts'
import { applyCallback, applyHeld, applyReply, applyResult, applyTimer } from '../domain/ledger.ts'
import { tagOf } from '../realtime/changes.ts'
import { planAutoReply } from './auto-reply.ts'
import { type Case, type Item, isKnownHalf } from './case.ts'
import { planDirect } from './direct.ts'
import { keptFirst, pull, pullOne, setWatch, takeWatch, wakeWatch } from './fold-entry.ts'
import { changeMessage, setConsent } from './fold-messages.ts'
import { advance, advanceAll, type FoldScope } from './fold-steps.ts'
import type { InboxItem } from './inbox.ts'
import { recallSaid } from './said.ts'

/**
 * Folds everything one contact has before it: its inbox in order, then what has fallen due. The inbox comes
 * first, so an event acknowledged before a reminder is due always stops it.
 */
export function foldCase(one: Case, scope: FoldScope): void {
  scope.outbox.touch(one.workspaceId, 'contacts', tagOf(one.contactId))
  // Of who was merged the history is part of the whole's.
  scope.outbox.touch(one.workspaceId, 'contacts', tagOf(one.facts.contact.id))
  recallSaid(one, scope.outbox)
  for (const item of one.items) foldItem(one, item, scope)
  for (const id of one.dueMessages) changeMessage(one, id, scope, (entry) => applyTimer(entry, scope.now))
  for (const id of one.dueEnrollments) {
    const running = one.enrollments.get(id)
    if (running) advance(one, running, { type: 'timer' }, scope)
  }
  for (const watch of one.dueWatches.toSorted(keptFirst)) wakeWatch(one, watch, scope)
}

function foldItem(one: Case, item: Item, scope: FoldScope): void {
  switch (item.kind) {
    case 'event': {
      const { messageId, name, properties, occurredAt } = item.data
      return hear(one, toEvent(one, item, messageId, name, properties, occurredAt), messageId, scope)
    }
    case 'echo':
      // Of a group's history, which is loaded for each of its halves, it may be a part already.
      if (!one.facts.history.some((each) => each.id === item.data.id)) one.facts = { ...one.facts, history: [...one.facts.history, item.data] }
      return advanceAll(one, item.data, scope)
    case 'contact': {
      for (const running of one.enrollments.values()) advance(one, running, { type: 'contact' }, scope)
      const change = item.data.change === 'created' ? 'CREATED' : 'CHANGED'
      // Every half is told, because its journeys may ask; whom they let in is one person.
      return isKnownHalf(one) ? pull(one, { type: 'contact', change, fields: item.data.fields }, scope) : undefined
    }
    case 'enroll': {
      const event = toEvent(one, item, item.data.requestId, 'journey.enroll', item.data.properties, null)
      const journey = scope.configuration.byId.get(item.data.journeyId)
      if (!journey)
        return scope.outbox.refuse(
          one.lane,
          one.workspaceId,
          one.contactId,
          item.data.journeyId,
          { type: 'api' },
          { code: 'refused_not_live', node: item.data.node },
        )
      return pullOne(one, journey, { type: 'api', node: item.data.node, event }, scope)
    }
    case 'exit': {
      const running = one.enrollments.get(item.data.enrollmentId)
      return running && advance(one, running, { type: 'exit', reason: item.data.reason }, scope)
    }
    case 'watch':
      return takeWatch(one, item.data, scope)
    case 'send':
      return void planDirect(one, item.data, scope.outbox, scope.now)
    case 'answer': {
      const running = one.enrollments.get(item.data.enrollmentId)
      const { enrollmentId: _, ...answer } = item.data
      return running && advance(one, running, { type: 'answer', ...answer }, scope)
    }
    case 'result':
      return changeMessage(one, item.data.messageId, scope, (entry) =>
        applyResult(entry, item.data.attempt, item.data.outcome, item.data.at, scope.now),
      )
    case 'held':
      return changeMessage(one, item.data.messageId, scope, (entry, paused) => applyHeld(entry, item.data.reason, paused, scope.now))
    case 'callback':
      return changeMessage(one, item.data.messageId, scope, (entry) => applyCallback(entry, item.data))
    case 'reply':
      return changeMessage(one, item.data.messageId, scope, (entry) => applyReply(entry, item.data.at, item.data.quoted))
    case 'inbound':
      return answer(one, item, scope)
    case 'preference':
      return setConsent(one, item.data.channel, item.data.state, 'preference', { ...scope, now: Math.min(item.data.at, scope.now) })
  }
}

function toEvent(one: Case, item: Item, messageId: string, name: string, properties: JsonObject, occurredAt: number | null): EventFact {
  const id = derivedId(item.receivedAt, one.lane, one.workspaceId, item.reference ?? one.contactId, messageId)
  return { id, name, properties, occurredAt: Math.min(occurredAt ?? item.receivedAt, item.receivedAt), receivedAt: item.receivedAt }
}

/** An event: kept, heard by what is running, and then perhaps the start of something. */
function hear(one: Case, event: EventFact, messageId: string | null, scope: FoldScope): void {
  scope.outbox.events.push({
    lane: one.lane,
    id: event.id,
    workspace: one.workspaceId,
    contact: one.contactId,
    message_id: messageId,
    name: event.name,
    properties: event.properties,
    occurred: event.occurredAt,
    // What a tick finds may have arrived after it looked at the clock; in the timeline it still comes before what came of it.
    received: Math.min(event.receivedAt, scope.now),
  })
  one.facts = { ...one.facts, history: [...one.facts.history, event] }
  advanceAll(one, event, scope)
  for (const contactId of one.linked) scope.outbox.forwards.push({ kind: 'echo', data: event, workspaceId: one.workspaceId, contactId } as InboxItem)
  for (const watch of [...one.watches]) {
    const journey = scope.configuration.byId.get(watch.journeyId)
    // Called off with another half's.
    if (!one.watches.includes(watch)) continue
    if (!journey || !endsJourney(journey.graph, event, watch.key, scope.now)) continue
    setWatch(one, watch.journeyId, watch.node, watch.key, null, null, scope)
    const decision = { code: 'quiet_cancelled' as const, node: watch.node, data: { event: event.name } }
    const cause = { type: 'event', eventId: event.id, name: event.name, key: watch.key }
    scope.outbox.refuse(one.lane, one.workspaceId, one.contactId, watch.journeyId, cause, decision)
  }
  pull(one, { type: 'event', event }, scope)
}

/** A person wrote back: a keyword acts at once and may be answered; everything is an event, and a reply to what was sent last. */
function answer(one: Case, item: Extract<Item, { kind: 'inbound' }>, scope: FoldScope): void {
  const { channel, text, providerMessageId, at, to } = item.data
  const rules = scope.configuration.keywordRules.get(one.workspaceId) ?? []
  const { keyword, action, rule } = understand(text, channel, one.facts.contact.locale, rules)
  if (action === 'OPT_OUT') setConsent(one, channel, 'WITHDRAWN', 'keyword', scope)
  if (action === 'OPT_IN') setConsent(one, channel, 'GRANTED', 'keyword', scope)
  if (rule !== null) planAutoReply(one, item, rule, keyword, scope.outbox, scope.now)
  const chosen = one.messages.find((row) => row.id === item.data.inReplyTo && row.channel === channel)
  const sent = one.lastSent.find((each) => each.channel === channel)
  const last = chosen?.id ?? sent?.messageId
  const half = chosen?.contact_id ?? sent?.contactId ?? one.contactId
  if (last !== undefined) {
    const data = { messageId: last, at: Math.min(at, scope.now), quoted: chosen !== undefined }
    if (half === one.contactId) changeMessage(one, last, scope, (entry) => applyReply(entry, data.at, data.quoted))
    else scope.outbox.forwards.push({ kind: 'reply', data, workspaceId: one.workspaceId, contactId: half })
  }
  const properties: JsonObject = { ...item.data.properties, text, to, keyword, inReplyTo: last ?? null }
  hear(one, toEvent(one, item, providerMessageId, `${channel}.message.received`, properties, at), providerMessageId, scope)
}
