import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  anything,
  choice,
  custom,
  duration,
  flag,
  freeObject,
  type Infer,
  list,
  number,
  object,
  optional,
  type Shape,
  text,
} from '../../src/domain/shape.ts'

/** What a shape makes of a value: the value, or every fault with its place. */
function judge(shape: Shape<unknown>, value: unknown): unknown {
  const faults: string[] = []
  const parsed = shape.parse(value, ['at'], (path, message) => faults.push(`${path.join('.')} ${message}`))
  expect(parsed === undefined).toBe(faults.length > 0)
  return faults.length > 0 ? faults : { is: parsed }
}

describe('text', () => {
  test('is bounded, and says how', () => {
    const name = text({ title: 'Name', description: 'What for', min: 2, max: 4, pattern: /^[a-z]+$/, format: 'topic' })
    expect(name.schema).toEqual({
      type: 'string',
      minLength: 2,
      maxLength: 4,
      pattern: '^[a-z]+$',
      format: 'topic',
      title: 'Name',
      description: 'What for',
    })
    expect(['ab', 'abcd', 'a', 'abcde', 'AB', 7, null].map((value) => judge(name, value))).toEqual([
      { is: 'ab' },
      { is: 'abcd' },
      ['at must have at least 2 characters'],
      ['at must have at most 4 characters'],
      ['at must match ^[a-z]+$'],
      ['at must be text'],
      ['at must be text'],
    ])
  })

  test('is not empty and at most 10,000 characters where nothing is said', () => {
    expect(text().schema).toEqual({ type: 'string', minLength: 1, maxLength: 10_000 })
    expect(['', 'x'.repeat(10_000), 'x'.repeat(10_001)].map((value) => judge(text(), value))).toEqual([
      ['at must not be empty'],
      { is: 'x'.repeat(10_000) },
      ['at must have at most 10000 characters'],
    ])
    expect(judge(text({ min: 0 }), '')).toEqual({ is: '' })
  })
})

test('number', () => {
  const share = number({ min: 0, max: 1 })
  const times = number({ integer: true, min: 1 })
  expect([share.schema, times.schema, number().schema]).toEqual([
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'integer', minimum: 1 },
    { type: 'number' },
  ])
  expect([0, 1, -0.1, 1.1].map((value) => judge(share, value))).toEqual([{ is: 0 }, { is: 1 }, ['at must be at least 0'], ['at must be at most 1']])
  expect([1, 0, 1.5].map((value) => judge(times, value))).toEqual([{ is: 1 }, ['at must be at least 1'], ['at must be a whole number']])
  for (const other of [Number.NaN, Number.POSITIVE_INFINITY, '1', null, true, [1]]) expect(judge(number(), other)).toEqual(['at must be a number'])
})

test('flag, choice and free object', () => {
  expect([flag().schema, choice(['A', 'B'], { title: 'T' }).schema, freeObject().schema]).toEqual([
    { type: 'boolean' },
    { type: 'string', enum: ['A', 'B'], title: 'T' },
    { type: 'object' },
  ])
  expect([true, false].map((value) => judge(flag(), value))).toEqual([{ is: true }, { is: false }])
  for (const other of [0, 'true', null]) expect(judge(flag(), other)).toEqual(['at must be true or false'])
  expect(judge(choice(['A', 'B']), 'B')).toEqual({ is: 'B' })
  for (const other of ['a', '', 'length', 0, null]) expect(judge(choice(['A', 'B']), other)).toEqual(['at must be one of A, B'])
  expect(judge(freeObject(), { a: [1] })).toEqual({ is: { a: [1] } })
  for (const other of [[], 'a', null]) expect(judge(freeObject(), other)).toEqual(['at must be an object'])
})

test('a duration is longer than nothing, unless nothing is allowed', () => {
  const none = ['at must be an ISO 8601 duration such as PT15M or P2D']
  expect(duration().schema).toEqual({ type: 'string', format: 'duration' })
  expect(['PT15M', 'P1M', 'PT0S', 'P0D', 'soon', 'PT', 900].map((value) => judge(duration(), value))).toEqual([
    { is: 'PT15M' },
    { is: 'P1M' },
    ['at must be longer than nothing'],
    ['at must be longer than nothing'],
    none,
    none,
    none,
  ])
  expect(judge(duration({ allowZero: true }), 'PT0S')).toEqual({ is: 'PT0S' })
})

test('a list reports every entry by its index', () => {
  const words = list(text({ max: 3 }), { title: 'Words', min: 1, max: 3 })
  expect(words.schema).toEqual({ type: 'array', items: { type: 'string', minLength: 1, maxLength: 3 }, minItems: 1, maxItems: 3, title: 'Words' })
  expect([['a', 'b'], [], ['a', 'b', 'c', 'd'], ['a', 'long', ''], 'abc', { 0: 'a', length: 1 }].map((value) => judge(words, value))).toEqual([
    { is: ['a', 'b'] },
    ['at must have at least 1 entries'],
    ['at must have at most 3 entries'],
    ['at.1 must have at most 3 characters', 'at.2 must not be empty'],
    ['at must be a list'],
    ['at must be a list'],
  ])
})

describe('object', () => {
  const person = object(
    { name: text(), age: optional(number({ min: 0 })), tags: optional(list(text())), home: object({ city: text() }) },
    { title: 'Person' },
  )

  test('takes exactly its fields; null is as good as nothing', () => {
    const ada = { name: 'Ada', home: { city: 'London' } }
    expect(judge(person, { ...ada, age: 36, tags: ['x'] })).toEqual({ is: { ...ada, age: 36, tags: ['x'] } })
    expect(judge(person, { ...ada, age: null, tags: undefined })).toEqual({ is: ada })
    expectTypeOf<Infer<typeof person>>().toEqualTypeOf<{ name: string; home: { city: string }; age?: number; tags?: string[] }>()
  })

  test('reports everything at once, each with its path', () => {
    expect(judge(person, { name: '', age: -1, tags: ['', 'ok'], home: { city: 5, street: 'x' }, nmae: 'Ada' })).toEqual([
      'at.nmae is not a setting here',
      'at.name must not be empty',
      'at.age must be at least 0',
      'at.tags.0 must not be empty',
      'at.home.street is not a setting here',
      'at.home.city must be text',
    ])
    expect(judge(person, { name: null, home: undefined })).toEqual(['at.name is missing', 'at.home is missing'])
    for (const other of [null, [], 'Ada', 1]) expect(judge(person, other)).toEqual(['at must be an object'])
  })

  test('a name that objects inherit is no setting, and is none that is set', () => {
    expect(judge(person, JSON.parse('{"name":"Ada","home":{"city":"x"},"__proto__":{"age":1},"toString":1}'))).toEqual([
      'at.__proto__ is not a setting here',
      'at.toString is not a setting here',
    ])
    expect(judge(object({ constructor: text() }), {})).toEqual(['at.constructor is missing'])
  })

  test('describes itself: what is required, and that nothing else is allowed', () => {
    expect(person.schema).toEqual({
      type: 'object',
      title: 'Person',
      required: ['name', 'home'],
      additionalProperties: false,
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 10_000 },
        age: { type: 'number', minimum: 0 },
        tags: { type: 'array', items: { type: 'string', minLength: 1, maxLength: 10_000 }, minItems: 0, maxItems: 100 },
        home: {
          type: 'object',
          required: ['city'],
          additionalProperties: false,
          properties: { city: { type: 'string', minLength: 1, maxLength: 10_000 } },
        },
      },
    })
  })
})

test('anything but nothing', () => {
  expect([anything().schema, anything({ title: 'Value' }).schema]).toEqual([{}, { title: 'Value' }])
  expect([null, 0, '', [undefined]].map((value) => judge(anything(), value))).toEqual([{ is: null }, { is: 0 }, { is: '' }, { is: [undefined] }])
  expect(judge(anything(), undefined)).toEqual(['at is missing'])
})

test('what is checked by other means stands among the rest', () => {
  const even = custom<number>({ type: 'integer', multipleOf: 2 }, (value, path, report) =>
    typeof value === 'number' && value % 2 === 0 ? value / 2 : void report(path, 'must be even'),
  )
  const pair = object({ half: even })
  expect(pair.schema).toMatchObject({ properties: { half: { type: 'integer', multipleOf: 2 } } })
  expect([judge(pair, { half: 4 }), judge(pair, { half: 3 })]).toEqual([{ is: { half: 2 } }, ['at.half must be even']])
})

test('no value makes a shape throw, and what it gives back it takes again as it is', () => {
  const every = object({
    text: optional(text({ max: 5 })),
    number: optional(number({ integer: true })),
    flag: optional(flag()),
    choice: optional(choice(['A', 'B'])),
    duration: optional(duration()),
    list: optional(list(freeObject(), { max: 2 })),
    any: optional(anything()),
  })
  const loose = fc.dictionary(fc.constantFrom('text', 'number', 'flag', 'choice', 'duration', 'list', 'any', 'else'), fc.jsonValue({ maxDepth: 2 }), {
    maxKeys: 3,
  })
  const near = fc.record(
    {
      text: fc.string({ maxLength: 6 }),
      number: fc.oneof(fc.integer(), fc.double()),
      flag: fc.boolean(),
      choice: fc.constantFrom('A', 'B', 'C'),
      duration: fc.constantFrom('PT1S', 'P', 'PT0S'),
      list: fc.array(fc.constantFrom({}, { a: 1 }, null), { maxLength: 3 }),
      any: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  let taken = 0
  fc.assert(
    fc.property(fc.oneof(loose, near, fc.anything()), (value) => {
      const first = judge(every, value)
      if (Array.isArray(first)) return
      taken++
      expect(judge(every, (first as { is: unknown }).is)).toEqual(first)
    }),
    { numRuns: 500 },
  )
  expect(taken).toBeGreaterThan(20)
})
