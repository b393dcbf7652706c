import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { record } from '../../src/store/record.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const columns = record('a smallint, b int, c bigint, d boolean, e uuid, f float8, g numeric, h text, i jsonb, j json')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const storable = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
const row = fc.record({
  a: maybe(fc.integer({ min: -32_768, max: 32_767 })),
  b: maybe(fc.integer()),
  c: maybe(fc.maxSafeInteger()),
  d: maybe(fc.boolean()),
  e: maybe(fc.uuid()),
  f: maybe(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)),
  g: maybe(fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => cents / 100)),
  h: maybe(storable),
  i: maybe(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(storable, fc.integer(), fc.boolean(), fc.constant(null)))),
  j: maybe(fc.array(storable)),
})

test('rows come out of PostgreSQL as they went in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const { rows: back } = await database.worker.query({ text: `SELECT r.* FROM ${columns.source}`, values: columns.encode(rows) })
      expect(back).toEqual(rows)
    }),
    { numRuns: 60 },
  )
})

test('a member that is missing is NULL, and columns that rows have besides are left out', async () => {
  const { rows } = await database.worker.query({
    text: `SELECT r.* FROM ${record('a int, b text').source}`,
    values: record('a int, b text').encode([{ a: 1, z: 9 }, { b: undefined }]),
  })
  expect(rows).toEqual([
    { a: 1, b: null },
    { a: null, b: null },
  ])
})

test('types that cannot be sent and texts that are no uuid are refused', () => {
  expect(() => record('a box')).toThrow('rows of «box» cannot be sent')
  expect(() => record('a uuid').encode([{ a: 'not-one' }])).toThrow('«not-one» is no uuid')
})
