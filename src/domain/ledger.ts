import type { Channel, IdentityStatus } from './channel.ts'
import type { CallbackStatus, DeliveryStatus, FailureClass, SendOutcome } from './delivery.ts'
import { hashFraction } from './hash.ts'
import type { Signal, SuppressReason } from './journey/enrollment.ts'
import type { JsonObject } from './json.ts'

/** What the send ledger knows of one message. Instants are Unix milliseconds. */
export interface LedgerEntry {
  id: string
  channel: Channel
  status: DeliveryStatus
  /** Requests made so far. */
  attempt: number
  /** When the ledger wants to look again: a retry, or an answer that did not come. */
  dueAt: number | null
  plannedAt: number
  providerMessageId: string | null
  failure: { code: string; class: FailureClass; message: string } | null
  sentAt: number | null
  deliveredAt: number | null
  openedAt: number | null
  clickedAt: number | null
  repliedAt: number | null
  machineOpenedAt: number | null
  machineClickedAt: number | null
  cost: number | null
  whenUnknown: WhenUnknown
}

/** What to do with a message whose hand-over stays unknown: hold it (promotions), or send it again (one-time codes). */
export type WhenUnknown = 'HOLD' | 'RESEND'

export interface LedgerChange {
  entry: LedgerEntry
  /** One line of the message's history. */
  history: { status: string; human: boolean | null; at: number; detail?: JsonObject } | null
  /** What its enrollment hears. */
  signal: { signal: Signal; human: boolean; at: number; reason?: string } | null
  /** Counters to raise by one. */
  counts: string[]
  /** Counters to lower by one: what it had come to, and did not after all. Left out for none. */
  takenBack?: string[]
  identity: Exclude<IdentityStatus, 'ACTIVE'> | null
  /** What it takes of the contact's consent to the channel: a complaint suppresses it, and so stops what needs no consent, too. */
  optOut: false | 'WITHDRAWN' | 'SUPPRESSED'
  /** The message is PLANNED again and wants dispatching. */
  send: boolean
}

/**
 * How final a status is: statuses merge upwards only, so their order of arrival does not matter. Down goes only what was sent again for
 * a doubt, was accepted and then failed: UNKNOWN, as its first attempt is.
 */
const FINALITY: Record<DeliveryStatus, number> = {
  PLANNED: 0,
  DEFERRED: 0,
  DISPATCHING: 1,
  UNKNOWN: 2,
  SENT: 3,
  CANCELLED: 4,
  SUPPRESSED: 4,
  FAILED: 5,
  BOUNCED: 6,
  DELIVERED: 7,
}

/** A retry is worth trying for a day after planning; then the news is stale. */
const RETRY_FOR = 86_400_000
const LONGEST_BACK_OFF = 300_000

/** How long an unanswered hand-over may still be explained by a callback; SendGrid's `processed` takes up to ten minutes. */
export const RECONCILE_AFTER = 600_000

/** Milliseconds before attempt n + 1: doubling from one second, capped, spread by ± 25 % from the message's own hash. */
export function backOff(id: string, attempt: number, retryAfter: number | undefined): number {
  const base = Math.min(LONGEST_BACK_OFF, 1000 * 2 ** Math.min(attempt - 1, 20))
  const spread = Math.round(base * (0.75 + 0.5 * hashFraction(id, String(attempt))))
  return Math.max(spread, retryAfter ?? 0)
}

const nothing = (entry: LedgerEntry): LedgerChange => ({ entry, history: null, signal: null, counts: [], identity: null, optOut: false, send: false })

/** Sent again with the same ids, a message takes the first one's place on the device. */
export const COLLAPSES: ReadonlySet<Channel> = new Set(['push', 'web_push'])

/** An attempt may have reached the person unheard of; once sent again for it, a message is not sent again for another doubt. */
const isInDoubt = (entry: LedgerEntry) => entry.failure?.class === 'AMBIGUOUS'
/** The last attempt has failed for good, and one before it is in doubt. */
const isLastLost = ({ status, failure }: LedgerEntry) => failure?.class === 'PERMANENT' && (status === 'UNKNOWN' || status === 'SENT')
/** The doubt is the last attempt's: it may still lead to another one, or never does. */
const isOwnDoubt = ({ status, channel, dueAt, whenUnknown }: LedgerEntry) =>
  status === 'UNKNOWN' && !COLLAPSES.has(channel) && (dueAt !== null || whenUnknown === 'HOLD')
/** So may one before the last have. Where what was sent again is UNKNOWN, nobody knows any more whose doubt it is: it counts for all. */
const wasInDoubt = (entry: LedgerEntry) => entry.attempt > 1 && (isLastLost(entry) || (isInDoubt(entry) && !isOwnDoubt(entry)))

/** Each doubt takes ten minutes: three repetitions of what only replaces itself, and then a telephone is left in peace. */
const REPLACED_FOR = 3 * RECONCILE_AFTER
const isReplaceable = (entry: LedgerEntry, now: number) => COLLAPSES.has(entry.channel) && now - entry.plannedAt < REPLACED_FOR

/** Whether the ledger may still be told that the message is not to go. */
const WAITING: ReadonlySet<DeliveryStatus> = new Set(['PLANNED', 'DEFERRED'])

/**
 * Folds the second gate's refusal. A paused journey's message is kept for its resumption, or planned again where that has come meanwhile;
 * any other refusal is final.
 */
export function applyHeld(entry: LedgerEntry, reason: string, paused: boolean, now: number): LedgerChange {
  if (!WAITING.has(entry.status)) return nothing(entry)
  if (reason !== 'journey_paused') return withheld(entry, reason, now)
  const failure = { code: reason, class: isInDoubt(entry) ? ('AMBIGUOUS' as const) : ('RETRYABLE' as const), message: '' }
  return {
    ...nothing({ ...entry, status: 'DEFERRED', dueAt: paused ? null : now, failure }),
    history: { status: 'DEFERRED', human: null, at: now, detail: { reason } },
  }
}

/** The same change of a message that nobody needs any more: it is not sent again, and what may have arrived stays in doubt. */
export function calledOff(change: LedgerChange, reason: SuppressReason): LedgerChange {
  const { entry } = change
  if (!WAITING.has(entry.status)) return change
  const failure = { code: reason, class: entry.failure?.class ?? 'PERMANENT', message: '' }
  const over: LedgerEntry = { ...entry, status: isInDoubt(entry) ? 'UNKNOWN' : 'CANCELLED', dueAt: null, failure }
  return { ...change, entry: over, send: false, history: change.send ? null : change.history }
}

/** What may have arrived already is not suppressed by stopping its repetition: it stays in doubt, and is not sent again. */
function withheld(entry: LedgerEntry, reason: string, at: number): LedgerChange {
  const history = { status: 'SUPPRESSED', human: null, at, detail: { reason } }
  if (isInDoubt(entry))
    return { ...nothing({ ...entry, status: 'UNKNOWN', dueAt: null, failure: { code: reason, class: 'AMBIGUOUS', message: '' } }), history }
  return {
    ...nothing({ ...entry, status: 'SUPPRESSED', dueAt: null, failure: { code: reason, class: 'PERMANENT', message: '' } }),
    history,
    signal: { signal: 'SUPPRESSED', human: true, at, reason },
    counts: ['suppressed', `suppressed:${reason}`],
  }
}

/** Folds a sender's report of one attempt. A report of an attempt that is not the last one changes nothing. */
export function applyResult(entry: LedgerEntry, attempt: number, outcome: SendOutcome, at: number, now: number): LedgerChange {
  if (attempt !== entry.attempt) return nothing(entry)
  const open = entry.status === 'DISPATCHING' || entry.status === 'UNKNOWN'
  const inDoubt = wasInDoubt(entry)
  switch (outcome.type) {
    case 'ok': {
      const known = { ...entry, providerMessageId: outcome.providerMessageId, cost: outcome.cost ?? entry.cost }
      // Its failure was reported before its acceptance.
      if (isOver(entry, undefined)) return nothing({ ...known, sentAt: earliest(known.sentAt, at) })
      return accept(known, at, { providerMessageId: outcome.providerMessageId })
    }
    case 'retry': {
      // Who stood still while others took it for lost knows better than they: nothing was handed over. What has failed for good was another attempt, then.
      if (!open || isLastLost(entry)) return nothing(entry)
      const failure = { code: outcome.code, class: 'RETRYABLE' as const, message: outcome.message }
      if (now - entry.plannedAt > RETRY_FOR) return givenUp(entry, failure, at, null)
      const dueAt = now + backOff(entry.id, entry.attempt, outcome.retryAfter)
      return {
        // An earlier attempt's doubt is not cleared by this one's being turned away.
        ...nothing({ ...entry, status: 'DEFERRED', dueAt, failure: inDoubt ? entry.failure : failure }),
        history: { status: 'RETRY', human: null, at, detail: { code: outcome.code, until: dueAt } },
      }
    }
    case 'permanent': {
      if (!open) return nothing(entry)
      const failure = { code: outcome.code, class: 'PERMANENT' as const, message: outcome.message }
      return { ...givenUp(entry, failure, at, outcome.identity ?? null), optOut: outcome.optedOut ? 'WITHDRAWN' : false }
    }
    case 'held':
      return entry.status === 'DISPATCHING' ? withheld(entry, outcome.reason, at) : nothing(entry)
    case 'ambiguous': {
      if (entry.status !== 'DISPATCHING') return nothing(entry)
      const failure = { code: outcome.code, class: 'AMBIGUOUS' as const, message: outcome.message }
      return {
        ...nothing({ ...entry, status: 'UNKNOWN', dueAt: inDoubt && !isReplaceable(entry, now) ? null : now + RECONCILE_AFTER, failure }),
        history: { status: 'UNKNOWN', human: null, at, detail: { code: outcome.code } },
        signal: { signal: 'UNKNOWN', human: true, at },
        counts: ['unknown'],
      }
    }
  }
}

/** The last attempt has failed for good; what may have arrived before it is in doubt as ever, unless somebody has shown that it did. */
function givenUp(
  entry: LedgerEntry,
  failure: NonNullable<LedgerEntry['failure']>,
  at: number,
  identity: LedgerChange['identity'],
  status?: 'FAILED' | 'BOUNCED',
): LedgerChange {
  const change = failed(entry, failure, at, identity, status)
  if (!wasInDoubt(entry)) return change
  const stands = isSeen(entry) ? 'SENT' : 'UNKNOWN'
  return { ...change, entry: { ...change.entry, status: stands, failure: { ...failure, class: 'PERMANENT' } }, signal: null, counts: [] }
}

const isSeen = ({ openedAt, clickedAt, machineOpenedAt, machineClickedAt }: LedgerEntry) =>
  [openedAt, clickedAt, machineOpenedAt, machineClickedAt].some((at) => at !== null)

const earliest = (known: number | null, at: number) => (known === null ? at : Math.min(known, at))

/**
 * The entry once it is certain that the provider has the message: whatever showed it, it is never handed over again.
 * Of all the instants told the earliest stands, so that their order of arrival does not matter. A doubt about an earlier
 * attempt is remembered: this one may still fail.
 */
function accepted(entry: LedgerEntry, at: number): LedgerEntry {
  const sentAt = earliest(entry.sentAt, at)
  if (FINALITY[entry.status] >= FINALITY.SENT) return { ...entry, sentAt }
  return { ...entry, status: 'SENT', dueAt: null, failure: wasInDoubt(entry) ? entry.failure : null, sentAt }
}

function accept(entry: LedgerEntry, at: number, detail: JsonObject): LedgerChange {
  // Accepted was the attempt that is known to have failed.
  const next = wasInDoubt(entry) && isLastLost(entry) ? { ...entry, sentAt: earliest(entry.sentAt, at) } : accepted(entry, at)
  if (entry.sentAt !== null) return nothing(next)
  return { ...nothing(next), history: { status: 'SENT', human: null, at, detail }, signal: { signal: 'SENT', human: true, at }, counts: ['sent'] }
}

function failed(
  entry: LedgerEntry,
  failure: NonNullable<LedgerEntry['failure']>,
  at: number,
  identity: LedgerChange['identity'],
  status: 'FAILED' | 'BOUNCED' = 'FAILED',
): LedgerChange {
  const reason = failure.code
  return {
    ...nothing({ ...entry, status, dueAt: null, failure }),
    history: { status, human: null, at, detail: { code: reason } },
    signal: { signal: 'FAILED', human: true, at, reason },
    counts: [status.toLowerCase()],
    ...takenBack(entry),
    identity,
  }
}

/** What was counted of an end that is overtaken by a more final one: a message counts under one of them. */
function takenBack({ status, failure }: LedgerEntry): Pick<LedgerChange, 'takenBack'> {
  if (status === 'FAILED' || status === 'BOUNCED') return { takenBack: [status.toLowerCase()] }
  return status === 'SUPPRESSED' ? { takenBack: ['suppressed', `suppressed:${failure?.code}`] } : {}
}

/** What a provider said of one message, its own names and ids taken off. */
export interface StatusReport {
  status: CallbackStatus
  human: boolean
  at: number
  providerMessageId?: string | undefined
  code?: string | undefined
  detail?: string | undefined
  url?: string | undefined
  identity?: Exclude<IdentityStatus, 'ACTIVE'> | undefined
  attempt?: number | undefined
  again?: boolean | undefined
}

/** An accepted message that did not arrive is sent once more, when a telephone may be on again. */
export const AGAIN_AFTER = 300_000

/**
 * Whether a report is about an attempt that is over: an earlier one, or the last, whose failure is waiting to be made good. Only such an
 * entry has been accepted and is not handed over.
 */
function isOver(entry: LedgerEntry, attempt: number | undefined): boolean {
  if (attempt !== undefined && attempt < entry.attempt) return true
  return entry.sentAt !== null && (entry.status === 'DEFERRED' || entry.status === 'PLANNED')
}

/** Folds what a provider reported. Any order, any number of times, gives the same final entry. */
export function applyCallback(entry: LedgerEntry, callback: StatusReport): LedgerChange {
  const { at, human } = callback
  const detail: JsonObject = {}
  if (callback.code !== undefined) detail.code = callback.code
  if (callback.url !== undefined) detail.url = callback.url
  const known = { ...entry, providerMessageId: entry.providerMessageId ?? callback.providerMessageId ?? null }
  const line = { status: callback.status, human: null as boolean | null, at, detail }
  switch (callback.status) {
    case 'PROCESSED':
    case 'SENT':
      // Of two that went out for a doubt the first was taken after all: there is none any more.
      if (wasInDoubt(entry) && entry.sentAt === null) return accept(known, at, detail)
      return isOver(entry, callback.attempt) ? nothing({ ...entry, sentAt: earliest(entry.sentAt, at) }) : accept(known, at, detail)
    case 'DEFERRED':
      return { ...nothing(known), history: line }
    case 'DELIVERED':
      return delivered(known, at, line)
    case 'OPENED':
    case 'CLICKED':
      return engaged(known, callback.status, human, at, { ...line, human })
    case 'BOUNCED':
    case 'FAILED': {
      const identity = callback.identity ?? null
      if (isOver(entry, callback.attempt)) return { ...nothing(entry), identity }
      if (callback.again && entry.attempt === 1 && FINALITY[entry.status] <= FINALITY.SENT) return again(known, at, callback)
      // Mail that was taken may still bounce: the message stays delivered, the address is bad all the same.
      if (FINALITY[known.status] >= FINALITY[callback.status]) return { ...nothing(known), identity }
      const failure = { code: callback.code ?? callback.status, class: 'PERMANENT' as const, message: callback.detail ?? '' }
      // Lost already: only a bounce says more than a failure.
      if (isLastLost(known) && (callback.status === 'FAILED' || known.failure?.code === failure.code)) return { ...nothing(known), identity }
      return givenUp(known, failure, at, identity, callback.status)
    }
    case 'COMPLAINED':
    case 'UNSUBSCRIBED':
      return {
        ...nothing(known),
        history: line,
        optOut: callback.status === 'COMPLAINED' ? 'SUPPRESSED' : 'WITHDRAWN',
        counts: [callback.status.toLowerCase()],
      }
  }
}

/** That it was accepted is certain; whoever waits for no more than that is told, and of its failure nobody is yet. */
function again(entry: LedgerEntry, at: number, { code = 'FAILED', detail = '' }: StatusReport): LedgerChange {
  const dueAt = at + AGAIN_AFTER
  const sentAt = earliest(entry.sentAt, at)
  return {
    ...nothing({ ...entry, status: 'DEFERRED', dueAt, sentAt, failure: { code, class: 'RETRYABLE', message: detail } }),
    history: { status: 'RETRY', human: null, at, detail: { code, until: dueAt } },
    ...(entry.sentAt === null ? { signal: { signal: 'SENT' as const, human: true, at }, counts: ['sent'] } : {}),
  }
}

function delivered(entry: LedgerEntry, at: number, history: LedgerChange['history']): LedgerChange {
  const deliveredAt = earliest(entry.deliveredAt, at)
  const next: LedgerEntry = { ...entry, status: 'DELIVERED', dueAt: null, sentAt: earliest(entry.sentAt, at), deliveredAt, failure: null }
  if (entry.deliveredAt !== null) return nothing(next)
  const counts = entry.sentAt === null ? ['sent', 'delivered'] : ['delivered']
  return { ...nothing(next), history, signal: { signal: 'DELIVERED', human: true, at }, counts, ...takenBack(entry) }
}

function engaged(entry: LedgerEntry, status: 'OPENED' | 'CLICKED', human: boolean, at: number, history: LedgerChange['history']): LedgerChange {
  const field = status === 'OPENED' ? (human ? 'openedAt' : 'machineOpenedAt') : human ? 'clickedAt' : 'machineClickedAt'
  const next = { ...accepted(entry, at), [field]: earliest(entry[field], at) }
  if (entry[field] !== null) return { ...nothing(next), history }
  const first = entry.sentAt === null
  const count = human ? status.toLowerCase() : `machine_${status.toLowerCase()}`
  // A machine's visit moves nobody, but where it is the first sign of acceptance, that does.
  const signal = first && !human ? { signal: 'SENT' as const, human: true, at } : { signal: status, human, at }
  return { ...nothing(next), history, signal, counts: first ? ['sent', count] : [count] }
}

/**
 * A person answered the message. Where they chose it (`quoted`), it has arrived, whatever is known of its hand-over; where it is only the one they
 * most likely mean, that is no proof: who asks where a code remains is to get it.
 */
export function applyReply(entry: LedgerEntry, at: number, quoted: boolean): LedgerChange {
  const known = quoted ? accepted(entry, at) : entry
  if (entry.repliedAt !== null) return quoted && known.status !== entry.status ? accept(entry, at, {}) : nothing(entry)
  return {
    ...nothing({ ...known, repliedAt: at }),
    history: { status: 'REPLIED', human: true, at },
    signal: { signal: 'REPLIED', human: true, at },
    counts: known.sentAt !== null && entry.sentAt === null ? ['sent', 'replied'] : ['replied'],
  }
}

/** `dueAt` has come: a retry is due, or the provider has kept silent long enough. */
export function applyTimer(entry: LedgerEntry, now: number): LedgerChange {
  if (entry.dueAt === null || entry.dueAt > now) return nothing(entry)
  const planned: LedgerEntry = { ...entry, status: 'PLANNED', dueAt: null }
  if (entry.status === 'DEFERRED') return { ...nothing(planned), send: true }
  // A push resent with the same ids collapses on the device; elsewhere the template decides, and once only: a second doubt has no `dueAt`.
  const resend = entry.status === 'UNKNOWN' && (entry.whenUnknown === 'RESEND' || COLLAPSES.has(entry.channel))
  if (resend) return { ...nothing(planned), send: true, history: { status: 'RESEND', human: null, at: now } }
  return nothing({ ...entry, dueAt: null })
}
