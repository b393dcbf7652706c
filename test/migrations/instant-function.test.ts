import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TRYING } from '../../migrations/instant-function.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
  // The way of a server older than the one here, beside the one it has.
  await database.owner.query(TRYING.replace('is_instant', 'is_instant_by_trying'))
})
afterAll(() => database.close())

const both = async (values: readonly (string | null)[]) => {
  const { rows } = await database.owner.query<{ asked: boolean; tried: boolean }>(
    'SELECT is_instant(v) AS asked, is_instant_by_trying(v) AS tried FROM unnest($1::text[]) WITH ORDINALITY AS t (v, n) ORDER BY n',
    [values],
  )
  return rows
}

test('says of a text whether the server reads it as an instant, and never fails', async () => {
  const rows = await both(['2026-02-28T10:00:00Z', '2026-02-30T10:00:00Z', 'soon', '', null, '2026-02-28 10:00:00 Europe/Nowhere'])
  expect(rows.map((row) => row.asked)).toEqual([true, false, false, false, false, false])
})

test('older servers give the same answers', async () => {
  const part = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'))
  const dated = fc.tuple(part, part, part, part).map(([month, day, hour, minute]) => `2026-${month}-${day}T${hour}:${minute}:00Z`)
  const text = fc.oneof(
    dated,
    fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 50 }), async (values) => {
      for (const { asked, tried } of await both(values)) expect(tried).toBe(asked)
    }),
    { numRuns: 20 },
  )
})
