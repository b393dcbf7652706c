import type { Channel, Purpose } from './channel.ts'
import type { ConsentFact } from './facts.ts'

/** Channels whose registration is itself the permission, asked for by the device's operating system; and one's own app, which one has opened. */
const GRANTED_BY_REGISTRATION: ReadonlySet<Channel> = new Set(['push', 'web_push', 'in_app'])

/**
 * Whether consent allows a message. Every entry that covers the channel and topic counts, so a withdrawal at
 * any level stands until that entry itself is granted again: erring on the side of silence.
 * SUPPRESSED stops everything; WITHDRAWN stops what is not transactional; promotional mail needs GRANTED.
 */
export function consentAllows(
  consents: readonly ConsentFact[],
  message: { channel: Channel; topicId: string | null; purpose: Purpose },
): { allowed: true } | { allowed: false; reason: 'suppressed' | 'consent_withdrawn' | 'no_consent' } {
  let granted = GRANTED_BY_REGISTRATION.has(message.channel)
  let withdrawn = false
  for (const consent of consents) {
    if (consent.channel !== null && consent.channel !== message.channel) continue
    if (consent.topic !== null && consent.topic !== message.topicId) continue
    if (consent.state === 'SUPPRESSED') return { allowed: false, reason: 'suppressed' }
    if (consent.state === 'WITHDRAWN') withdrawn = true
    if (consent.state === 'GRANTED') granted = true
  }
  if (message.purpose === 'TRANSACTIONAL') return { allowed: true }
  if (withdrawn) return { allowed: false, reason: 'consent_withdrawn' }
  if (message.purpose === 'PROMOTIONAL' && !granted) return { allowed: false, reason: 'no_consent' }
  return { allowed: true }
}
