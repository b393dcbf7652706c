import { expect, test } from 'vitest'
import { hearOutcome } from '../../jobs/circuits.ts'
import type { SendOutcome } from '../../src/domain/delivery.ts'
import type { Dispatchable } from '../../src/store/queries/dispatch.ts'

/** A database that answers as told, and what it was asked. */
function pool(answer: { open: boolean; spare: boolean } | Error) {
  const asked: string[] = []
  const query = async ({ name }: { name: string }) => {
    asked.push(name)
    if (answer instanceof Error) throw answer
    return { rows: [answer] }
  }
  return { asked, pool: { query } as never }
}
const message = (change: Partial<Dispatchable> = {}) => ({ connection_id: 'c', connection_failures: 0, channel: 'email', ...change }) as Dispatchable
const AUTH: SendOutcome = { type: 'retry', code: 'AUTH', message: '', retryAfter: 60_000 }
const OK: SendOutcome = { type: 'ok', providerMessageId: 'x' }
const DOUBT: SendOutcome = { type: 'ambiguous', code: 'TIMEOUT', message: '' }

test.each([
  [{ open: true, spare: true }, 'email', { type: 'retry', code: 'AUTH', message: '' }],
  [{ open: true, spare: true }, 'push', AUTH],
  [{ open: true, spare: false }, 'email', AUTH],
  [{ open: false, spare: true }, 'email', AUTH],
] as const)('a fault with %j on %s', async (answer, channel, outcome) => {
  const { pool: database, asked } = pool(answer)
  expect(await hearOutcome(database, message({ channel }), AUTH)).toEqual(outcome)
  expect(asked).toEqual(['circuit_fail'])
})

test('what may have happened stays as it is, and is counted', async () => {
  const { pool: database, asked } = pool({ open: true, spare: true })
  expect(await hearOutcome(database, message(), DOUBT)).toBe(DOUBT)
  expect(asked).toEqual(['circuit_fail'])
})

test('a success asks the database only where something was wrong before', async () => {
  const { pool: database, asked } = pool({ open: false, spare: false })
  expect(await hearOutcome(database, message(), OK)).toBe(OK)
  expect(asked).toEqual([])
  expect(await hearOutcome(database, message({ connection_failures: 2 }), OK)).toBe(OK)
  expect(asked).toEqual(['circuit_succeed'])
})

test('what says nothing of the connection, or went through none, is not told', async () => {
  const { pool: database, asked } = pool({ open: true, spare: true })
  const late: SendOutcome = { type: 'retry', code: 'ATTACHMENT_UNAVAILABLE', message: '' }
  expect(await hearOutcome(database, message({ connection_failures: 1 }), late)).toBe(late)
  expect(await hearOutcome(database, message({ connection_id: null }), AUTH)).toBe(AUTH)
  expect(asked).toEqual([])
})

test('a database that is away does not lose the outcome', async () => {
  const { pool: database } = pool(new TypeError('away'))
  expect(await hearOutcome(database, message(), AUTH)).toBe(AUTH)
  expect(await hearOutcome(database, message({ connection_failures: 1 }), OK)).toBe(OK)
})
