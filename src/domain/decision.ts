import type { DecisionCode, SuppressReason } from './journey/enrollment.ts'
import type { Json, JsonObject } from './json.ts'

/**
 * What a decision's sentence may say beyond its code: the decision's own `data`, with its `node` and `port` beside it.
 * Every member may be missing; the sentence then does without. Instants are Unix milliseconds.
 */
export type DecisionData = JsonObject

/** One sentence in English for a line of the trace. Made when it is read, so that a better wording reaches old traces too. */
export function describeDecision(code: DecisionCode, data: DecisionData = {}): string {
  return SENTENCES[code](data)
}

/** Why a message is not sent, or not yet, as a clause that follows a colon. */
export function describeReason(reason: SuppressReason): string {
  return REASONS[reason]
}

const REASONS = {
  erased: 'the contact was erased',
  suppressed: 'the contact, or the channel for them, is suppressed',
  unreachable: 'the contact has no address on this channel',
  identity_inactive: 'every address the contact has on this channel has bounced, is invalid or was unregistered',
  no_consent: 'the contact has not consented to promotional messages on this channel and topic',
  consent_withdrawn: 'the contact has withdrawn their consent',
  duplicate: 'a message with the same de-duplication key was planned within its window',
  enrollment_ended: 'the enrollment ended before the message was handed over',
  journey_paused: 'the journey is paused',
  journey_archived: 'the journey is archived',
  broadcast_cancelled: 'the broadcast was cancelled',
  no_provider: 'no provider is connected for this channel',
  render_failed: 'the template could not be rendered for this contact',
  expired: 'it would have come too late to be of use',
  window_closed: 'the contact has not written within a day, and there is no template to send',
  template_not_approved: 'the provider has not approved the template, or does so no longer',
  engaged: 'the person engaged before it left',
} as const satisfies Record<SuppressReason, string>

const REENTRY: Readonly<Record<string, string>> = {
  ONCE: 'the contact has been in it before, and it may be entered once',
  active: 'the contact is in it already, and one at a time may be',
  not_within: 'the contact was in it too short a time ago',
  same_event: 'this very event has been in already',
}

const reentry = (why: string | null) => (why !== null && Object.hasOwn(REENTRY, why) ? (REENTRY[why] ?? null) : null)
const known = (value: Json | undefined): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null)
const at = (value: Json | undefined) => (typeof value === 'number' && Math.abs(value) <= 8.64e15 ? new Date(value).toISOString() : null)
/** The sentence's optional part: `before` and the value, or nothing. */
const part = (before: string, value: string | null, after = '') => (value === null ? '' : `${before}${value}${after}`)
const here = (data: DecisionData, preposition = ' at') => part(`${preposition} «`, known(data.node), '»')
const on = (data: DecisionData) => part(' by ', known(data.channel))
const because = (data: DecisionData) => {
  const reason = known(data.reason)
  return part(': ', reason !== null && Object.hasOwn(REASONS, reason) ? REASONS[reason as SuppressReason] : reason)
}
const status = (value: Json | undefined) => known(value)?.toLowerCase() ?? null

const SENTENCES = {
  entered: (data) => `Entered the journey${here(data, ' by')}.`,
  arrived: (data) => `Arrived${here(data)}.`,
  left: (data) => `Left${here(data, '')}${part(' by port ', known(data.port))}.`,
  waiting: (data) => {
    const missing = known(data.missing)
    if (missing !== null) return `Did not wait${here(data)}: the contact's «${missing}» holds no date.`
    return `Waits${here(data)}${part(' until ', at(data.until)) || ' for something to happen'}.`
  },
  message_planned: (data) => `Planned a message${on(data)}${here(data)}.`,
  message_deferred: (data) => `Put off the message${on(data)}${here(data)}${part(' until ', at(data.until))}${because(data)}.`,
  message_suppressed: (data) => `Did not send a message${on(data)}${here(data)}${because(data)}.`,
  message_withdrawn: (data) => `Withdrew the message${here(data, ' of')} before it was handed over${because(data)}.`,
  signal: (data) => `The message${here(data, ' of')} is reported ${status(data.signal) ?? 'changed'}${because(data)}.`,
  webhook_planned: (data) => `Planned a call${here(data)}.`,
  webhook_answered: (data) => `The call${here(data, ' of')} ended${part(' with status ', known(data.status))}${part(': ', known(data.code))}.`,
  follow_up_armed: (data) =>
    `Will leave${here(data, '')} by ${status(data.on) ?? 'a follow-up'}${part(' at ', at(data.at))}, unless something better comes.`,
  follow_up_called_off: (data) =>
    `Called off the follow-up on ${status(data.on) ?? 'an earlier status'}${here(data)}${part(': the message is now ', status(data.by))}.`,
  goal_reached: (data) => `Reached the goal${part(' «', known(data.goal), '»')}.`,
  completed: (data) => `Came to the end of the journey${here(data)}.`,
  converted: (data) => `Left the journey, converted${because(data)}.`,
  exited: (data) => `Left the journey${here(data)}${because(data)}.`,
  failed: (data) => `The journey could not go on${here(data)}${because(data)}.`,
  refused_reentry: (data) => `Did not enter again${part(': ', reentry(known(data.reason) ?? known(data.rule)))}.`,
  refused_paused: () => 'Did not enter: the journey is paused.',
  refused_not_live: () => 'Did not enter: the journey has no live version.',
  refused_exit_event: (data) => `Did not enter${part(': «', known(data.event), '» had already happened, which ends the journey')}.`,
  refused_stale: () => 'Did not enter: the event happened more than a day before it arrived.',
  refused_filter: (data) => {
    const missing = known(data.missing)
    if (missing !== null) return `Did not enter: the event has no «${missing}» to be the key.`
    return `Did not enter${because(data) || ': the condition of the trigger does not hold'}.`
  },
  quiet_cancelled: (data) => `No longer watches${here(data)} for quiet${part(': «', known(data.event), '» happened')}.`,
  stands_still: (data) => `Stands still${here(data)}, and loses nothing: the version cannot be run${part(' (', known(data.fault), ')')}.`,
} as const satisfies Record<DecisionCode, (data: DecisionData) => string>
