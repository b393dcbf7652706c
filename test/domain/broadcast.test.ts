import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BROADCAST_STATUSES, FASTEST, mayBecome, pageAt } from '../../src/domain/broadcast.ts'

test('what is over stays over, and only what was paused is resumed', () => {
  const moves = (['PAUSED', 'RUNNING', 'CANCELLED'] as const).map((to) => [to, BROADCAST_STATUSES.filter((from) => mayBecome(from, to))])
  expect(moves).toEqual([
    ['PAUSED', ['RUNNING']],
    ['RUNNING', ['PAUSED']],
    ['CANCELLED', ['RUNNING', 'PAUSED']],
  ])
})

test('pages keep the pace, and neither is one too large nor do they come too often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: FASTEST }), (perSecond) => {
      const { size, waitMs } = pageAt(perSecond)
      expect(size).toBeLessThanOrEqual(500)
      expect(waitMs).toBeGreaterThanOrEqual(100)
      expect((size / waitMs) * 1_000).toBeLessThanOrEqual(perSecond)
    }),
  )
  expect([pageAt(1), pageAt(200), pageAt(5_000)]).toEqual([
    { size: 1, waitMs: 1_000 },
    { size: 50, waitMs: 250 },
    { size: 500, waitMs: 100 },
  ])
})
