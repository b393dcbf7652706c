import { expect, test } from 'vitest'
import { fromEntry, toEntry } from '../../src/lanes/ledger-row.ts'
import type { MessageRow } from '../../src/store/queries/messages.ts'

const ROW = {
  id: 'm-1',
  channel: 'sms',
  status: 'DEFERRED',
  attempt: 2,
  due_at: 1_750_000_000_000,
  planned_at: 1_749_999_999_000,
  provider_message_id: 'SM1',
  failure_code: '429',
  failure_class: null,
  failure_message: null,
  sent_at: null,
  delivered_at: null,
  opened_at: null,
  clicked_at: null,
  replied_at: null,
  machine_opened_at: null,
  machine_clicked_at: null,
  cost: 7,
  when_unknown: 'RESEND',
} as unknown as MessageRow

test('of a row whose failure has no class it counts as permanent', () => {
  const entry = toEntry(ROW)
  expect([entry.dueAt, entry.plannedAt, entry.failure, entry.whenUnknown]).toEqual([
    1_750_000_000_000,
    1_749_999_999_000,
    { code: '429', class: 'PERMANENT', message: '' },
    'RESEND',
  ])
})

test('what the ledger changed is read back as it was written', () => {
  const row = { ...ROW }
  const entry = { ...toEntry(row), status: 'SENT' as const, dueAt: null, failure: null, sentAt: 1_750_000_000_005 }
  fromEntry(row, entry)
  expect(toEntry(row)).toEqual(entry)
})
