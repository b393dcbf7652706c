import type { SendOutcome } from '../domain/delivery.ts'
import { applyRule, type FailureTable, scrub } from './failures.ts'

/** What went wrong with one mail, and how far it had come. */
export interface SmtpFault {
  /** connect: until the server is ready for mail, TLS included. data: the mail itself. */
  stage: 'connect' | 'login' | 'sender' | 'recipient' | 'data'
  /** The server's words, where it had any. */
  reply: string | null
  /** Node's or nodemailer's code, where it had none. */
  code: string
  message: string
  /** Whether a byte of the mail was given to the socket. */
  begun: boolean
}

const INVALID = { as: 'permanent', message: 'The recipient does not exist.', identity: 'INVALID' } as const

/**
 * Enhanced status codes (RFC 3463, https://www.iana.org/assignments/smtp-enhanced-status-codes) with the reply's first
 * digit before them, and bare reply codes (RFC 5321 §4.2.3) where a server gives none. What is not here goes by its first digit.
 */
const REPLIES: FailureTable = {
  '5.1.1': INVALID,
  '5.1.2': { ...INVALID, message: 'The recipient’s domain takes no mail.' },
  '5.1.3': { ...INVALID, message: 'The recipient is no valid address.' },
  '5.1.6': { ...INVALID, message: 'The recipient has moved.' },
  '5.1.10': { ...INVALID, message: 'The recipient’s domain takes no mail.' },
  '5.2.1': { as: 'permanent', message: 'The mailbox is disabled.', identity: 'BOUNCED' },
  '5.2.2': { as: 'permanent', message: 'The mailbox is full.' },
  '5.2.3': { as: 'permanent', message: 'The mail is too large for the mailbox.' },
  '5.3.4': { as: 'permanent', message: 'The mail is too large for the server.' },
  '5.7.1': { as: 'permanent', message: 'The server will not deliver this mail.' },
  '4.7.1': { as: 'retry', message: 'Put off by greylisting.', retryAfter: 60_000 },
  '4.2.2': { as: 'retry', message: 'The mailbox is full for now.', retryAfter: 300_000 },
  '552': { as: 'permanent', message: 'The mail is too large.' },
  '553': { ...INVALID, message: 'The recipient is no valid address.' },
}

/** Milliseconds, where somebody has to do something first. */
const LONG_PAUSE = 60_000
/** Refused for want of a login, at whatever command: the server's word on the account, not on the mail. */
const AUTH_REPLIES: ReadonlySet<string> = new Set(['530', '534', '535', '538', '454'])

/** A refusal's code, and its enhanced status code where there is one (RFC 5321 §4.2); null for what refuses nothing. */
function readRefusal(reply: string | null): { code: string; enhanced: string | null } | null {
  const found = /^([45]\d\d)[ -]?(?:([45]\.\d{1,3}\.\d{1,3})\b)?/.exec(reply ?? '')
  return found?.[1] === undefined ? null : { code: found[1], enhanced: found[2] ?? null }
}

/**
 * The class of a mail that did not go:
 * - a refusal decides, whenever it comes, for a server that says no has not taken the mail (RFC 5321 §6.1): 4xx retry,
 *   5xx permanent, by table; before the envelope, and on the login, it speaks of the connection: retry.
 * - without one, nothing happened as long as no byte of the mail was written: retry. After that: ambiguous, for the
 *   mail may have been taken and the answer lost.
 */
export function classifyFault(fault: SmtpFault): SendOutcome {
  const { stage } = fault
  const later = (name: string, message: string): SendOutcome => ({ type: 'retry', code: name, message, retryAfter: LONG_PAUSE })
  const refusal = readRefusal(fault.reply)
  if (refusal === null) {
    const { code, begun } = fault
    const message = scrub(fault.message)
    if (begun) return { type: 'ambiguous', code, message }
    if (stage === 'login' && code === 'EAUTH') return later('AUTH', message)
    return { type: 'retry', code, message, ...(code === 'ADDRESS_REFUSED' ? { retryAfter: LONG_PAUSE } : {}) }
  }
  const { code, enhanced } = refusal
  if (stage === 'login' || (stage !== 'connect' && AUTH_REPLIES.has(code))) return later('AUTH', 'The server does not let this account in.')
  if (code === '421') return later('RATE_LIMITED', 'The server takes no more mail for now.')
  if (stage === 'connect') return later('TURNED_AWAY', 'The server takes no mail from here.')
  const known = [enhanced, code].find((each) => each !== null && Object.hasOwn(REPLIES, each)) ?? ''
  const { identity, ...rule } = REPLIES[known] ?? { as: code.startsWith('4') ? 'retry' : 'permanent', message: scrub(fault.reply ?? '') }
  // Of a refused sender the recipient's address knows nothing.
  return applyRule(known || (enhanced ?? code), stage === 'sender' || identity === undefined ? rule : { ...rule, identity })
}
