import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EventInput, judgeEvent } from '../../src/domain/event-input.ts'
import { lanedId } from '../../src/domain/ids.ts'
import type { Json, JsonObject } from '../../src/domain/json.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const HOUR = 3_600_000
const LANES = 64

const event = (over: Partial<EventInput> = {}): EventInput => ({ messageId: 'm-1', name: 'cart.filled', contact: { externalId: 'ada' }, ...over })
const judge = (over: Partial<EventInput>) => {
  const fault = judgeEvent(event(over), NOW, LANES)
  return fault && `${fault.path.join('/')}: ${fault.message}`
}

test('takes an event with the least, and one with everything', () => {
  expect(judge({})).toBeNull()
  expect(judge({ properties: null, occurredAt: null, contact: { id: null, externalId: 'ada', anonymousId: null } })).toBeNull()
  expect(judge({ properties: { cartId: 'c-1', items: [{ sku: 'Ä', price: 1.5 }] }, occurredAt: NOW - HOUR })).toBeNull()
})

describe('names and ids', () => {
  test.each([
    [{ messageId: '' }, 'messageId: must have 1 to 256 characters'],
    [{ messageId: 'x'.repeat(256) }, null],
    [{ messageId: 'x'.repeat(257) }, 'messageId: must have 1 to 256 characters'],
    [{ messageId: 'a\u0000' }, 'messageId: must not contain NUL or half a surrogate pair'],
    [{ name: '' }, 'name: must have 1 to 200 characters'],
    [{ name: 'x'.repeat(200) }, null],
    [{ name: 'x'.repeat(201) }, 'name: must have 1 to 200 characters'],
    [{ name: '\ud83e' }, 'name: must not contain NUL or half a surrogate pair'],
  ] as [Partial<EventInput>, string | null][])('%#', (over, fault) => {
    expect(judge(over)).toBe(fault)
  })
})

describe('the contact', () => {
  const exactlyOne = 'contact: must have exactly one of id, externalId and anonymousId'
  test.each([
    [{}, exactlyOne],
    [{ externalId: null }, exactlyOne],
    [{ externalId: 'ada', anonymousId: 'browser' }, exactlyOne],
    [{ id: lanedId(NOW, 3, 1, 2), externalId: 'ada' }, exactlyOne],
    [{ anonymousId: 'browser' }, null],
    [{ externalId: '' }, 'contact/externalId: must have 1 to 256 characters'],
    [{ externalId: 'x'.repeat(257) }, 'contact/externalId: must have 1 to 256 characters'],
    [{ anonymousId: 'x'.repeat(257) }, 'contact/anonymousId: must have 1 to 256 characters'],
    [{ anonymousId: 'x'.repeat(256) }, null],
    [{ externalId: 'a\u0000' }, 'contact: must not contain NUL or half a surrogate pair'],
    [{ id: lanedId(NOW, LANES - 1, 1, 2) }, null],
    [{ id: lanedId(NOW, LANES, 1, 2) }, 'contact/id: is not the id of a contact'],
    [{ id: 'ada' }, 'contact/id: is not the id of a contact'],
    [{ id: '' }, 'contact/id: is not the id of a contact'],
  ] as [EventInput['contact'], string | null][])('%#', (contact, fault) => {
    expect(judge({ contact })).toBe(fault)
  })
})

describe('the time', () => {
  const future = 'occurredAt: must not be more than an hour in the future'
  const past = 'occurredAt: must not be before the year 2000'
  test.each([
    [NOW + HOUR, null],
    [NOW + HOUR + 1, future],
    [Number.MAX_VALUE, future],
    [Date.UTC(2000, 0, 1), null],
    [Date.UTC(2000, 0, 1) - 1, past],
    [0, past],
    [-1, past],
    [Number.NaN, past],
    [Number.POSITIVE_INFINITY, past],
  ])('%d', (occurredAt, fault) => {
    expect(judge({ occurredAt })).toBe(fault)
  })
})

describe('properties', () => {
  const TOO_DEEP = 'properties: must not be nested deeper than 10, nor contain NUL or half a surrogate pair'
  const TOO_LARGE = 'properties: must not be larger than 32768 characters'
  const deep = (levels: number, list: boolean): JsonObject => {
    let value: Json = 1
    for (let level = 1; level < levels; level++) value = list ? [value] : { a: value }
    return { a: value }
  }

  test('are an object', () => {
    for (const other of [[], 'a', 1, true]) expect(judge({ properties: other as unknown as JsonObject })).toBe('properties: must be an object')
  })

  test.each([false, true])('nest ten deep (in lists: %s)', (list) => {
    expect(judge({ properties: deep(10, list) })).toBeNull()
    expect(judge({ properties: deep(11, list) })).toBe(TOO_DEEP)
    expect(judge({ properties: deep(50_000, list) })).toBe(TOO_DEEP)
  })

  test('hold no text that PostgreSQL refuses, in keys and in values', () => {
    for (const bad of ['\u0000', '\ud83e', 'a\uddedb'])
      for (const properties of [{ a: bad }, { [bad]: 1 }, { a: [{ b: ['c', bad] }] }, { a: [{ [bad]: null }] }])
        expect(judge({ properties })).toBe(TOO_DEEP)
  })

  const sized = (characters: number): JsonObject => ({ a: 'x'.repeat(characters - '{"a":""}'.length) })
  test.each([
    ['text', sized(32_768), sized(32_769)],
    ['a list of digits', { a: new Array(16_380).fill(1) }, { a: new Array(16_381).fill(1) }],
    ['flags', { a: new Array(6_552).fill(true) }, { a: new Array(6_553).fill(true) }],
    ['long numbers', { a: new Array(1_310).fill(-1.2345678901234568e-300) }, { a: new Array(1_311).fill(-1.2345678901234568e-300) }],
    ['escapes', { a: '\u0001'.repeat(5_460) }, { a: '\u0001'.repeat(5_461) }],
    ['empty lists', { a: new Array(10_920).fill([]) }, { a: new Array(10_921).fill([]) }],
  ] as [string, JsonObject, JsonObject][])('have at most 32,768 characters of JSON: %s', (_, fits, doesNot) => {
    expect(JSON.stringify(fits).length).toBeLessThanOrEqual(32_768)
    expect(JSON.stringify(doesNot).length).toBeGreaterThan(32_768)
    expect(judge({ properties: fits })).toBeNull()
    expect(judge({ properties: doesNot })).toBe(TOO_LARGE)
  })

  test('whatever fits in depth and size is taken, and nothing else', () => {
    const unit = fc.jsonValue({ maxDepth: 8 }).filter((value) => !/\\u(0000|d[89a-f])/.test(JSON.stringify(value)))
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 40_000 }), (value, size) => {
        const one = JSON.stringify(value).length + 1
        const properties = { list: new Array(Math.ceil(size / one)).fill(value) }
        expect(judge({ properties })).toBe(JSON.stringify(properties).length > 32_768 ? TOO_LARGE : null)
      }),
    )
  })
})

test('what is wrong first is what is said, and every event is judged alone', () => {
  const judged = [event({ name: '' }), event(), event({ messageId: '', name: '' })].map((each) => judgeEvent(each, NOW, LANES))
  expect(judged.map((fault) => fault?.path[0] ?? null)).toEqual(['name', null, 'messageId'])
})
