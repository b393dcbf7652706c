import { describe, expect, it } from 'vitest'
import { applyRule, classify, classifyThrown, type FailureTable, retryAfter, scrub } from '../../src/channels/failures.ts'
import { ExchangeError } from '../../src/channels/http.ts'

const TABLE: FailureTable = {
  GONE: { as: 'permanent', message: 'Gone.', identity: 'UNREGISTERED' },
  STOP: { as: 'permanent', message: 'Opted out.', optedOut: true },
  BUSY: { as: 'retry', message: 'Busy.', retryAfter: 60_000 },
  DOWN: { as: 'ambiguous', message: 'Down.', retryWhenTold: true },
}
const judge = (status: number, code: string | null, headers: Record<string, string> = {}) =>
  classify({ type: 'answer', status, headers, body: '' }, TABLE, () => ({ code, message: 'theirs' }))

describe('failure classes', () => {
  it("go by the provider's own code where the table knows it, whatever the status", () => {
    expect(judge(404, 'GONE')).toEqual({ type: 'permanent', code: 'GONE', message: 'Gone.', identity: 'UNREGISTERED' })
    expect(judge(400, 'STOP')).toEqual({ type: 'permanent', code: 'STOP', message: 'Opted out.', optedOut: true })
    expect(judge(400, 'BUSY')).toEqual({ type: 'retry', code: 'BUSY', message: 'Busy.', retryAfter: 60_000 })
    expect(judge(429, 'BUSY', { 'retry-after': '3' })).toMatchObject({ retryAfter: 3_000 })
    expect(judge(503, 'DOWN')).toEqual({ type: 'ambiguous', code: 'DOWN', message: 'Down.' })
    expect(judge(503, 'DOWN', { 'retry-after': '5' })).toEqual({ type: 'retry', code: 'DOWN', message: 'Down.', retryAfter: 5_000 })
  })

  it('go by the status where it does not', () => {
    const classes = [200, 302, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504].map((status) => judge(status, 'NEW').type)
    expect(classes).toEqual([
      'ambiguous',
      'permanent',
      'permanent',
      'retry',
      'retry',
      'permanent',
      'ambiguous',
      'permanent',
      'retry',
      'ambiguous',
      'ambiguous',
      'ambiguous',
      'ambiguous',
    ])
    expect(judge(400, 'NEW')).toEqual({ type: 'permanent', code: 'NEW', message: 'theirs' })
    expect(judge(400, 'toString')).toMatchObject({ type: 'permanent', code: 'toString' })
    expect(judge(400, null)).toMatchObject({ code: 'HTTP_400' })
    expect(judge(401, null, { 'retry-after': '120' })).toMatchObject({ code: 'AUTH', retryAfter: 120_000 })
  })

  it('go by what was written where there is no answer', () => {
    const none = () => ({ code: null, message: null })
    expect(classify({ type: 'unsent', code: 'ENOTFOUND', message: 'x' }, TABLE, none)).toEqual({ type: 'retry', code: 'ENOTFOUND', message: 'x' })
    for (const code of ['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'ADDRESS_REFUSED'])
      expect(classify({ type: 'unsent', code, message: 'x' }, TABLE, none)).toMatchObject({ type: 'permanent', code })
    expect(classify({ type: 'unanswered', code: 'ECONNRESET', message: 'x' }, TABLE, none)).toMatchObject({ type: 'ambiguous', code: 'ECONNRESET' })
    expect(classifyThrown(new ExchangeError({ type: 'unanswered', code: 'TIMEOUT', message: 'x' }), TABLE, none)).toMatchObject({ type: 'ambiguous' })
    expect(classifyThrown(new TypeError('bad content'), TABLE, none)).toEqual({ type: 'permanent', code: 'INVALID_MESSAGE', message: 'bad content' })
    expect(classifyThrown('thrown', TABLE, none)).toMatchObject({ type: 'permanent', code: 'INVALID_MESSAGE' })
  })

  it('let the answer overrule the pause of the table, and leave out one that is not there', () => {
    expect(applyRule('X', { as: 'retry', message: 'm' })).toEqual({ type: 'retry', code: 'X', message: 'm' })
    expect(applyRule('X', { as: 'retry', message: 'm', retryAfter: 9 }, 0)).toMatchObject({ retryAfter: 0 })
  })
})

describe('Retry-After', () => {
  it('is seconds or a date, never negative, at most a day', () => {
    const now = Date.parse('2025-11-21T01:00:00Z')
    const read = [undefined, '7', ' 7 ', 'Fri, 21 Nov 2025 01:00:30 GMT', 'Fri, 21 Nov 2025 00:00:00 GMT', '99999999', 'soon', ''].map((header) =>
      retryAfter(header, now),
    )
    expect(read).toEqual([null, 7_000, 7_000, 30_000, 0, 86_400_000, null, null])
  })
})

describe('scrubbing', () => {
  it('takes addresses out and leaves codes in', () => {
    expect(scrub("The 'To' number +1 (555) 123-4567 is bad")).toBe("The 'To' number <number> is bad")
    expect(scrub('550 5.1.1 <ada.l+x@shop.example>: no such user, error 21211')).toBe('550 5.1.1 <<email>>: no such user, error 21211')
    expect(scrub('call 555-123-4567 or 15551234567')).toBe('call <number> or <number>')
    expect(scrub(`token ${'aB3:_-'.repeat(20)} is wrong`)).toBe('token <token> is wrong')
    expect(scrub('x '.repeat(500))).toHaveLength(300)
    // A server may say as much as it likes; its words are not read to the end.
    for (const one of ['a', '5', '(5', 'a@']) expect(scrub(one.repeat(1_000_000)).length).toBeLessThanOrEqual(300)
  })
})
