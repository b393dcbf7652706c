import { expect, test } from 'vitest'
import type { Facts } from '../../src/domain/facts.ts'
import { derivedId } from '../../src/domain/ids.ts'
import type { Case } from '../../src/lanes/case.ts'
import { planDirect } from '../../src/lanes/direct.ts'
import { Outbox } from '../../src/lanes/outbox.ts'

const NOW = 1_750_000_000_000
const id = derivedId(NOW, 3, 'direct')
const facts = (status: 'ACTIVE' | 'BOUNCED'): Facts => ({
  contact: {
    id: 'ada',
    externalId: 'ada',
    attributes: {},
    tags: [],
    locale: null,
    timeZone: 'UTC',
    createdAt: 0,
    suppressed: false,
    erased: false,
  },
  identities: [{ id: 'mail', channel: 'email', status, platform: null, lastSeenAt: 1 }],
  consents: [],
  history: [],
  dedupe: [],
  paused: false,
})

function planned(status: 'ACTIVE' | 'BOUNCED') {
  const outbox = new Outbox(NOW)
  const one = { lane: 3, workspaceId: 'w', contactId: 'ada', facts: facts(status) } as Case
  const data = { messageId: id, channel: 'email' as const, templateId: 't', topicId: null, purpose: 'SERVICE' as const, vars: { a: 1 } }
  planDirect(one, data, outbox, NOW)
  return outbox
}

test('a message that may go is planned to the address the gate chose, under the id it was given', () => {
  const outbox = planned('ACTIVE')
  expect(outbox.sends).toEqual([{ id, workspaceId: 'w' }])
  expect(outbox.messages.get(id)).toMatchObject({ status: 'PLANNED', identity: 'mail', journey: null, enrollment: null, failure: null, planned: NOW })
})

test('one that may not is kept with the reason, and is not sent', () => {
  const outbox = planned('BOUNCED')
  expect(outbox.sends).toEqual([])
  expect(outbox.messages.get(id)).toMatchObject({ status: 'SUPPRESSED', identity: null, failure: 'identity_inactive' })
})

test('it goes to every device that its policy chooses, each under an id of its own that does not change', () => {
  const identities = [
    { id: 'old', channel: 'push' as const, status: 'ACTIVE' as const, platform: 'ios' as const, lastSeenAt: 1 },
    { id: 'gone', channel: 'push' as const, status: 'UNREGISTERED' as const, platform: 'ios' as const, lastSeenAt: 4 },
    { id: 'tablet', channel: 'push' as const, status: 'ACTIVE' as const, platform: 'ios' as const, lastSeenAt: 2 },
    { id: 'phone', channel: 'push' as const, status: 'ACTIVE' as const, platform: 'android' as const, lastSeenAt: 3 },
  ]
  const plan = (devices?: 'ALL' | 'PER_PLATFORM' | 'MOST_RECENT') => {
    const outbox = new Outbox(NOW)
    const one = { lane: 3, workspaceId: 'w', contactId: 'ada', facts: { ...facts('ACTIVE'), identities } } as unknown as Case
    const data = { messageId: id, channel: 'push' as const, templateId: 't', topicId: null, purpose: 'SERVICE' as const, vars: {}, broadcastId: 'b' }
    planDirect(one, { ...data, ...(devices === undefined ? {} : { devices }) }, outbox, NOW)
    return [...outbox.messages.values()].map((row) => [row.id, row.identity, row.status, row.broadcast])
  }
  const row = (device: string, own = derivedId(NOW, 3, id, device)) => [own, device, 'PLANNED', 'b']
  expect(plan()).toEqual([row('phone', id)])
  expect(plan('MOST_RECENT')).toEqual(plan())
  expect(plan('PER_PLATFORM')).toEqual([row('phone', id), row('tablet')])
  expect(plan('ALL')).toEqual([row('phone', id), row('tablet'), row('old')])
})
