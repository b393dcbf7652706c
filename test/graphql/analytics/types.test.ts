import { isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { CALLBACK_STATUSES } from '../../../src/domain/delivery.ts'
import { applyCallback, applyReply, applyResult } from '../../../src/domain/ledger.ts'
import { buildApiSchema } from '../../../src/graphql/schema.ts'
import { entry } from '../../support/ledger.ts'

test('StatPoint.metric is described with everything that is counted', () => {
  const type = buildApiSchema().getType('StatPoint')
  const description = isObjectType(type) ? (type.getFields().metric?.description ?? '') : ''
  const described = [...description.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  const ofMessages = [
    ...CALLBACK_STATUSES.flatMap((status) => [true, false].flatMap((human) => applyCallback(entry(), { status, human, at: 1 }).counts)),
    ...applyReply(entry(), 1, true).counts,
    ...applyResult(entry(), 1, { type: 'ambiguous', code: 'TIMEOUT', message: '' }, 1, 1).counts,
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
