import { laneOf } from '../domain/ids.ts'
import type { Client } from '../store/ask.ts'
import { findIdentities } from '../store/queries/facts.ts'
import { type Case, halvesOf } from './case.ts'
import type { Configuration } from './journeys.ts'

/** Which of their numbers people wrote from: asked only of who has several, and where somebody may be answered. */
export async function loadWriters(client: Client, cases: readonly Case[], configuration: Configuration): Promise<void> {
  const asks: { lane: number; contactId: string; channel: string; blind: string; one: Case }[] = []
  for (const one of cases) {
    if (!configuration.keywordRules.has(one.workspaceId)) continue
    for (const { kind, data } of one.items) {
      if (kind !== 'inbound' || data.from === undefined) continue
      if (one.facts.identities.filter((each) => each.channel === data.channel).length < 2) continue
      for (const contactId of halvesOf(one)) asks.push({ lane: laneOf(contactId), contactId, channel: data.channel, blind: data.from, one })
    }
  }
  if (asks.length === 0) return
  for (const { place, id } of await findIdentities(client, asks)) {
    const ask = asks[place]
    ask?.one.writers.push({ blind: ask.blind, id })
  }
}
