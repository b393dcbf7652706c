import { type Channel, isOwnSurface, type Purpose } from './channel.ts'
import { consentAllows } from './consent.ts'
import type { Facts } from './facts.ts'
import type { GateVerdict } from './journey/enrollment.ts'

export interface Intent {
  channel: Channel
  topicId: string | null
  purpose: Purpose
  /** Not again to this contact while another message with the key was planned within `dedupeWindow` milliseconds. */
  dedupeKey: string | null
  dedupeWindow: number
}

/**
 * The one gate every send passes when it is planned. The order is engine.md's, cheapest refusal first; what
 * is not built (caps, quiet hours, budgets, provider readiness) has its place here when it is.
 */
export function gate(facts: Facts, intent: Intent, now: number): { verdict: GateVerdict; identityId: string | null } {
  const { contact } = facts
  if (contact.erased) return refuse('erased')
  if (contact.suppressed) return refuse('suppressed')
  const identity = chooseIdentity(facts, intent.channel)
  if (identity === 'none') return refuse('unreachable')
  if (identity === 'inactive') return refuse('identity_inactive')
  const consent = consentAllows(facts.consents, intent)
  if (!consent.allowed) return refuse(consent.reason)
  const { dedupeKey } = intent
  if (dedupeKey !== null && facts.dedupe.some((sent) => sent.key === dedupeKey && sent.at > now - intent.dedupeWindow)) return refuse('duplicate')
  if (facts.paused) return { verdict: { type: 'defer', until: null, reason: 'journey_paused' }, identityId: identity.id }
  return { verdict: { type: 'send' }, identityId: identity.id }
}

function refuse(reason: Extract<GateVerdict, { type: 'suppress' }>['reason']) {
  return { verdict: { type: 'suppress' as const, reason }, identityId: null }
}

/** To which of a contact's devices a message goes: the one seen last, the one seen last of each platform, or all. */
export const DEVICE_POLICIES = ['MOST_RECENT', 'PER_PLATFORM', 'ALL'] as const
export type DevicePolicy = (typeof DEVICE_POLICIES)[number]

/** Browsers that nobody unsubscribes pile up; nobody sits before more than this. */
export const MOST_DEVICES = 20

/** The active identity seen last, and none where none is needed; ties go to the smaller id, so that the choice does not depend on row order. */
export function chooseIdentity(facts: Facts, channel: Channel): { id: string | null } | 'none' | 'inactive' {
  if (isOwnSurface(channel)) return { id: null }
  let best: Facts['identities'][number] | null = null
  let any = false
  for (const identity of facts.identities) {
    if (identity.channel !== channel) continue
    any = true
    if (identity.status !== 'ACTIVE') continue
    if (best === null || identity.lastSeenAt > best.lastSeenAt || (identity.lastSeenAt === best.lastSeenAt && identity.id < best.id)) best = identity
  }
  return best ?? (any ? 'inactive' : 'none')
}

/** The active identities a message goes to by the policy, the one seen last first. */
export function chooseIdentities(facts: Facts, channel: Channel, policy: DevicePolicy): { id: string | null }[] {
  const best = chooseIdentity(facts, channel)
  if (typeof best === 'string') return []
  if (policy === 'MOST_RECENT' || best.id === null) return [best]
  const active = facts.identities.filter((each) => each.channel === channel && each.status === 'ACTIVE')
  active.sort((a, b) => b.lastSeenAt - a.lastSeenAt || (a.id < b.id ? -1 : 1))
  const platforms = new Set<string | null>()
  const isFirst = (platform: string | null) => !platforms.has(platform) && platforms.add(platform)
  return (policy === 'ALL' ? active : active.filter((each) => isFirst(each.platform))).slice(0, MOST_DEVICES)
}
