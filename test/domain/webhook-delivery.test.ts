import { expect, test } from 'vitest'
import type { CallResult } from '../../src/domain/webhook-answer.ts'
import { judgeDelivery, WEBHOOK_EVENTS } from '../../src/domain/webhook-delivery.ts'

const ID = '01970000-0000-8007-8000-0000000000aa'
const answer = (status: number, retryAfter: number | null = null): CallResult => ({ type: 'answer', status, headers: {}, body: '', retryAfter })
const fault: CallResult = { type: 'fault', code: 'ECONNREFUSED', message: '', permanent: false }

test('any 2xx is received, 410 is good-bye, everything else is tried again', () => {
  const states = [200, 202, 204, 299, 199, 300, 302, 400, 401, 404, 409, 410, 429, 500, 503].map((status) => {
    const { state, gone } = judgeDelivery(ID, 1, answer(status))
    return gone ? 'GONE' : state
  })
  expect(states).toEqual([...Array(4).fill('DELIVERED'), ...Array(7).fill('PENDING'), 'GONE', ...Array(3).fill('PENDING')])
  expect(judgeDelivery(ID, 1, fault)).toMatchObject({ state: 'PENDING', code: 'ECONNREFUSED' })
})

test('ten tries, over some three days, each later than the schedule by a tenth at most', () => {
  const seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
  for (const [index, second] of seconds.entries()) {
    const verdict = judgeDelivery(ID, index + 1, answer(500))
    const pause = verdict.state === 'PENDING' ? verdict.pause : 0
    expect(pause).toBeGreaterThanOrEqual(second * 1_000)
    expect(pause).toBeLessThanOrEqual(second * 1_100)
  }
  expect(judgeDelivery(ID, 10, answer(500))).toEqual({ state: 'FAILED', code: 'HTTP_500', gone: false })
  expect(judgeDelivery(ID, 10, answer(200)).state).toBe('DELIVERED')
})

test('not sooner than the receiver asks for, and two deliveries not in the same moment', () => {
  expect(judgeDelivery(ID, 1, answer(429, 90_000))).toEqual({ state: 'PENDING', pause: 90_000, code: 'HTTP_429', gone: false })
  expect(judgeDelivery(ID, 2, answer(500))).not.toEqual(judgeDelivery(ID.replace('aa', 'ab'), 2, answer(500)))
})

test('every event has a name of two parts and a sentence', () => {
  for (const [name, sentence] of Object.entries(WEBHOOK_EVENTS)) {
    expect(name).toMatch(/^[a-z]+\.[a-z]+$/)
    expect(sentence).toMatch(/^[A-Z].*[.…]$/)
  }
})
