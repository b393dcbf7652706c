import { expect, test } from 'vitest'
import { createRateLimit } from '../../src/graphql/rate-limit.ts'

test('a key spends its minute, is told when to come back, and others are not concerned', () => {
  let now = 0
  const limit = createRateLimit(600, () => now)
  limit.charge('a', 500)
  limit.charge('a', 100)
  expect(() => limit.charge('a', 50)).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', data: { retryAfter: 5 } }))
  limit.charge('b', 600)
  now = 4_900
  expect(() => limit.charge('a', 50)).toThrow(expect.objectContaining({ data: { retryAfter: 1 } }))
  now = 5_000
  limit.charge('a', 50)
  now = 3_600_000
  limit.charge('a', 600)
  expect(() => limit.charge('a', 1)).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
})

test('what is refused is not charged', () => {
  const limit = createRateLimit(100, () => 0)
  for (let n = 0; n < 10; n++) expect(() => limit.charge('a', 101)).toThrow()
  limit.charge('a', 100)
})
