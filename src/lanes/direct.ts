import { gate } from '../domain/gate.ts'
import type { Case, Item } from './case.ts'
import type { Outbox } from './outbox.ts'

/** Plans a message that belongs to no journey. It passes the gate as every other; given twice, its id makes it one. */
export function planDirect(one: Case, { data }: Extract<Item, { kind: 'send' }>, outbox: Outbox, now: number): void {
  const { messageId, channel, templateId, topicId, purpose, vars } = data
  const { verdict, identityId } = gate(one.facts, { channel, topicId, purpose, dedupeKey: null, dedupeWindow: 0 }, now)
  outbox.plan({
    lane: one.lane,
    id: messageId,
    workspace: one.workspaceId,
    contact: one.contactId,
    enrollment: null,
    journey: null,
    version: null,
    node: null,
    visit: 0,
    channel,
    purpose,
    topic: topicId,
    template: templateId,
    identity: identityId,
    status: verdict.type === 'send' ? 'PLANNED' : verdict.type === 'defer' ? 'DEFERRED' : 'SUPPRESSED',
    due: verdict.type === 'defer' ? verdict.until : null,
    dedupe: null,
    failure: verdict.type === 'send' ? null : verdict.reason,
    variables: { event: {}, vars, key: '' },
    planned: now,
  })
}
