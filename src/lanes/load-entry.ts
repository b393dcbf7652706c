import { type Happening, STALE_AFTER } from '../domain/entry.ts'
import type { EventFact } from '../domain/facts.ts'
import { laneOf } from '../domain/ids.ts'
import type { Client } from '../store/ask.ts'
import { loadSlots, loadWatches } from '../store/queries/facts.ts'
import { byHalf, type Case, halvesOf, type Item, setSlot } from './case.ts'
import type { Configuration, LiveJourney } from './journeys.ts'

/** Entry guards and watches of the journeys whose triggers this batch may pull. */
export async function loadEntry(client: Client, cases: readonly Case[], configuration: Configuration): Promise<void> {
  const asks: { lane: number; journeyId: string; contactId: string }[] = []
  const asked = new Set<string>()
  for (const one of cases) {
    for (const journeyId of candidates(one, configuration)) {
      for (const contactId of halvesOf(one)) {
        // Another half may ask for the same; most people have none.
        if (one.linked.length > 0 && asked.size === asked.add(`${contactId} ${journeyId}`).size) continue
        asks.push({ lane: laneOf(contactId), journeyId, contactId })
      }
    }
  }
  if (asks.length === 0) return
  const owners = byHalf(cases)
  for (const row of await loadSlots(client, asks)) for (const one of owners.get(row.contact_id) ?? []) setSlot(one, row)
  const quiet = asks.filter((ask) => configuration.byId.get(ask.journeyId)?.graph.triggers.some(isQuiet))
  if (quiet.length === 0) return
  for (const { contact_id, journey_id, node, key, due_at } of await loadWatches(client, quiet))
    for (const one of owners.get(contact_id) ?? []) one.watches.push({ contactId: contact_id, journeyId: journey_id, node, key, dueAt: due_at })
}

function isQuiet(trigger: { kind: { kind: string }; config: unknown }): boolean {
  return trigger.kind.kind === 'inactivity_trigger' || (trigger.config as { quietFor?: string }).quietFor !== undefined
}

/** Whose timer alone is due enters nowhere. */
const NONE: ReadonlySet<string> = new Set()

/** Journeys this case may enter, or has a watch in that may be called off. */
export function candidates(one: Case, configuration: Configuration): ReadonlySet<string> {
  if (one.items.length === 0 && one.dueWatches.length === 0) return NONE
  const ids = new Set(one.dueWatches.map((watch) => watch.journey_id))
  for (const journey of configuration.journeys.get(one.workspaceId) ?? []) if (one.items.some((item) => concerns(journey, item))) ids.add(journey.id)
  for (const item of one.items) if (item.kind === 'enroll' || item.kind === 'watch') ids.add(item.data.journeyId)
  return ids
}

function concerns(journey: LiveJourney, item: Item): boolean {
  if (item.kind === 'event' || item.kind === 'inbound') {
    const name = item.kind === 'event' ? item.data.name : `${item.data.channel}.message.received`
    return (
      journey.graph.listensTo.has(name) ||
      journey.graph.triggers.some((trigger) => {
        const config = trigger.config as { event?: string; events?: string[] }
        return trigger.kind.kind === 'inactivity_trigger' ? (config.events?.includes(name) ?? true) : config.event === name
      })
    )
  }
  return item.kind === 'contact' && journey.graph.triggers.some((trigger) => trigger.kind.kind === 'contact_trigger')
}

/**
 * When the earliest of what may let this case in somewhere happened: a newcomer's conditions ask from then on, since that is when the
 * entry began. A clock that has run out may have kept its event for days; any other is a day old at most.
 */
export function beganAt(one: Case, now: number): number {
  let first = now
  const look = (at: number) => {
    if (at < first) first = at
  }
  for (const item of one.items) {
    const at = item.kind === 'event' ? item.data.occurredAt : item.kind === 'inbound' ? item.data.at : null
    if (at === null) look(item.receivedAt)
    else if (now - at <= STALE_AFTER) look(at)
  }
  const handed = one.items.flatMap((item) => (item.kind === 'watch' ? [item.data] : []))
  for (const { event } of [...one.dueWatches, ...handed]) {
    const kept = event as EventFact | Happening | null
    if (kept === null) continue
    if ('occurredAt' in kept) look(kept.occurredAt)
    else if (kept.type !== 'contact') look(kept.event.occurredAt)
  }
  return first
}
