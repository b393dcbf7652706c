import { expect, test } from 'vitest'
import { SIGNALS, startOf } from '../../../src/domain/journey/enrollment.ts'
import { mergeSignal } from '../../../src/domain/journey/nodes/message.ts'
import { event, HOUR, NOW } from './arbitrary.ts'

test('an enrollment starts with its trigger, which its tick meets only later', () => {
  const started = (occurredAt: number | null) =>
    startOf({ enteredAt: NOW, trigger: { node: 'start', event: occurredAt === null ? null : event('t', 'go', occurredAt) } })
  expect(started(NOW - HOUR)).toBe(NOW - HOUR)
  expect(started(NOW + HOUR)).toBe(NOW)
  expect(started(null)).toBe(NOW)
})

test('every signal is one that a message may hear first, and that tells something', () => {
  const heard = SIGNALS.map((signal) => {
    const memo = { id: 'm', channel: 'email' as const, rank: 0, failed: false, acceptedAt: null }
    const changed = mergeSignal(memo, { type: 'signal', messageId: 'm', signal, human: true, at: NOW })
    return [signal, changed, memo.rank, memo.failed, memo.acceptedAt]
  })
  expect(heard).toEqual([
    ['SENT', true, 1, false, NOW],
    ['UNKNOWN', true, 0, false, NOW],
    ['DELIVERED', true, 2, false, NOW],
    ['OPENED', true, 3, false, NOW],
    ['CLICKED', true, 4, false, NOW],
    ['REPLIED', true, 5, false, NOW],
    ['FAILED', true, 0, true, null],
    ['SUPPRESSED', true, 0, false, null],
  ])
})
