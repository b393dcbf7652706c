import type { Channel, Purpose } from '../../channel.ts'
import { OF_DEVICES, PURPOSES } from '../../channel.ts'
import { durationMillis } from '../../duration.ts'
import { DEVICE_POLICIES, type DevicePolicy } from '../../gate.ts'
import { type Json, readPath } from '../../json.ts'
import { choice, duration, list, object, optional, type Shape, text } from '../../shape.ts'
import { checkTemplate } from '../check-template.ts'
import type { EnrollmentState, Signal } from '../enrollment.ts'
import { bestOf } from '../message-memo.ts'
import type { NodeKind, NodeScope, Outcome, Signalled } from '../node-kind.ts'
import { pathScope } from '../path-scope.ts'
import { planTogether } from '../plan-message.ts'

/** Statuses a message node may connect; `after` is the wait between reaching one and leaving by it. */
export const FOLLOW_UPS = ['SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED', 'FAILED', 'IGNORED'] as const
export type FollowUpStatus = (typeof FOLLOW_UPS)[number]

/** What a node is told of the one thing it says, in however many messages. */
export interface FollowedConfig {
  topicId?: string
  purpose?: Purpose
  followUps?: { on: FollowUpStatus; after?: string }[]
  nextAfter?: string
  dedupe?: { key: string; window: string }
}

export interface MessageConfig extends FollowedConfig {
  templateId: string
  /** Push and web push only. */
  devices?: DevicePolicy
}

/** What a message node remembers while the token rests in it. Instants in Unix milliseconds. */
interface MessageWait {
  messageId: string
  /** Those on further channels or to further devices; left out where there are none. */
  others?: string[]
  accepted: number | null
  /** The follow-up that leaves at `at` unless something higher comes first. */
  armed: { on: FollowUpStatus; at: number } | null
  ignoredAt: number | null
  nextAt: number | null
}

const RANK: Record<Signal, number> = { SENT: 1, UNKNOWN: 0, DELIVERED: 2, OPENED: 3, CLICKED: 4, REPLIED: 5, FAILED: -1, SUPPRESSED: -1 }
const ENGAGED = 3

export const FOLLOWED_FIELDS = {
  topicId: optional(
    text({ title: 'Topic', format: 'topic', description: 'What the message is about; consent may be given or withdrawn per topic.' }),
  ),
  purpose: optional(choice(PURPOSES, { title: 'Purpose', description: "The journey's own where left out." })),
  followUps: optional(
    list(
      object({
        on: choice(FOLLOW_UPS, { title: 'Status' }),
        after: optional(duration({ title: 'After', description: 'Wait from reaching the status; for IGNORED the window itself.', allowZero: true })),
      }),
      { title: 'Follow-ups', max: FOLLOW_UPS.length },
    ),
  ),
  nextAfter: optional(duration({ title: 'Leave after', description: 'By `next`, this long after the provider accepted, whatever else happens.' })),
  dedupe: optional(
    object(
      {
        key: text({ title: 'Key', description: 'A path such as `event.cartId`; no second message with the same value.' }),
        window: duration({ title: 'Window' }),
      },
      { title: 'De-duplication' },
    ),
  ),
}
const fields = { templateId: text({ title: 'Template', format: 'template' }), ...FOLLOWED_FIELDS }
export const DEVICES = optional(choice(DEVICE_POLICIES, { title: 'Devices', description: 'A message to each; the one seen last where left out.' }))
const config = object(fields) as Shape<MessageConfig>
const toDevices = object({ ...fields, devices: DEVICES }) as Shape<MessageConfig>

/** A node that sends one message on one channel, and may follow its fate. */
export function messageKind(kind: string, channel: Channel, title: string, icon: string): NodeKind<MessageConfig> {
  const about = {
    kind,
    title,
    icon,
    description: `Sends one ${title} and goes on when the provider has accepted it, or follows up on what becomes of it.`,
    config: OF_DEVICES.includes(channel) ? toDevices : config,
  }
  return followedKind(about, ({ templateId, devices }) => [{ channel, templateId, devices, path: [] }])
}

/** What a node says on one channel, and the way to it in its settings. */
interface Saying {
  channel: Channel
  templateId: string
  devices: DevicePolicy | undefined
  path: readonly string[]
}

/** A kind of node that says one thing, in one message or in several at once, and may follow what becomes of it. */
export function followedKind<Config extends FollowedConfig>(
  about: Pick<NodeKind<Config>, 'kind' | 'title' | 'icon' | 'description' | 'config'>,
  sayings: (settings: Config) => readonly Saying[],
): NodeKind<Config> {
  return {
    ...about,
    category: 'message',
    ports: (settings) => [
      { name: 'next', title: 'Next' },
      ...(settings.followUps ?? [])
        .filter((each) => each.on !== 'FAILED')
        .map((each) => ({ name: each.on.toLowerCase(), title: each.on.toLowerCase() })),
      { name: 'failed', title: 'Failed' },
      { name: 'suppressed', title: 'Suppressed' },
    ],
    // Who is not to be written to is let through at once.
    waits: (_, port) => port !== 'suppressed',
    check(settings, scope) {
      for (const { channel, templateId, path } of sayings(settings)) checkTemplate(scope, channel, templateId, [...path, 'templateId'])
      if (settings.topicId !== undefined && !scope.hasTopic(settings.topicId)) scope.report('UNKNOWN_TOPIC', ['topicId'], 'there is no such topic')
      const follows = settings.followUps ?? []
      follows.forEach((follow, index) => {
        if (follows.findIndex((each) => each.on === follow.on) !== index)
          scope.report('INVALID_CONFIG', ['followUps', String(index), 'on'], 'is followed twice')
        if (follow.on === 'IGNORED' && follow.after === undefined)
          scope.report('INVALID_CONFIG', ['followUps', String(index), 'after'], 'is the window of `ignored` and must be given')
        if (follow.on !== 'FAILED' && !scope.connected(follow.on.toLowerCase()))
          scope.report('UNCONNECTED', ['followUps', String(index)], `port ${follow.on.toLowerCase()} leads nowhere`)
      })
      if (follows.some((each) => each.on !== 'FAILED') && settings.nextAfter === undefined && !follows.some((each) => each.on === 'IGNORED')) {
        scope.report('STRANDED', ['followUps'], 'connect `ignored`, or set `nextAfter`, so that nobody waits here for ever')
      }
    },
    arrive: (settings, scope) => plan(sayings(settings), settings, scope),
    signal: hear,
    timer: leaveWhenDue,
  }
}

function plan(sayings: readonly Saying[], settings: FollowedConfig, scope: NodeScope): Outcome {
  const shared = {
    topicId: settings.topicId ?? null,
    purpose: settings.purpose ?? scope.purpose,
    dedupeKey: settings.dedupe ? keyText(readPath(pathScope(scope.enrollment, scope.facts), settings.dedupe.key)) : null,
    dedupeWindow: settings.dedupe ? durationMillis(settings.dedupe.window) : 0,
    usefulFor: patienceOf(settings),
  }
  const messageIds = planTogether(
    scope,
    sayings.map(({ channel, templateId, devices }) => ({ ...shared, channel, templateId, devices })),
  )
  if (messageIds.length === 0) return { go: 'suppressed' }
  return stay({ ...awaiting(messageIds), accepted: null, armed: null, ignoredAt: null, nextAt: null })
}

/** Milliseconds after which the token is gone, come what may: the sooner of `ignored` and `nextAfter`. */
function patienceOf({ followUps = [], nextAfter }: FollowedConfig): number | undefined {
  const ends = [followUps.find((each) => each.on === 'IGNORED')?.after, nextAfter].flatMap((each) =>
    each === undefined ? [] : [durationMillis(each)],
  )
  return ends.length === 0 ? undefined : Math.min(...ends)
}

function hear(settings: FollowedConfig, scope: NodeScope, signal: Signalled): Outcome | null {
  const wait = scope.enrollment.memo as unknown as MessageWait
  if (!idsOf(wait).includes(signal.messageId)) return null
  if (signal.signal === 'SUPPRESSED') return withhold(settings, wait, scope, signal)
  const memo = memoOf(scope, wait)
  const rank = memo?.rank ?? 0
  if (signal.signal === 'FAILED') return memo?.failed ? fail(settings, wait, scope, signal.at) : null
  if (!signal.human && RANK[signal.signal] >= ENGAGED) return null
  // A failure that is waited out: its acceptance, heard of late, tells nothing new.
  if (memo?.failed) return null
  const follows = settings.followUps ?? []
  const next: MessageWait = { ...wait }
  if (wait.accepted === null) {
    if (!follows.some((each) => each.on !== 'FAILED') && settings.nextAfter === undefined) return { go: 'next' }
    next.accepted = Math.min(memo?.acceptedAt ?? scope.now, scope.now)
    const ignored = follows.find((each) => each.on === 'IGNORED')
    if (ignored?.after !== undefined) next.ignoredAt = next.accepted + durationMillis(ignored.after)
    if (settings.nextAfter !== undefined) next.nextAt = next.accepted + durationMillis(settings.nextAfter)
  }
  // `armed` was set by a lower status: anything higher calls it off, connected or not.
  if (RANK[signal.signal] === rank && (wait.armed === null || RANK[wait.armed.on as Signal] < rank)) {
    if (wait.armed !== null) scope.note('follow_up_called_off', { on: wait.armed.on, by: signal.signal })
    next.armed = null
    const follow = follows.find((each) => each.on === signal.signal)
    if (follow) {
      const at = Math.min(signal.at, scope.now) + (follow.after === undefined ? 0 : durationMillis(follow.after))
      next.armed = { on: follow.on, at }
      scope.note('follow_up_armed', { on: follow.on, at })
    }
  }
  return leaveIfDue(next, scope)
}

/** One of the messages is held back at the last moment: the others are the node's, and what there is none left of is suppressed. */
function withhold(settings: FollowedConfig, wait: MessageWait, scope: NodeScope, { messageId, at }: Signalled): Outcome {
  const left = idsOf(wait).filter((id) => id !== messageId)
  if (left.length === 0) return { go: 'suppressed' }
  const { messageId: _, others: __, ...rest } = wait
  const next = { ...rest, ...awaiting(left) }
  return memoOf(scope, next)?.failed && wait.armed?.on !== 'FAILED' ? fail(settings, next, scope, at) : leaveIfDue(next, scope)
}

const idsOf = ({ messageId, others = [] }: MessageWait) => [messageId, ...others]

function awaiting([messageId = '', ...others]: readonly string[]): Pick<MessageWait, 'messageId' | 'others'> {
  return others.length === 0 ? { messageId } : { messageId, others }
}

/** What became of the messages that are waited for, taken as one. */
function memoOf({ enrollment, key }: NodeScope, wait: MessageWait): EnrollmentState['messages'][string] | undefined {
  const { others, messageId } = wait
  const own = enrollment.messages[key]
  if (others === undefined && own?.id === messageId) return own
  const ids = idsOf(wait)
  return bestOf(Object.values(enrollment.messages).filter((each) => ids.includes(each.id)))
}

function fail(settings: FollowedConfig, wait: MessageWait, scope: NodeScope, at: number): Outcome {
  const follow = (settings.followUps ?? []).find((each) => each.on === 'FAILED')
  if (wait.armed !== null) scope.note('follow_up_called_off', { on: wait.armed.on, by: 'FAILED' })
  if (follow?.after === undefined) return { go: 'failed' }
  const armed = { on: 'FAILED' as const, at: Math.min(at, scope.now) + durationMillis(follow.after) }
  scope.note('follow_up_armed', armed)
  return leaveIfDue({ ...wait, armed }, scope)
}

function leaveWhenDue(_settings: FollowedConfig, scope: NodeScope): Outcome {
  return leaveIfDue(scope.enrollment.memo as unknown as MessageWait, scope)
}

/** Leaves by whichever deadline has passed, the earliest first; an armed follow-up wins a tie, and a failure is waited out alone. */
function leaveIfDue(wait: MessageWait, scope: NodeScope): Outcome {
  const { now } = scope
  const engaged = isEngaged(scope, wait)
  const failed = wait.armed?.on === 'FAILED'
  const deadlines: { at: number; port: string }[] = []
  if (wait.armed) deadlines.push({ at: wait.armed.at, port: wait.armed.on.toLowerCase() })
  if (wait.ignoredAt !== null && !failed) {
    // Somebody who engaged is not ignoring; with no other way out the end of the window is theirs too.
    if (!engaged) deadlines.push({ at: wait.ignoredAt, port: 'ignored' })
    else if (wait.armed === null && wait.nextAt === null) deadlines.push({ at: wait.ignoredAt, port: 'next' })
  }
  if (wait.nextAt !== null && !failed) deadlines.push({ at: wait.nextAt, port: 'next' })
  let first: { at: number; port: string } | null = null
  for (const deadline of deadlines) if (first === null || deadline.at < first.at) first = deadline
  // While the journey is paused a deadline passes unheeded: what is heard meanwhile may still move it, or call it off.
  if (first !== null && first.at <= now && !scope.facts.paused) return { go: first.port }
  return stay(wait, first?.at ?? null)
}

/** A human opened, clicked or replied, or reached a goal of the journey since the message was accepted. */
function isEngaged(scope: NodeScope, wait: MessageWait): boolean {
  const memo = memoOf(scope, wait)
  if (memo !== undefined && memo.rank >= ENGAGED) return true
  const since = wait.accepted
  return since !== null && Object.values(scope.enrollment.goals).some((at) => at >= since)
}

function stay(wait: MessageWait, dueAt: number | null = null): Outcome {
  return { stay: { dueAt, memo: wait as unknown as Json } }
}

function keyText(value: Json | undefined): string | null {
  return value === undefined || value === null || typeof value === 'object' ? null : String(value)
}

/**
 * Merges a signal into what the enrollment remembers of a message: forward only, humans only. A failure stands against
 * acceptance and not against delivery, whichever is heard first. Returns whether anything changed.
 */
export function mergeSignal(memo: EnrollmentState['messages'][string], signal: Signalled): boolean {
  if (signal.signal === 'FAILED') {
    if (memo.failed || memo.rank >= RANK.DELIVERED) return false
    memo.failed = true
    return true
  }
  if (signal.signal === 'SUPPRESSED') {
    memo.withheld = true
    return true
  }
  const rank = RANK[signal.signal]
  if (rank >= ENGAGED && !signal.human) return false
  const accepted = memo.acceptedAt === null
  if (accepted) memo.acceptedAt = signal.at
  if (rank <= memo.rank) return accepted
  memo.rank = rank
  if (rank >= RANK.DELIVERED) memo.failed = false
  return true
}
