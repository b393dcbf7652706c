import type { Case } from './case.ts'
import type { Outbox } from './outbox.ts'

/** A message with a de-duplication key was planned: no half of the same person says it again within its window, this tick's others included. */
export function noteSaid(one: Case, key: string, outbox: Outbox): void {
  const sent = { key, at: outbox.now }
  one.facts = { ...one.facts, dedupe: [...one.facts.dedupe, sent] }
  if (one.linked.length === 0) return
  const person = one.facts.contact.id
  outbox.said.set(person, [...(outbox.said.get(person) ?? []), sent])
}

/** What the same tick has planned for other halves is not in the database yet. */
export function recallSaid(one: Case, outbox: Outbox): void {
  const said = one.linked.length === 0 ? undefined : outbox.said.get(one.facts.contact.id)
  if (said !== undefined) one.facts = { ...one.facts, dedupe: [...one.facts.dedupe, ...said] }
}
