import type { FailureRule, FailureTable } from './failures.ts'

/**
 * Twilio's error codes as they bear on a message, whether they come as the answer to a send or with its status
 * callback: https://www.twilio.com/docs/api/errors. A code that is not here is permanent and touches no address. Left out on
 * purpose: 20003 (authentication) and 20429, whose HTTP statuses say it all.
 */
export const TWILIO_FAILURES: FailureTable = {
  20005: { as: 'retry', message: 'The Twilio account is suspended.', retryAfter: 60_000 },
  14107: { as: 'retry', message: 'The sender sends faster than its rate allows.', retryAfter: 1_000 },
  21211: { as: 'permanent', message: 'The recipient is no valid phone number.', identity: 'INVALID' },
  21214: { as: 'permanent', message: 'The recipient cannot be reached.', identity: 'INVALID' },
  21217: { as: 'permanent', message: 'The recipient is no valid phone number.', identity: 'INVALID' },
  21408: { as: 'permanent', message: 'The account may not send to this region.' },
  21610: { as: 'permanent', message: 'The recipient has opted out by replying STOP.', optedOut: true },
  21611: { as: 'retry', message: "The sender's queue at Twilio is full.", retryAfter: 60_000 },
  21612: { as: 'permanent', message: 'This sender cannot reach this recipient.' },
  21614: { as: 'permanent', message: 'The recipient is no mobile number.', identity: 'INVALID' },
  21617: { as: 'permanent', message: 'The text is longer than 1,600 characters.' },
  30001: { as: 'retry', message: "The account's queue at Twilio overflowed.", retryAfter: 60_000 },
  30003: { as: 'permanent', message: 'The handset is unreachable.', again: true },
  30004: { as: 'permanent', message: 'The recipient or the carrier blocks the message.' },
  30005: { as: 'permanent', message: 'The number is unknown or no longer in use.', identity: 'INVALID' },
  30006: { as: 'permanent', message: 'The number is a landline or its carrier cannot be reached.', identity: 'INVALID' },
  30007: { as: 'permanent', message: 'The carrier filtered the message as spam; never repeat it.' },
  30008: { as: 'permanent', message: 'The message was lost for a reason the carrier does not give.', again: true },
  63003: { as: 'permanent', message: 'The recipient cannot be found on the channel.' },
  63007: { as: 'permanent', message: 'The sender is none of this channel.' },
  63013: { as: 'permanent', message: 'The message breaks the rules of the channel.' },
  63014: { as: 'permanent', message: 'The recipient has blocked the sender, or opted out on the channel.', optedOut: true },
  63016: { as: 'retry', message: 'The 24 hours since the recipient last wrote are over.', retryAfter: 0, again: true },
  63018: { as: 'retry', message: 'The sender sends faster than the channel allows.', retryAfter: 2_000, again: true },
  63024: { as: 'permanent', message: 'The recipient cannot be reached on WhatsApp.' },
  63021: { as: 'permanent', message: 'The channel does not take the content: its media, or its length.' },
  63027: { as: 'permanent', message: 'There is no such template in this language.' },
  63028: { as: 'permanent', message: 'The template takes another number of variables.' },
  63032: { as: 'permanent', message: "The recipient's number is part of an experiment of Meta's." },
  63033: { as: 'permanent', message: 'The recipient is kept from receiving the message.' },
  63038: { as: 'retry', message: "The account's daily allowance is used up.", retryAfter: 3_600_000 },
  63049: { as: 'permanent', message: 'The recipient has had enough marketing messages from everybody; not soon again.' },
  63106: { as: 'permanent', message: 'The phone is not capable of RCS.' },
  30034: { as: 'permanent', message: 'The sender is not registered for A2P 10DLC.' },
}

/** Permanent-unknown. The code itself is kept in the outcome, so that it can be found and added. */
export function twilioRule(code: string): FailureRule {
  return (Object.hasOwn(TWILIO_FAILURES, code) ? TWILIO_FAILURES[code] : undefined) ?? { as: 'permanent', message: `Twilio error ${code}.` }
}
