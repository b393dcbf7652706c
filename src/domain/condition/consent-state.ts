import type { Channel, ConsentState } from '../channel.ts'
import type { ConsentFact } from '../facts.ts'

/**
 * Which of several states at one level stands: those of a merged contact's halves may differ, and a refusal is never
 * overruled by the other half's grant.
 */
export const CONSENT_PRECEDENCE: Record<ConsentState, number> = { SUPPRESSED: 4, WITHDRAWN: 3, GRANTED: 2, PENDING: 1, UNKNOWN: 0 }

/**
 * The state of the most specific entry that covers the channel and topic: for both, for the channel, for the topic, for
 * everything. UNKNOWN where there is none. `null` asks about all channels, or topics: then only entries for all count.
 */
export function consentState(consents: readonly ConsentFact[], channel: Channel | null, topic: string | null): ConsentState {
  let state: ConsentState = 'UNKNOWN'
  let best = -1
  for (const consent of consents) {
    if (consent.channel !== null && consent.channel !== channel) continue
    if (consent.topic !== null && consent.topic !== topic) continue
    const rank = (consent.channel === null ? 0 : 20) + (consent.topic === null ? 0 : 10) + CONSENT_PRECEDENCE[consent.state]
    if (rank <= best) continue
    best = rank
    state = consent.state
  }
  return state
}
