import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalJson,
  isObject,
  isStorable,
  isStorableJson,
  type Json,
  objectsOf,
  parseObject,
  readPath,
  textsIn,
  unstorableIn,
} from '../../src/domain/json.ts'

/** Any text JavaScript allows: fast-check's own keep surrogate pairs whole. */
const anyText = fc.array(fc.oneof(fc.constantFrom(0, 0x61, 0xd83e, 0xdded), fc.nat(0xffff))).map((units) => String.fromCharCode(...units))

test('an object is neither null nor a list', () => {
  expect([{}, { a: 1 }, null, [], 'a', 1, undefined].map(isObject)).toEqual([true, true, false, false, false, false, false])
})

test('of a text only an object is taken, of a list only its objects', () => {
  expect(['{"a":1}', '[{}]', 'null', '1', '"a"', '{', ''].map(parseObject)).toEqual([{ a: 1 }, null, null, null, null, null, null])
  expect([[{ a: 1 }, null, [], 'b', {}], { a: 1 }, null, 'a', undefined].map(objectsOf)).toEqual([[{ a: 1 }, {}], [], [], [], []])
})

test('texts are found however deep, and names of members are none', () => {
  expect(textsIn({ a: 'b', c: [1, null, 'd', { e: ['f', true] }] })).toEqual(['b', 'd', 'f'])
  expect([null, 1, 'a', [], undefined].map(textsIn)).toEqual([[], [], ['a'], [], []])
})

describe('readPath', () => {
  const data = { a: { b: [{ c: 'found' }, null], '': 'blank' }, 'a.b': 'dotted', text: 'abc' }

  test.each([
    ['a.b.0.c', 'found'],
    ['a.b.1', null],
    ['a.', 'blank'],
    ['a.b.2', undefined],
    ['a.b.1.c', undefined],
    ['a.b.00.c', undefined],
    ['a.b.-0', undefined],
    ['a.b.length', undefined],
    ['text.0', undefined],
    ['text.length', undefined],
    ['', undefined],
    ['toString', undefined],
    ['constructor.name', undefined],
    ['__proto__', undefined],
    ['a.b.map.name', undefined],
  ])('%j', (path, found) => {
    expect(readPath(data, path)).toBe(found)
  })

  test('reads an own member called __proto__, and nothing out of no data', () => {
    expect(readPath(JSON.parse('{"__proto__":{"a":1}}'), '__proto__.a')).toBe(1)
    expect([null, undefined, 1, 'a'].map((none) => readPath(none, 'a'))).toEqual([undefined, undefined, undefined, undefined])
  })

  test('finds whatever was put under a path, and never throws', () => {
    const step = fc.oneof(
      fc.string({ minLength: 1 }).filter((part) => !part.includes('.')),
      fc.constantFrom('0', '__proto__', 'constructor'),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), fc.jsonValue(), (path, value) => {
        const nested = path.reduceRight<unknown>((inner, part) => Object.fromEntries([[part, inner]]), value)
        expect(readPath(nested, path.join('.'))).toBe(value)
        expect(() => readPath(value, path.join('.'))).not.toThrow()
      }),
    )
  })
})

test.each([
  [['a', 'b\u0000'], ['1']],
  [{ a: [{ b: 'c' }, { d: { e: '\ud800' } }] }, ['a', '1', 'd', 'e']],
  [{ a: [{ '\u0000': 1 }] }, ['a', '0']],
  ['\u0000', []],
  [{ a: [null, 1, true, 'b'], c: new Date(0) }, null],
])('the way to what cannot be kept in %j', (value, way) => {
  expect(unstorableIn(value)).toEqual(way)
})

describe('isStorable', () => {
  test('refuses NUL and half a surrogate pair, and takes every other text', () => {
    const texts = ['', 'Zoë', '🧵', '\ufffe', '\u0001', '\u0000', 'a\u0000b', '\ud83e', '\udded', '\udded\ud83e', 'a\ud83eb']
    expect(texts.map(isStorable)).toEqual([true, true, true, true, true, false, false, false, false, false, false])
  })

  test('is what survives UTF-8', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const survives = new TextDecoder().decode(new TextEncoder().encode(text)) === text
        expect(isStorable(text)).toBe(survives && !text.includes('\u0000'))
      }),
    )
  })

  test('asks every key and text of a value, however deep', () => {
    const wrap = fc.array(fc.constantFrom('list', 'value', 'key'), { maxLength: 6 })
    fc.assert(
      fc.property(wrap, anyText, (wraps, text) => {
        const nested = wraps.reduce<Json>((inner, each) => {
          if (each === 'list') return [1, null, inner]
          return each === 'value' ? { a: true, b: inner } : { a: inner, [JSON.stringify(inner)]: 1 }
        }, text)
        expect(isStorableJson(nested)).toBe(isStorable(text))
        expect(isStorableJson({ a: [{ [text]: 1 }] })).toBe(isStorable(text))
      }),
    )
  })
})

test('one value has one canonical text, whatever the order its keys were written in; lists keep theirs', () => {
  const [a, b] = [
    { x: [{ p: 1, q: null }, 2], y: { n: 'ü', m: undefined } },
    { y: { m: undefined, n: 'ü' }, x: [{ q: null, p: 1 }, 2] },
  ]
  expect([canonicalJson(a), canonicalJson(b)]).toEqual(Array(2).fill('{"x":[{"p":1,"q":null},2],"y":{"n":"ü"}}'))
  expect(canonicalJson([2, { at: new Date(0) }])).toBe('[2,{"at":"1970-01-01T00:00:00.000Z"}]')
})
