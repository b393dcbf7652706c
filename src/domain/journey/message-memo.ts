import type { EnrollmentState, MessageMemo } from './enrollment.ts'
import type { NodeKind } from './node-kind.ts'
import { nodeOfSlot } from './plan-message.ts'

/**
 * Several messages of one node taken as one: as far as the one that got furthest, accepted when the first was, failed where
 * all have; those a gate held back count only where there are no others. undefined for none.
 */
export function bestOf(memos: readonly MessageMemo[]): MessageMemo | undefined {
  const left = memos.filter((each) => !each.withheld)
  const [first, ...others] = left.length > 0 ? left : memos
  if (first === undefined) return undefined
  let best = first
  for (const each of others) {
    const ahead = each.rank > best.rank ? each : best
    const accepted = [each.acceptedAt, best.acceptedAt].filter((at) => at !== null)
    best = { ...ahead, failed: each.failed && best.failed, acceptedAt: accepted.length === 0 ? null : Math.min(...accepted) }
  }
  return best
}

const memosOfNode = (messages: EnrollmentState['messages'], node: string): MessageMemo[] =>
  Object.entries(messages).flatMap(([slot, memo]) => (nodeOfSlot(slot) === node ? [memo] : []))

/** What became of a node's latest messages, whichever channel, device or rung they went to. */
export function memoOfNode(messages: EnrollmentState['messages'], node: string): MessageMemo | undefined {
  return bestOf(memosOfNode(messages, node))
}

/** Whether a message of this node is needed no more: it was one way of saying something, and another has been heard. */
export function isSatisfied(
  node: { key: string; kind: Pick<NodeKind, 'satisfied'>; config: unknown } | undefined,
  { messages }: EnrollmentState,
  messageId: string,
): boolean {
  if (node?.kind.satisfied === undefined) return false
  const memos = memosOfNode(messages, node.key)
  return memos.some((each) => each.id === messageId) && node.kind.satisfied(node.config, memos)
}
