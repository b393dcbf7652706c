import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerRules, type CallResult, judgeCall } from '../../src/domain/webhook-answer.ts'

const ID = '01970000-0000-8007-8000-0000000000aa'
const answer = (status: number, body = '', headers: Record<string, string> = {}, retryAfter: number | null = null): CallResult => ({
  type: 'answer',
  status,
  headers,
  body,
  retryAfter,
})
const fault = (permanent: boolean): CallResult => ({ type: 'fault', code: 'TIMEOUT', message: 'no answer', permanent })
const verdict = (rules: AnswerRules, result: CallResult, attempt = 1) => judgeCall(rules, ID, attempt, result)
const port = (rules: AnswerRules, result: CallResult) => {
  const judged = verdict(rules, result)
  return judged.type === 'leave' ? judged.port : judged.type
}

describe('success', () => {
  test('is any 2xx where nothing is said', () => {
    expect([199, 200, 204, 299, 300, 302, 404, 500].map((status) => port({}, answer(status)))).toEqual([
      'error',
      'success',
      'success',
      'success',
      'error',
      'error',
      'error',
      'error',
    ])
  })

  test.each([
    [['200'], 200, 'success'],
    [['200'], 201, 'error'],
    [['200-204'], 200, 'success'],
    [['200-204'], 204, 'success'],
    [['200-204'], 205, 'error'],
    [['404', '2xx'], 404, 'success'],
    [['3xx'], 302, 'success'],
    [['3xx'], 200, 'error'],
    [['5xx'], 503, 'success'],
  ])('where it is %j: %i leaves by %s', (success, status, expected) =>
    expect(port({ success, retries: { times: 3 } }, answer(status))).toBe(expected),
  )
})

describe('another try', () => {
  const rules: AnswerRules = { retries: { times: 2, pause: 'PT10S' } }

  test('is worth 408, 425, 429, 5xx and no answer, and nothing else', () => {
    const statuses = [300, 302, 400, 401, 403, 404, 408, 409, 410, 422, 425, 429, 499, 500, 501, 503, 599]
    expect(statuses.filter((status) => port(rules, answer(status)) === 'retry')).toEqual([408, 425, 429, 500, 501, 503, 599])
    expect([port(rules, fault(false)), port(rules, fault(true))]).toEqual(['retry', 'error'])
  })

  test('is made as often as the node says, then the error way out is taken', () => {
    expect([1, 2, 3].map((attempt) => verdict(rules, answer(503), attempt))).toMatchObject([
      { type: 'retry', code: 'HTTP_503' },
      { type: 'retry', code: 'HTTP_503' },
      { type: 'leave', port: 'error', code: 'HTTP_503', message: 'answered 503' },
    ])
    expect(verdict({}, fault(false))).toEqual({ type: 'leave', port: 'error', vars: {}, code: 'TIMEOUT', message: 'no answer' })
  })

  test('waits twice as long each time, within a quarter, an hour at most, and as long as it is told', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 10 }), (id, attempt) => {
        const many = { retries: { times: 10, pause: 'PT10S' } }
        const judged = judgeCall(many, id, attempt, fault(false))
        const pause = judged.type === 'retry' ? judged.pause : 0
        const middle = Math.min(3_600_000, 10_000 * 2 ** (attempt - 1))
        expect(pause).toBeGreaterThanOrEqual(Math.floor(middle * 0.75))
        expect(pause).toBeLessThanOrEqual(Math.min(3_600_000, Math.ceil(middle * 1.25)))
      }),
    )
    expect(verdict(rules, answer(429, '', {}, 60_000))).toMatchObject({ pause: 60_000 })
    expect(verdict(rules, answer(429, '', {}, 86_400_000))).toMatchObject({ pause: 3_600_000 })
    expect(verdict({ retries: { times: 1 } }, fault(false))).toMatchObject({ pause: expect.closeTo(1_000, -3) })
  })
})

describe('what is kept of an answer', () => {
  const rules: AnswerRules = {
    variables: [
      { name: 'status', from: 'status' },
      { name: 'tag', from: 'headers.etag' },
      { name: 'id', from: 'body.items.1.id' },
      { name: 'all', from: 'body' },
    ],
  }
  const vars = (result: CallResult) => {
    const judged = verdict(rules, result)
    return judged.type === 'leave' ? judged.vars : judged
  }

  test('is found by its path, and null where it is not there', () => {
    const items = { items: [{ id: 1 }, { id: 'b' }] }
    expect(vars(answer(200, JSON.stringify(items), { etag: '"x"' }))).toEqual({ status: 200, tag: '"x"', id: 'b', all: items })
    expect(vars(answer(200, '[]'))).toEqual({ status: 200, tag: null, id: null, all: [] })
  })

  test('is text where the answer is no JSON', () => expect(vars(answer(200, 'OK{'))).toEqual({ status: 200, tag: null, id: null, all: 'OK{' }))

  test('is kept of a failure too, and nothing where there was no answer', () => {
    expect(vars(answer(422, '{"items":[]}'))).toEqual({ status: 422, tag: null, id: null, all: { items: [] } })
    expect(vars(fault(true))).toEqual({})
  })

  test('is nothing inherited', () => {
    const inherited = {
      variables: [
        { name: 'a', from: 'body.constructor' },
        { name: 'b', from: 'headers.constructor' },
      ],
    }
    expect(verdict(inherited, answer(200, '{}'))).toMatchObject({ vars: { a: null, b: null } })
  })

  test.each([
    ['too large', JSON.stringify('x'.repeat(20_000))],
    ['nothing PostgreSQL can keep', '"\\u0000"'],
    ['half a surrogate pair', '{"items":[0,{"id":"\\ud800"}]}'],
  ])('is refused where it is %s, by the error way out', (_why, body) => {
    expect(verdict(rules, answer(200, body))).toMatchObject({
      type: 'leave',
      port: 'error',
      code: 'ANSWER_NOT_KEPT',
    })
    expect(vars(answer(200, body))).toEqual({})
    expect(verdict(rules, answer(422, body))).toMatchObject({ port: 'error', code: 'HTTP_422' })
    expect(vars(answer(422, body))).toEqual({})
  })

  test('does not matter where nothing is asked for', () => {
    expect(verdict({}, answer(200, JSON.stringify('x'.repeat(100_000))))).toEqual({
      type: 'leave',
      port: 'success',
      vars: {},
      code: null,
      message: null,
    })
  })
})
