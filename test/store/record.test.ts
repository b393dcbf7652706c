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

test('texts longer than any buffer, and the same value over and over, come through', async () => {
  const long = 'ä'.repeat(700_000)
  const rows = [long, long, 'short', 'short', null, long].map((a) => ({ a, b: a }))
  const both = record('a text, b jsonb')
  const { rows: back } = await database.worker.query({ text: `SELECT r.* FROM ${both.source}`, values: both.encode(rows) })
  expect(back).toEqual(rows)
})

test('types that cannot be sent, texts that are no uuid and integers out of range are refused', () => {
  expect(() => record('a smallint').encode([{ a: 32_768 }])).toThrow('«32768» is no integer of 2 bytes')
  expect(() => record('a int').encode([{ a: 0.5 }])).toThrow('«0.5» is no integer of 4 bytes')
  expect(() => record('a uuid').encode([{ a: '00000000-0000-4000-8000-0000000000001' }])).toThrow('is no uuid')
  expect(() => record('a box')).toThrow('rows of «box» cannot be sent')
  expect(() => record('a uuid').encode([{ a: 'not-one' }])).toThrow('«not-one» is no uuid')
})
