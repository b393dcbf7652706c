import type { FailureRule, FailureTable } from './failures.ts'

/** What a message in free words gets whose 24 hours are over: the template may go instead. */
export const WINDOW_CLOSED = '131047'

/**
 * The Cloud API's error codes as they bear on a message, whether they come as the answer to a send or with a status:
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes. A code that is not here falls back to
 * its HTTP status, and is permanent where it comes with a status. What is wrong with the account is tried again, as
 * with a wrong key: it is put right there, and what waits must not be lost. Told with a status of a message that was
 * accepted, those that time alone puts right are worth one attempt more.
 */
export const META_FAILURES: FailureTable = {
  4: { as: 'retry', message: 'The app has made too many calls.', retryAfter: 60_000 },
  80007: { as: 'retry', message: 'The WhatsApp account has made too many calls.', retryAfter: 60_000 },
  130429: { as: 'retry', message: "The number's throughput is used up.", retryAfter: 2_000, again: true },
  130472: { as: 'permanent', message: "The recipient's number is part of an experiment of Meta's." },
  130497: { as: 'permanent', message: "The account may not write to people in the recipient's country." },
  131008: { as: 'permanent', message: 'Something the message needs is missing.' },
  131009: { as: 'permanent', message: 'Something in the message is not as it must be.' },
  131021: { as: 'permanent', message: 'The recipient is the sender.' },
  131026: { as: 'permanent', message: 'The recipient cannot be reached on WhatsApp.' },
  131031: { as: 'retry', message: 'The account is locked.', retryAfter: 300_000 },
  131037: { as: 'retry', message: "The number's display name is not approved.", retryAfter: 300_000 },
  131042: { as: 'retry', message: 'The account is not paid for.', retryAfter: 300_000 },
  131045: { as: 'retry', message: "The number's registration at WhatsApp is at fault.", retryAfter: 300_000 },
  [WINDOW_CLOSED]: { as: 'retry', message: 'The 24 hours since the recipient last wrote are over.', retryAfter: 0, again: true },
  131048: { as: 'retry', message: 'The number is held back, as too many have blocked it.', retryAfter: 900_000 },
  131049: { as: 'permanent', message: 'The recipient has had enough marketing messages from everybody; not soon again.' },
  131050: { as: 'permanent', message: 'The recipient wants no marketing messages from this number.', optedOut: true },
  131051: { as: 'permanent', message: 'The message is of a type that is not supported.' },
  131053: { as: 'permanent', message: 'The media cannot be fetched, or are of a wrong type or size.' },
  131056: { as: 'retry', message: 'Too many messages to this recipient at once.', retryAfter: 6_000, again: true },
  131057: { as: 'retry', message: 'The account is in maintenance.', retryAfter: 300_000 },
  132000: { as: 'permanent', message: 'The template takes another number of variables.' },
  132001: { as: 'permanent', message: 'There is no such template in this language, or it is not approved.' },
  132005: { as: 'permanent', message: 'The filled-in template is too long.' },
  132007: { as: 'permanent', message: "The template's text breaks WhatsApp's rules." },
  132012: { as: 'permanent', message: 'A variable is not of the kind the template takes.' },
  132015: { as: 'permanent', message: 'The template is paused for its low quality.' },
  132016: { as: 'permanent', message: 'The template is disabled for its low quality.' },
  133010: { as: 'retry', message: 'The number is not registered at WhatsApp.', retryAfter: 300_000 },
}

/** Permanent-unknown. The code itself is kept in the outcome, so that it can be found and added. */
export function metaRule(code: string): FailureRule {
  return (Object.hasOwn(META_FAILURES, code) ? META_FAILURES[code] : undefined) ?? { as: 'permanent', message: `Meta error ${code}.` }
}

/** Authentication and permissions, which Meta answers with 400 as well as with 401 and 403. */
export function isAccessCode(code: string | null): boolean {
  const number = Number(code ?? Number.NaN)
  return number === 0 || number === 3 || number === 10 || number === 190 || (number >= 200 && number <= 299)
}
