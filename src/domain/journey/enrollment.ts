import type { Channel, Purpose } from '../channel.ts'
import type { EventFact, Variables } from '../facts.ts'
import type { Json, JsonObject } from '../json.ts'

export const ENROLLMENT_STATUSES = ['ACTIVE', 'COMPLETED', 'CONVERTED', 'EXITED', 'FAILED'] as const
export type EnrollmentStatus = (typeof ENROLLMENT_STATUSES)[number]

/** Where one contact stands in one version of a journey: all of `step`'s memory. Times are Unix milliseconds. */
export interface EnrollmentState {
  readonly id: string
  readonly journeyId: string
  readonly versionId: string
  readonly contactId: string
  /** '' where the trigger has no key expression. */
  readonly key: string
  readonly enteredAt: number
  /** The event that started it, if one did. */
  readonly trigger: { node: string; event: EventFact | null }
  status: EnrollmentStatus
  endReason: string | null
  endedAt: number | null
  /** The node the token rests in; null once ended. */
  node: string | null
  /** Counts visits, so that the second time round a loop is another visit. */
  visit: number
  /** When the token came to rest in `node`. */
  since: number
  /** When `timer` is due; null: it waits for something else. */
  dueAt: number | null
  /** What the resting node wants to know when it is woken. */
  memo: Json
  /** What a node keeps over visits (a repeat's count), by node key. */
  memory: JsonObject
  vars: Variables
  /** The latest messages of each message node, by slot: the node's key, and for further rungs `key#rung`. */
  messages: Record<string, MessageMemo>
  /** When each goal was reached. */
  goals: Record<string, number>
  /** Inputs folded so far: the journal's sequence. */
  seq: number
  /** While its version cannot be run: its own timer, and what it has not been told yet. */
  kept?: { dueAt: number | null; inputs: readonly Input[] }
}

/** From when on what happens has happened since entry: since its trigger, which the tick that lets the contact in meets only later. */
export function startOf({ enteredAt, trigger }: Pick<EnrollmentState, 'enteredAt' | 'trigger'>): number {
  return Math.min(enteredAt, trigger.event?.occurredAt ?? enteredAt)
}

/** What an enrollment remembers of a message it sent. `rank` merges forward only; `failed` goes once it turns out delivered. */
export interface MessageMemo {
  id: string
  channel: Channel
  /** Highest of 0 planned, 1 sent, 2 delivered, 3 opened, 4 clicked, 5 replied, counting human engagement only. */
  rank: number
  failed: boolean
  /** When the provider accepted it, or the hand-over became unknown. */
  acceptedAt: number | null
  /** A gate held it back: beside others of its node it counts for nothing. Left out where none has. */
  withheld?: true
}

/** What can happen to a message, as an enrollment hears of it. UNKNOWN: handed over, no answer. */
export const SIGNALS = ['SENT', 'UNKNOWN', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED', 'FAILED', 'SUPPRESSED'] as const
export type Signal = (typeof SIGNALS)[number]

/** Everything that can move an enrollment. */
export type Input =
  | { type: 'enter'; node: string; event: EventFact | null; vars: Variables }
  | { type: 'timer' }
  | { type: 'event'; event: EventFact }
  /** `human` false: a proxy or scanner opened or clicked; kept, never acted on. */
  | { type: 'signal'; messageId: string; signal: Signal; human: boolean; at: number; reason?: string }
  /** A webhook node's call came to its end: by which port the token leaves, and what the enrollment keeps. */
  | { type: 'answer'; callId: string; port: 'success' | 'error'; vars: Variables; status: number | null; code: string | null }
  /** The contact's attributes, tags or consents changed. */
  | { type: 'contact' }
  | { type: 'exit'; reason: string }

/** A message the graph wants sent. Its id derives from (enrollment, node, visit, rung). */
export interface PlannedMessage {
  id: string
  node: string
  visit: number
  channel: Channel
  templateId: string
  topicId: string | null
  purpose: Purpose
  /** null where suppressed for want of one. */
  identityId: string | null
  dedupeKey: string | null
  /** Milliseconds from its acceptance until its node gives it up: what is delivered later is of no use. Left out where it waits without end. */
  usefulFor?: number
  /** send at once, defer until an instant, or suppress with a reason. */
  verdict: GateVerdict
}

/** A request a webhook node wants made; what it is stands in the version's graph. Its id derives from (enrollment, node, visit). */
export interface PlannedCall {
  id: string
  node: string
  visit: number
}

export type GateVerdict =
  | { type: 'send' }
  /** `until` null: until the journey is resumed. */
  | { type: 'defer'; until: number | null; reason: SuppressReason }
  | { type: 'suppress'; reason: SuppressReason }

/** Why a message is not sent. Each has its text in decision.ts. */
export const SUPPRESS_REASONS = [
  'erased',
  'suppressed',
  'unreachable',
  'identity_inactive',
  'no_consent',
  'consent_withdrawn',
  'duplicate',
  'enrollment_ended',
  'journey_paused',
  'journey_archived',
  'broadcast_cancelled',
  'no_provider',
  'render_failed',
  'expired',
  'window_closed',
  'template_not_approved',
  'engaged',
] as const
export type SuppressReason = (typeof SUPPRESS_REASONS)[number]

/** What a step wants done in the world; executed by the tick in the transaction that stores the state. */
export type Effect =
  | { type: 'message'; message: PlannedMessage }
  | { type: 'webhook'; call: PlannedCall }
  /** Cancel this enrollment's messages that are not dispatched yet, of one node alone where it is named, and the call its token waits for. */
  | { type: 'withdraw'; reason: SuppressReason; node?: string; callId?: string }
  | { type: 'contact'; set: JsonObject; unset: readonly string[]; addTags: readonly string[]; removeTags: readonly string[] }
  | { type: 'conversion'; goal: string; value: number | null; eventId: string; at: number }

/** One line of the trace: what was decided, where, and why. Its text is made from the code when it is read. */
export interface Decision {
  code: DecisionCode
  node: string | null
  /** `left` only. */
  port?: string
  data?: JsonObject
}

export const DECISION_CODES = [
  'entered',
  'arrived',
  'left',
  'waiting',
  'message_planned',
  'message_deferred',
  'message_suppressed',
  'message_withdrawn',
  'signal',
  'webhook_planned',
  'webhook_answered',
  'follow_up_armed',
  'follow_up_called_off',
  'goal_reached',
  'completed',
  'converted',
  'exited',
  'failed',
  'refused_reentry',
  'refused_paused',
  'refused_not_live',
  'refused_exit_event',
  'refused_stale',
  'refused_filter',
  'quiet_cancelled',
  'stands_still',
] as const
export type DecisionCode = (typeof DECISION_CODES)[number]

export interface StepResult {
  state: EnrollmentState
  effects: Effect[]
  trace: Decision[]
}
