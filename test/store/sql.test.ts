import type pg from 'pg'
import { afterEach, expect, test, vi } from 'vitest'
import { ThroughlineError } from '../../src/errors.ts'
import { isDatabaseAway, onceThere, openPool } from '../../src/store/sql.ts'
import { openTestDatabase } from '../support/database.ts'

test.each<[string, unknown, boolean]>([
  ['a server that is starting', Object.assign(new Error('starting up'), { code: '57P03' }), true],
  ['nobody listening', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
  ['a connection cut in the middle', new Error('Connection terminated unexpectedly'), true],
  // pg-boss hands its workers' faults on as copies that are no errors any more.
  ['a copy of such an error', { code: '57P01', message: 'terminating connection (Queue: send, Worker: w)' }, true],
  ['a transaction taken from a process that stood still', Object.assign(new Error('idle'), { code: '25P03' }), true],
  ['a statement that is wrong', Object.assign(new Error('syntax error'), { code: '42601' }), false],
  ['a fault of our own that says so', new ThroughlineError('UNAVAILABLE', 'Connection terminated'), false],
  ['what is no error at all', null, false],
  ['text', 'Connection terminated', false],
])('%s', (_, error, away) => {
  expect(isDatabaseAway(error)).toBe(away)
})

afterEach(() => {
  vi.useRealTimers()
})

test('what a process needs is tried again while the database is away, for a minute; any other fault ends it at once', async () => {
  vi.useFakeTimers()
  const away = Object.assign(new Error('starting up'), { code: '57P03' })
  const wrong = new Error('syntax error')
  const faults: unknown[] = [away, away]
  const waited: unknown[] = []
  const work = async () => {
    const fault = faults.shift()
    if (fault !== undefined) throw fault
    return 'there'
  }
  const patient = onceThere(work, (error) => waited.push(error))
  await vi.advanceTimersByTimeAsync(2_000)
  expect([await patient, waited]).toEqual(['there', [away, away]])

  faults.push(wrong)
  await expect(onceThere(work, () => {})).rejects.toBe(wrong)

  faults.push(...Array(60).fill(away))
  const given = onceThere(work, () => {}).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([await given, faults]).toEqual([away, []])
})

test.each(['worker', 'api'] as const)('a transaction that the %s began and forgot is ended by the server within seconds', async (role) => {
  const database = await openTestDatabase()
  // By TCP, as from another machine: a socket of this one's has no such time-out.
  const byTcp = Object.assign(new URL(database.url), { search: '' }).href
  const pool = openPool(byTcp, { role: `throughline_${role}`, max: 1, name: 'by TCP', onError: () => {} })
  const { rows } = await pool.query(`SELECT name, setting, unit FROM pg_settings WHERE name ~ '^(idle_in_transaction|tcp_user)' ORDER BY 1`)
  await pool.end()
  await database.close()
  expect(rows.map(({ setting, unit }) => `${setting} ${unit}`)).toEqual(['5000 ms', '10000 ms'])
})

test('commits wait for the disk, but for those of a pool that is not in a hurry', async () => {
  const database = await openTestDatabase()
  // The tests' server waits for no disk, so it is not the value that tells, but whose setting it is.
  const source = async (pool: pg.Pool) =>
    (await pool.query<{ setting: string; source: string }>(`SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'`)).rows[0]
  const unhurried = openPool(database.url, { role: 'throughline_worker', max: 1, name: 'unhurried', unhurried: true, onError: () => {} })
  try {
    expect(await source(unhurried)).toEqual({ setting: 'off', source: 'client' })
    for (const pool of [database.worker, database.api]) expect((await source(pool))?.source).not.toBe('client')
  } finally {
    await unhurried.end()
    await database.close()
  }
})
