import type { Channel, IdentityStatus, Purpose } from './channel.ts'
import type { SuppressReason } from './journey/enrollment.ts'
import type { JsonObject } from './json.ts'
import type { TemplateStatus } from './whatsapp-template.ts'

/** Where a message stands. Engagement (opened, clicked, replied) is kept apart from delivery. */
export const DELIVERY_STATUSES = [
  'PLANNED',
  'DEFERRED',
  'DISPATCHING',
  'SENT',
  'DELIVERED',
  'FAILED',
  'BOUNCED',
  'SUPPRESSED',
  'CANCELLED',
  'UNKNOWN',
] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

export const FAILURE_CLASSES = ['RETRYABLE', 'PERMANENT', 'AMBIGUOUS'] as const
export type FailureClass = (typeof FAILURE_CLASSES)[number]

/**
 * What one attempt at a provider came to. An attempt is one request on the wire.
 * - ok: accepted.
 * - retry: certainly nothing happened; try again, not before `retryAfter` milliseconds.
 * - permanent: will never work; `identity` says what that tells of the address.
 * - ambiguous: the request may have been acted on; never blindly sent again.
 * - held: no request was made, since what could be sent may not be.
 */
export type SendOutcome =
  | { type: 'ok'; providerMessageId: string; cost?: number }
  | { type: 'retry'; code: string; message: string; retryAfter?: number }
  | { type: 'permanent'; code: string; message: string; identity?: Exclude<IdentityStatus, 'ACTIVE'>; optedOut?: boolean }
  | { type: 'ambiguous'; code: string; message: string }
  | { type: 'held'; reason: SuppressReason }

/** A rendered message with its address, ready for an adapter. */
export interface OutgoingMessage {
  id: string
  workspaceId: string
  /** From 1. */
  attempt: number
  channel: Channel
  purpose: Purpose
  /** Email address, E.164 number, device token, or a push subscription as JSON. */
  address: string
  platform: string | null
  /** As the channel's content shape says, rendered. */
  content: JsonObject
  /** Where a person unsubscribes without a login; null for transactional mail. */
  unsubscribeUrl: string | null
  /** Milliseconds for which its node waits for it: what comes later is of no use. Left out where it waits for nothing. */
  usefulFor?: number | undefined
}

/** What a provider's callback says of one message. DEFERRED is kept in the history and changes nothing. */
export const CALLBACK_STATUSES = [
  'PROCESSED',
  'DEFERRED',
  'SENT',
  'DELIVERED',
  'OPENED',
  'CLICKED',
  'BOUNCED',
  'FAILED',
  'COMPLAINED',
  'UNSUBSCRIBED',
] as const
export type CallbackStatus = (typeof CALLBACK_STATUSES)[number]

/** One thing a provider reported, whatever its own format. `at` is Unix milliseconds by the provider's clock. */
export type ProviderCallback =
  | {
      type: 'status'
      /** Our id where the provider returned it; else it is looked for by `providerMessageId`. */
      messageId: string | null
      providerMessageId: string | null
      /** Unique at the provider, so that a repetition is recognised. */
      providerEventId: string
      status: CallbackStatus
      human: boolean
      at: number
      code?: string
      detail?: string
      url?: string
      identity?: Exclude<IdentityStatus, 'ACTIVE'>
      /** Which attempt it is about, where the provider returned that. */
      attempt?: number
      /** A failure of an accepted message that is worth one more attempt. */
      again?: boolean
    }
  | {
      type: 'inbound'
      channel: Channel
      from: string
      to: string
      text: string
      providerMessageId: string
      providerEventId: string
      at: number
      /** What the channel says besides text: a button's payload, a picture's address. */
      properties?: JsonObject
      /** The provider's id of the message of ours it answers, where the person chose one. */
      repliesTo?: string
    }
  /** A person stopped or resumed promotions on a channel, in their app's own settings. */
  | { type: 'preference'; channel: Channel; from: string; state: 'GRANTED' | 'WITHDRAWN'; providerEventId: string; at: number }
  /** A template's approval changed. */
  | {
      type: 'template'
      providerEventId: string
      providerId: string
      status: TemplateStatus
      reason: string | null
      at: number
    }
  /** The provider counts a template to another category. */
  | { type: 'template_category'; providerEventId: string; providerId: string; from: string; category: string; at: number }
