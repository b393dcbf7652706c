/** The channels this build can send on. A channel is a kind of surface; a provider is a company. */
export const CHANNELS = ['push', 'web_push', 'in_app', 'email', 'sms', 'whatsapp', 'rcs'] as const
export type Channel = (typeof CHANNELS)[number]

/** The app's own surface: a message needs no address there, and no provider carries it. */
export const isOwnSurface = (channel: Channel): boolean => channel === 'in_app'

/** Channels whose addresses are devices, of which a contact may have several at once. */
export const OF_DEVICES: readonly Channel[] = ['push', 'web_push']

/** What a message is for; the order is the order of privilege. Transactional needs no consent. */
export const PURPOSES = ['TRANSACTIONAL', 'SERVICE', 'PROMOTIONAL'] as const
export type Purpose = (typeof PURPOSES)[number]

export const IDENTITY_STATUSES = ['ACTIVE', 'BOUNCED', 'INVALID', 'UNREGISTERED'] as const
export type IdentityStatus = (typeof IDENTITY_STATUSES)[number]

export const CONSENT_STATES = ['UNKNOWN', 'PENDING', 'GRANTED', 'WITHDRAWN', 'SUPPRESSED'] as const
export type ConsentState = (typeof CONSENT_STATES)[number]
