import { durationMillis } from '../duration.ts'
import type { Condition } from './condition.ts'
import { applyMember, type ByMember, type MemberOf } from './members.ts'

/** Which past events a condition counts. `withinMs` null: however long ago. */
export interface EventNeed {
  name: string
  withinMs: number | null
  sinceEntry: boolean
}

/** Every simple member of the condition, however deep. */
export function leaves(condition: Condition): readonly Condition[] {
  if ('all' in condition) return condition.all.flatMap(leaves)
  if ('any' in condition) return condition.any.flatMap(leaves)
  if ('not' in condition) return leaves(condition.not)
  return [condition]
}

/** What must be in `Facts.history` to evaluate the condition: one need per event name and way of reaching back, the widest. */
export function historyNeeds(condition: Condition): EventNeed[] {
  const needs = new Map<string, EventNeed>()
  for (const leaf of leaves(condition)) {
    if (!('event' in leaf)) continue
    const { name, within, sinceEntry = false } = leaf.event
    const withinMs = within === undefined ? null : durationMillis(within)
    const key = JSON.stringify([name, sinceEntry])
    const known = needs.get(key)
    const widest = known === undefined ? withinMs : known.withinMs === null || withinMs === null ? null : Math.max(known.withinMs, withinMs)
    needs.set(key, { name, withinMs: widest, sinceEntry })
  }
  return [...needs.values()]
}

/** The keys of the nodes whose messages the condition asks about, each once. */
export function nodesNamed(condition: Condition): string[] {
  return [...new Set(leaves(condition).flatMap((leaf) => ('engagement' in leaf ? [leaf.engagement.node] : [])))]
}

const no = () => null

/** What a member asks of an enrollment, as said to who may not ask it; null where it asks nothing. */
export const ENROLLMENT_NEEDS: ByMember<string | null> = {
  all: no,
  any: no,
  not: no,
  attribute: no,
  tag: no,
  event: (member: MemberOf<'event'>) => (member.sinceEntry ? 'sinceEntry' : member.matchKey === undefined ? null : 'matchKey'),
  engagement: () => 'engagement',
  key: () => 'key',
  variable: () => 'variable',
  triggerEvent: () => 'triggerEvent',
  goal: () => 'goal',
  reachable: no,
  consent: no,
  time: no,
}

/** The first thing in the condition that only makes sense inside a journey; null where there is none. */
export function enrollmentNeed(condition: Condition): string | null {
  for (const leaf of leaves(condition)) {
    const need = applyMember(ENROLLMENT_NEEDS, leaf)
    if (need !== undefined && need !== null) return need
  }
  return null
}
