import type { Channel, ConsentState } from '../channel.ts'
import type { Json } from '../json.ts'

/** Comparison of one value with another; times compare as ISO 8601 text or Unix milliseconds. */
export const OPERATORS = [
  'EQ',
  'NEQ',
  'GT',
  'GTE',
  'LT',
  'LTE',
  'IN',
  'NOT_IN',
  'CONTAINS',
  'NOT_CONTAINS',
  'STARTS_WITH',
  'ENDS_WITH',
  'EXISTS',
  'NOT_EXISTS',
  'BEFORE',
  'AFTER',
  'WITHIN_LAST',
  'NOT_WITHIN_LAST',
] as const
export type Operator = (typeof OPERATORS)[number]

/** `value` is left out for EXISTS and NOT_EXISTS, a list for IN and NOT_IN, an ISO 8601 duration for (NOT_)WITHIN_LAST. */
export interface Comparison {
  op: Operator
  value?: Json
}

export interface PathComparison extends Comparison {
  /** Dotted, e.g. `address.city`. */
  path: string
}

/** What an event must look like, apart from its name: every comparison holds on its properties. */
export type PropertyFilter = readonly PathComparison[]

export const ENGAGEMENTS = ['SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED', 'FAILED'] as const
export type EngagementStatus = (typeof ENGAGEMENTS)[number]

export interface EventCondition {
  name: string
  where?: PropertyFilter
  /** How often it happened; at least once where left out. `{op:'EQ', value:0}` is «never». */
  count?: { op: 'EQ' | 'NEQ' | 'GT' | 'GTE' | 'LT' | 'LTE'; value: number }
  /** ISO 8601 duration counted back from now by `occurredAt`; two years at most. */
  within?: string
  /** Only what occurred since the enrollment was entered. Journeys only. */
  sinceEntry?: boolean
  /** Only events whose property at this path equals the enrollment's key. Journeys only. */
  matchKey?: string
}

/**
 * The one condition language: branches, trigger filters, exit rules and audience queries. Exactly one member per
 * object. `engagement`, `key`, `variable`, `goal` and `triggerEvent` need an enrollment and are refused elsewhere.
 */
export type Condition =
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition }
  /** A path into the contact's attributes, or `$externalId`, `$locale`, `$timeZone`, `$createdAt`: the contact's own fields. */
  | { attribute: PathComparison }
  | { tag: string }
  | { event: EventCondition }
  /** The message sent by the named node reached this status; engagement counts humans only. */
  | { engagement: { node: string; status: EngagementStatus } }
  | { key: Comparison }
  | { variable: PathComparison }
  /** Properties of the event that started the enrollment. */
  | { triggerEvent: PathComparison }
  | { goal: string }
  /** An ACTIVE identity on the channel (in-app needs none), and the contact neither suppressed nor erased. */
  | { reachable: Channel }
  /** The state of the most specific entry: channel and topic, channel, topic, all. */
  | { consent: { channel?: Channel; topic?: string; state: ConsentState } }
  /**
   * In the contact's zone. `days` are ISO weekday numbers (1 = Monday); times are `HH:MM`, `to` exclusive; `from` after `to`
   * spans midnight and belongs to the day it begins on.
   */
  | { time: { days?: readonly number[]; from?: string; to?: string } }
