/** The moments at which a worker may be killed over a message, and who tells of it afterwards where it is in doubt; one needs no kill. */
export const CUTS = ['not marked', 'marked, not sent', 'sent, looked up', 'sent, called back', 'sent, silence', 'answer lost', 'reported'] as const
export type Cut = (typeof CUTS)[number]

/**
 * What is there in the end: how often the other side has accepted it, and where it stands. Two of them with a stroke between
 * where the template decides, HOLD first. null where nobody can tell, or nothing is ever silent.
 */
export type Ending = string | null

export interface Guarantee {
  channel: string
  provider: string
  endings: Record<Cut, Ending>
  promise: 'exactly once' | 'at least once' | 'at least once, collapses' | 'at most once / at least once'
}

/** An answer that never came leaves the doubt that a kill leaves, with somebody left to ask or without. */
const endings = (
  notMarked: Ending,
  notSent: Ending,
  lookedUp: Ending,
  calledBack: Ending,
  silence: Ending,
  reported: Ending,
): Guarantee['endings'] => ({
  'not marked': notMarked,
  'marked, not sent': notSent,
  'sent, looked up': lookedUp,
  'sent, called back': calledBack,
  'sent, silence': silence,
  'answer lost': silence === null ? null : (lookedUp ?? silence),
  reported,
})

/** Nobody knows whether it was sent: held it may never have been, sent again it may be there twice. */
const IN_DOUBT = '0 UNKNOWN / 1 SENT'
const SILENT = '1 UNKNOWN / 2 SENT'
const POLICY = 'at most once / at least once'

/** Every row of docs/guarantees.md, which test/house/guarantees.test.ts holds against this. */
export const GUARANTEES: readonly Guarantee[] = [
  { channel: 'in_app', provider: 'in_app', endings: endings('1 SENT', '1 SENT', '1 SENT', null, null, '1 SENT'), promise: 'exactly once' },
  {
    channel: 'web_push',
    provider: 'webpush',
    endings: endings('1 SENT', '1 SENT', null, null, '2 SENT', '1 SENT'),
    promise: 'at least once, collapses',
  },
  { channel: 'push', provider: 'fcm', endings: endings('1 SENT', '1 SENT', null, null, '2 SENT', '1 SENT'), promise: 'at least once, collapses' },
  { channel: 'email', provider: 'sendgrid', endings: endings('1 SENT', IN_DOUBT, null, '1 DELIVERED', SILENT, '1 SENT'), promise: POLICY },
  { channel: 'email', provider: 'smtp', endings: endings('1 SENT', IN_DOUBT, null, null, SILENT, '1 SENT'), promise: POLICY },
  { channel: 'sms', provider: 'twilio', endings: endings('1 SENT', IN_DOUBT, '1 SENT', '1 DELIVERED', SILENT, '1 SENT'), promise: POLICY },
  {
    channel: 'whatsapp',
    provider: 'twilio_whatsapp',
    endings: endings('1 SENT', IN_DOUBT, '1 SENT', '1 DELIVERED', SILENT, '1 SENT'),
    promise: POLICY,
  },
  { channel: 'whatsapp', provider: 'meta', endings: endings('1 SENT', IN_DOUBT, null, '1 DELIVERED', SILENT, '1 SENT'), promise: POLICY },
  { channel: 'rcs', provider: 'twilio_rcs', endings: endings('1 SENT', IN_DOUBT, '1 SENT', '1 DELIVERED', SILENT, '1 SENT'), promise: POLICY },
  {
    channel: 'webhook',
    provider: 'endpoint',
    endings: endings('1 DELIVERED', '1 DELIVERED', null, null, '2 DELIVERED', '1 DELIVERED'),
    promise: 'at least once',
  },
  {
    channel: 'webhook',
    provider: 'node',
    endings: endings('1 SUCCEEDED', '1 SUCCEEDED', null, null, '2 SUCCEEDED', '1 SUCCEEDED'),
    promise: 'at least once',
  },
]
