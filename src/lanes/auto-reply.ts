import { derivedId } from '../domain/ids.ts'
import type { KeywordRule } from '../domain/keywords.ts'
import type { Case, Item } from './case.ts'
import { planDirect } from './direct.ts'
import type { Outbox } from './outbox.ts'
import { noteSaid } from './said.ts'

/** Robots answer robots: a rule answers a person once an hour, which no conversation of people needs more often. */
const ONCE_IN = 3_600_000

/** Marks what nobody replies to: what a person writes next answers what was sent before it. Known to `findLastSent`, too. */
const MARK = 'keyword-rule/'

/**
 * Plans the answer of a keyword rule: at most one an inbound message, whose id its own derives from, and it goes to the
 * address that wrote. It is transactional, because it was asked for; also by who has just opted out, as carriers want.
 */
export function planAutoReply(
  one: Case,
  item: Extract<Item, { kind: 'inbound' }>,
  rule: KeywordRule,
  keyword: string | null,
  outbox: Outbox,
  now: number,
): void {
  if (rule.templateId === null) return
  const { channel, providerMessageId, text, to, from } = item.data
  const messageId = derivedId(item.receivedAt, one.lane, one.workspaceId, one.contactId, 'auto-reply', channel, providerMessageId)
  const dedupeKey = `${MARK}${rule.id}`
  const status = planDirect(
    one,
    {
      messageId,
      channel,
      templateId: rule.templateId,
      topicId: null,
      purpose: 'TRANSACTIONAL',
      vars: {},
      event: { text, to, keyword },
      dedupe: { key: dedupeKey, window: ONCE_IN },
      preferred: from === undefined ? null : (one.writers.find((each) => each.blind === from)?.id ?? null),
    },
    outbox,
    now,
  )
  if (status !== 'SUPPRESSED') noteSaid(one, dedupeKey, outbox)
}
