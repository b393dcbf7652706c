import type { EventFact } from '../domain/facts.ts'
import { laneOf } from '../domain/ids.ts'
import type { CompiledGraph } from '../domain/journey/compile.ts'
import { startOf } from '../domain/journey/enrollment.ts'
import type { HistoryNeed } from '../domain/journey/node-kind.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Client } from '../store/ask.ts'
import { awaitOtherHalves, type Key, loadDedupe, loadHistory } from '../store/queries/facts.ts'
import { together } from '../store/sql.ts'
import { byHalf, type Case, halvesOf } from './case.ts'
import type { Configuration } from './journeys.ts'
import { beganAt, candidates } from './load-entry.ts'

/** Reads as much of each contact's past as the graphs in question ask for, and no more. */
export async function loadPast(
  client: Client,
  cases: readonly Case[],
  configuration: Configuration,
  versions: ReadonlyMap<string, CompiledGraph>,
  now: number,
): Promise<void> {
  const asks: { lane: number; contactId: string; name: string; since: number; owner: string }[] = []
  const dedupes = new Map<string, Key>()
  const merged = new Set<string>()
  for (const one of cases) {
    if (asksNothing(one, versions)) continue
    const since = new Map<string, number>()
    // An automatic answer may be one too many.
    let dedupe = configuration.keywordRules.has(one.workspaceId) && one.items.some((item) => item.kind === 'inbound')
    const need = (needs: readonly HistoryNeed[], enteredAt: number, least = now) => {
      for (const each of needs) {
        const from = each.withinMs !== null ? Math.min(now - each.withinMs, least) : each.sinceEntry ? enteredAt : 0
        since.set(each.name, Math.min(since.get(each.name) ?? Number.POSITIVE_INFINITY, from))
      }
    }
    for (const { state } of one.enrollments.values()) {
      const graph = versions.get(state.versionId)
      if (graph === undefined) continue
      need(graph.history, startOf(state))
      dedupe ||= graph.dedupes
    }
    const wanted = candidates(one, configuration)
    const began = wanted.size === 0 ? now : beganAt(one, now)
    for (const id of wanted) {
      const graph = configuration.byId.get(id)?.graph
      if (graph === undefined) continue
      need(graph.history, began)
      // The guard looks for what came after the trigger, however long a quiet one has waited.
      need(graph.entryHistory, began, began)
      dedupe ||= graph.dedupes
    }
    if (since.size === 0 && !dedupe) continue
    const halves = halvesOf(one)
    for (const [name, from] of since) for (const id of halves) asks.push({ lane: laneOf(id), contactId: id, name, since: from, owner: one.contactId })
    if (!dedupe) continue
    for (const id of halves) dedupes.set(id, { lane: laneOf(id), id })
    if (halves.length > 1) merged.add(one.facts.contact.id)
  }
  const [past, , sent] = await together([loadHistory(client, asks), awaitOtherHalves(client, [...merged]), loadDedupe(client, [...dedupes.values()])])
  const histories = new Map<string, EventFact[]>()
  for (const row of past) {
    const list = histories.get(row.contact_id) ?? []
    list.push({
      id: row.id,
      name: row.name,
      properties: row.properties as JsonObject,
      occurredAt: row.occurred_at,
      receivedAt: row.received_at,
    })
    histories.set(row.contact_id, list)
  }
  if (histories.size > 0)
    for (const one of cases) {
      const history = histories.get(one.contactId)
      if (history !== undefined) one.facts = { ...one.facts, history }
    }
  if (sent.length === 0) return
  const owners = byHalf(cases)
  for (const { contact_id, key, at } of sent)
    for (const one of owners.get(contact_id) ?? []) one.facts = { ...one.facts, dedupe: [...one.facts.dedupe, { key, at }] }
}

/** Whether no decision of this case looks back, as most timers' do not. */
function asksNothing(one: Case, versions: ReadonlyMap<string, CompiledGraph>): boolean {
  if (one.items.length > 0 || one.dueWatches.length > 0) return false
  for (const { state } of one.enrollments.values()) {
    const graph = versions.get(state.versionId)
    if (graph !== undefined && (graph.history.length > 0 || graph.dedupes)) return false
  }
  return true
}
