import { expect, test } from 'vitest'
import { ThroughlineError } from '../../src/errors.ts'
import { isDatabaseAway } from '../../src/store/sql.ts'

test.each<[string, unknown, boolean]>([
  ['a server that is starting', Object.assign(new Error('starting up'), { code: '57P03' }), true],
  ['nobody listening', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
  ['a connection cut in the middle', new Error('Connection terminated unexpectedly'), true],
  // pg-boss hands its workers' faults on as copies that are no errors any more.
  ['a copy of such an error', { code: '57P01', message: 'terminating connection (Queue: send, Worker: w)' }, true],
  ['a statement that is wrong', Object.assign(new Error('syntax error'), { code: '42601' }), false],
  ['a fault of our own that says so', new ThroughlineError('UNAVAILABLE', 'Connection terminated'), false],
  ['what is no error at all', null, false],
  ['text', 'Connection terminated', false],
])('%s', (_, error, away) => {
  expect(isDatabaseAway(error)).toBe(away)
})
