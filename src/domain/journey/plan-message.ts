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
 * The same to several of the contact's devices, a message each: the gate is asked once, since they say one thing, and
 * the first carries the key of de-duplication. Ids derive from the device's place, the one seen last first.
 */
export function planToDevices(
  scope: NodeScope,
  intent: NodeIntent,
  policy: DevicePolicy = 'MOST_RECENT',
): { messageIds: string[]; verdict: GateVerdict } {
  const { messageId, verdict } = planMessage(scope, intent)
  const { messages } = scope.enrollment
  // An earlier visit may have gone to more devices, and what they did is no news of this one.
  for (const slot of Object.keys(messages)) if (slot !== scope.key && nodeOfSlot(slot) === scope.key) delete messages[slot]
  const others = verdict.type === 'suppress' ? [] : chooseIdentities(scope.facts, intent.channel, policy).slice(1)
  const plain = { ...intent, dedupeKey: null }
  return { messageIds: [messageId, ...others.map(({ id }, index) => emitMessage(scope, plain, index + 1, id, verdict))], verdict }
}

function emitMessage(scope: NodeScope, intent: NodeIntent, rung: number, identityId: string | null, verdict: GateVerdict): string {
  const { enrollment } = scope
  const { channel, templateId, topicId, purpose, dedupeKey, usefulFor } = intent
  // Of the arrival, not of the entry: ids then sort as the messages were planned.
  const id = derivedId(enrollment.since, laneOf(enrollment.id), enrollment.id, scope.key, String(enrollment.visit), String(rung))
  enrollment.messages[slotOf(scope.key, rung)] = { id, channel, rank: 0, failed: false, acceptedAt: null }
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
