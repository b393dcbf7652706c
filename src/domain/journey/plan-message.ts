import type { Channel, Purpose } from '../channel.ts'
import { chooseIdentities, type DevicePolicy, gate } from '../gate.ts'
import { derivedId, laneOf } from '../ids.ts'
import type { GateVerdict } from './enrollment.ts'
import type { NodeScope } from './node-kind.ts'

/** What a node wants said, and on which channel. */
export interface NodeIntent {
  channel: Channel
  templateId: string
  topicId: string | null
  purpose: Purpose
  dedupeKey: string | null
  /** Milliseconds. */
  dedupeWindow: number
  /** Milliseconds the node waits for what becomes of it; left out where it waits without end, or not at all. */
  usefulFor?: number | undefined
}

const SEPARATOR = '#'

/** Under what an enrollment remembers a node's message: the node's key for the first of a visit, with the rung for those after. */
export const slotOf = (node: string, rung: number): string => (rung === 0 ? node : `${node}${SEPARATOR}${rung}`)

/** The node a slot is of. Keys of nodes never hold the separator. */
export const nodeOfSlot = (slot: string): string => slot.split(SEPARATOR, 1)[0] ?? slot

/** Asks the gate and plans the message, or keeps it as suppressed, with its line in the trace. The id derives from where and when the token came to rest, and from the rung. */
export function planMessage(scope: NodeScope, intent: NodeIntent, rung = 0): { messageId: string; verdict: GateVerdict } {
  const { verdict, identityId } = gate(scope.facts, intent, scope.now)
  return { messageId: emitMessage(scope, intent, rung, identityId, verdict), verdict }
}

/**
 * Several messages of one node that say one thing at once: an intent for each channel, and of each a message to every
 * device its policy chooses, the one seen last first and alone where there is none. The gate is asked once for each channel.
 * De-duplication counts the whole once, so the first message that passes carries its key. Returns the ids of those that passed.
 */
export function planTogether(scope: NodeScope, intents: readonly (NodeIntent & { devices?: DevicePolicy | undefined })[]): string[] {
  const passed: string[] = []
  let rung = 0
  for (const intent of intents) {
    const plain = { ...intent, dedupeKey: null }
    const { messageId, verdict } = planMessage(scope, passed.length === 0 ? intent : plain, rung++)
    if (verdict.type === 'suppress') continue
    passed.push(messageId)
    const others = chooseIdentities(scope.facts, intent.channel, intent.devices ?? 'MOST_RECENT').slice(1)
    for (const { id } of others) passed.push(emitMessage(scope, plain, rung++, id, verdict))
  }
  return passed
}

function emitMessage(scope: NodeScope, intent: NodeIntent, rung: number, identityId: string | null, verdict: GateVerdict): string {
  const { enrollment } = scope
  const { channel, templateId, topicId, purpose, dedupeKey, usefulFor } = intent
  // Of the arrival, not of the entry: ids then sort as the messages were planned.
  const id = derivedId(enrollment.since, laneOf(enrollment.id), enrollment.id, scope.key, String(enrollment.visit), String(rung))
  if (rung === 0) forgetVisit(scope)
  const withheld = verdict.type === 'suppress' ? { withheld: true as const } : {}
  enrollment.messages[slotOf(scope.key, rung)] = { id, channel, rank: 0, failed: false, acceptedAt: null, ...withheld }
  const { visit } = enrollment
  scope.emit({
    type: 'message',
    message: {
      id,
      node: scope.key,
      visit,
      channel,
      templateId,
      topicId,
      purpose,
      identityId,
      dedupeKey,
      ...(usefulFor === undefined ? {} : { usefulFor }),
      verdict,
    },
  })
  if (verdict.type === 'suppress') scope.note('message_suppressed', { reason: verdict.reason, channel, messageId: id })
  else if (verdict.type === 'defer') scope.note('message_deferred', { reason: verdict.reason, channel, messageId: id, until: verdict.until })
  else scope.note('message_planned', { channel, messageId: id })
  return id
}

/** An earlier visit may have had more messages, and what becomes of those is no news of this one. */
function forgetVisit({ key, enrollment: { messages } }: NodeScope): void {
  for (const slot of Object.keys(messages)) if (slot !== key && nodeOfSlot(slot) === key) delete messages[slot]
}
