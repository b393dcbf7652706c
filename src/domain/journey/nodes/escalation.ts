import { CHANNELS, type Channel, PURPOSES, type Purpose } from '../../channel.ts'
import { durationMillis } from '../../duration.ts'
import type { Json } from '../../json.ts'
import { choice, duration, list, object, optional, type Shape, text } from '../../shape.ts'
import { checkTemplate } from '../check-template.ts'
import type { MessageMemo } from '../enrollment.ts'
import type { NodeKind, NodeScope, Outcome, Signalled } from '../node-kind.ts'
import { planMessage } from '../plan-message.ts'

/** What may be asked of a person before the next rung is left out, least first. */
export const ENGAGEMENTS = ['OPENED', 'CLICKED', 'REPLIED'] as const
export type Engagement = (typeof ENGAGEMENTS)[number]
const RANK: Record<Engagement, number> = { OPENED: 3, CLICKED: 4, REPLIED: 5 }

interface Rung {
  channel: Channel
  templateId: string
  /** From the provider's acceptance to the next rung. */
  wait: string
}

export interface EscalationConfig {
  rungs: Rung[]
  engagedBy?: Engagement
  topicId?: string
  purpose?: Purpose
}

/** While the token rests here. Instants in Unix milliseconds. */
interface Climb {
  /** Messages that left, or may yet; the last is the one that is waited for. */
  sent: string[]
  rung: number
  accepted: number | null
}

const config: Shape<EscalationConfig> = object({
  rungs: list(
    object({
      channel: choice(CHANNELS, { title: 'Channel' }),
      templateId: text({ title: 'Template', format: 'template' }),
      wait: duration({ title: 'Wait', description: 'How long to wait for engagement before the next rung; the last one ends the node.' }),
    }),
    { title: 'Rungs', min: 1, max: 10 },
  ),
  engagedBy: optional(choice(ENGAGEMENTS, { title: 'Engaged by', description: 'The least that counts as engagement; OPENED where left out.' })),
  topicId: optional(text({ title: 'Topic', format: 'topic' })),
  purpose: optional(choice(PURPOSES, { title: 'Purpose', description: "The journey's own where left out." })),
}) as Shape<EscalationConfig>

/** One intent on one channel after the other, until the person engages: with any of its messages, the earlier ones too. */
export const escalation: NodeKind<EscalationConfig> = {
  kind: 'escalation',
  title: 'Escalation',
  icon: 'trending-up',
  description: 'Says the same thing on one channel after the other until the person engages; what fails or cannot be sent goes to the next at once.',
  category: 'message',
  config,
  ports: () => [
    { name: 'engaged', title: 'Engaged' },
    { name: 'exhausted', title: 'Exhausted' },
    { name: 'suppressed', title: 'Suppressed' },
  ],
  // Nobody to be written to anywhere is let through at once.
  waits: (_, port) => port !== 'suppressed',
  check(settings, scope) {
    settings.rungs.forEach(({ channel, templateId }, index) => {
      checkTemplate(scope, channel, templateId, ['rungs', String(index), 'templateId'])
    })
    if (settings.topicId !== undefined && !scope.hasTopic(settings.topicId)) scope.report('UNKNOWN_TOPIC', ['topicId'], 'there is no such topic')
  },
  arrive: (settings, scope) => climb(settings, scope, 0, []),
  signal: hear,
  satisfied: (settings, messages) => messages.some((each) => isEngaged(settings, each)),
  timer(settings, scope) {
    const { rung, sent } = memoOf(scope)
    const reached = Object.values(scope.enrollment.goals).some((at) => at >= scope.enrollment.since)
    if (!reached) return climb(settings, scope, rung + 1, sent)
    scope.emit({ type: 'withdraw', reason: 'engaged', node: scope.key })
    return { go: 'engaged' }
  },
}

const isEngaged = ({ engagedBy = 'OPENED' }: EscalationConfig, { rank }: MessageMemo) => rank >= RANK[engagedBy]
const memoOf = (scope: NodeScope) => scope.enrollment.memo as unknown as Climb
const stay = (memo: Climb, dueAt: number | null): Outcome => ({ stay: { dueAt, memo: memo as unknown as Json } })

/** Plans the first rung from `from` on that the gate lets through. */
function climb(settings: EscalationConfig, scope: NodeScope, from: number, sent: readonly string[]): Outcome {
  for (const [index, { channel, templateId }] of settings.rungs.entries()) {
    if (index < from) continue
    const purpose = settings.purpose ?? scope.purpose
    const intent = { channel, templateId, topicId: settings.topicId ?? null, purpose, dedupeKey: null, dedupeWindow: 0 }
    const { messageId, verdict } = planMessage(scope, intent, index)
    if (verdict.type !== 'suppress') return stay({ sent: [...sent, messageId], rung: index, accepted: null }, null)
  }
  return { go: sent.length > 0 ? 'exhausted' : 'suppressed' }
}

function hear(settings: EscalationConfig, scope: NodeScope, signal: Signalled): Outcome | null {
  const memo = memoOf(scope)
  if (!memo.sent.includes(signal.messageId)) return null
  const message = Object.values(scope.enrollment.messages).find((each) => each.id === signal.messageId)
  if (message === undefined) return null
  if (isEngaged(settings, message)) {
    // The rung that was just planned may not have left yet, and an earlier one wait to be sent again: nobody needs them any more.
    if (memo.sent.length > 1) scope.emit({ type: 'withdraw', reason: 'engaged', node: scope.key })
    return { go: 'engaged' }
  }
  return memo.sent.at(-1) === signal.messageId ? follow(settings, scope, memo, message, signal) : null
}

/** What becomes of the rung that is waited for. */
function follow(settings: EscalationConfig, scope: NodeScope, memo: Climb, message: MessageMemo, signal: Signalled): Outcome | null {
  // Held back by the second gate, it never left: it does not count among those that did.
  if (signal.signal === 'SUPPRESSED') return climb(settings, scope, memo.rung + 1, memo.sent.slice(0, -1))
  if (message.failed) return climb(settings, scope, memo.rung + 1, memo.sent)
  if (memo.accepted !== null || message.acceptedAt === null) return null
  const accepted = Math.min(message.acceptedAt, scope.now)
  const dueAt = accepted + durationMillis(settings.rungs[memo.rung]?.wait ?? 'PT0S')
  return stay({ ...memo, accepted }, dueAt)
}
