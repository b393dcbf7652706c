import { hashFraction } from './hash.ts'
import type { CallResult } from './webhook-answer.ts'

/** What endpoints may be told of, and when each of them is. */
export const WEBHOOK_EVENTS = {
  'enrollment.started': 'A contact entered a journey.',
  'enrollment.ended': 'A contact completed a journey, converted in it, or left it otherwise.',
  'goal.reached': 'A contact reached a goal of a journey they are in.',
  'message.updated': 'What is known of a message changed: sent, delivered, opened, clicked, replied to, failed, bounced, suppressed…',
} as const
export type WebhookEvent = keyof typeof WEBHOOK_EVENTS

export const DELIVERY_STATES = ['PENDING', 'DELIVERED', 'FAILED'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export type DeliveryVerdict =
  | { state: 'DELIVERED'; code: null; gone: false }
  | { state: 'PENDING'; pause: number; code: string; gone: false }
  /** `gone`: the receiver says that it is there no more. */
  | { state: 'FAILED'; code: string; gone: boolean }

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Between one try and the next, as Standard Webhooks suggests them: some three days in all. */
const PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]

/** An endpoint that has taken nothing for so long is not called any more. Milliseconds. */
export const FAILING_FOR = 5 * 24 * HOUR

/**
 * Judges the n-th try (from 1) of a delivery by https://www.standardwebhooks.com: any 2xx is taken for received, 410 for
 * good-bye, and everything else is tried again, ten times in all, each pause spread by a tenth so that what failed together
 * does not come back together.
 */
export function judgeDelivery(id: string, tries: number, result: CallResult): DeliveryVerdict {
  if (result.type === 'answer' && result.status >= 200 && result.status < 300) return { state: 'DELIVERED', code: null, gone: false }
  const code = result.type === 'answer' ? `HTTP_${result.status}` : result.code
  if (code === 'HTTP_410') return { state: 'FAILED', code, gone: true }
  const pause = PAUSES[tries - 1]
  if (pause === undefined) return { state: 'FAILED', code, gone: false }
  const told = result.type === 'answer' ? (result.retryAfter ?? 0) : 0
  return { state: 'PENDING', pause: Math.max(told, Math.round(pause * (1 + 0.1 * hashFraction(id, String(tries))))), code, gone: false }
}
