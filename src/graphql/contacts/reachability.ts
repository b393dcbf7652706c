import { CHANNELS, type Channel, isOwnSurface } from '../../domain/channel.ts'
import { consentAllows } from '../../domain/consent.ts'
import { describeReason } from '../../domain/decision.ts'
import type { SuppressReason } from '../../domain/journey/enrollment.ts'
import type { Identity } from '../../services/identities.ts'
import type { ChannelReachability, Consent, ContactRow } from './types.ts'

/** What the gate would say to a promotional message about nothing in particular, on each channel. */
export function reachabilityOf(
  row: Pick<ContactRow, 'erasedAt' | 'suppressedAt'>,
  identities: readonly Identity[],
  consents: readonly Consent[],
): ChannelReachability[] {
  const facts = consents.map((each) => ({ channel: each.channel as Channel | null, topic: each.topicId, state: each.state }))
  return CHANNELS.map((channel) => {
    const reasons: SuppressReason[] = []
    if (row.erasedAt != null) reasons.push('erased')
    if (row.suppressedAt != null) reasons.push('suppressed')
    const here = identities.filter((each) => each.channel === channel)
    if (!isOwnSurface(channel) && !here.some((each) => each.status === 'ACTIVE'))
      reasons.push(here.length === 0 ? 'unreachable' : 'identity_inactive')
    const consent = consentAllows(facts, { channel, topicId: null, purpose: 'PROMOTIONAL' })
    if (!consent.allowed) reasons.push(consent.reason)
    return { channel, reachable: reasons.length === 0, reasons: [...new Set(reasons)].map(describeReason) }
  })
}
