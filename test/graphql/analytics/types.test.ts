import { isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { CALLBACK_STATUSES } from '../../../src/domain/delivery.ts'
import { applyCallback, applyReply, applyResult, type LedgerEntry } from '../../../src/domain/ledger.ts'
import { buildApiSchema } from '../../../src/graphql/schema.ts'

const ENTRY: LedgerEntry = {
  id: 'm-1',
  channel: 'email',
  status: 'DISPATCHING',
  attempt: 1,
  dueAt: null,
  plannedAt: 0,
  providerMessageId: null,
  failure: null,
  sentAt: null,
  deliveredAt: null,
  openedAt: null,
  clickedAt: null,
  repliedAt: null,
  machineOpenedAt: null,
  machineClickedAt: null,
  cost: null,
  whenUnknown: 'HOLD',
}

test('StatPoint.metric is described with everything that is counted', () => {
  const type = buildApiSchema().getType('StatPoint')
  const description = isObjectType(type) ? (type.getFields().metric?.description ?? '') : ''
  const described = [...description.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  const ofMessages = [
    ...CALLBACK_STATUSES.flatMap((status) => [true, false].flatMap((human) => applyCallback(ENTRY, { status, human, at: 1 }).counts)),
    ...applyReply(ENTRY, 1).counts,
    ...applyResult(ENTRY, 1, { type: 'ambiguous', code: 'TIMEOUT', message: '' }, 1, 1).counts,
  ]
  const others = [
    'started',
    'completed',
    'converted',
    'exited',
    'failed',
    'goal',
    'entered',
    'ended',
    'planned',
    'suppressed',
    'message_failed',
    'node',
  ]
  expect([...new Set(described)].sort()).toEqual([...new Set([...ofMessages, ...others])].sort())
})
