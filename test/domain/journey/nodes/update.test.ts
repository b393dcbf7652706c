import { describe, expect, test } from 'vitest'
import { FACTS } from '../arbitrary.ts'
import { journey, life, problems } from '../play.ts'

const marking = (config: unknown) => journey({ mark: ['update', config, { next: 'rest' }], rest: ['delay', { duration: 'P1D' }] })
const known = {
  contact: { ...FACTS.contact, attributes: { plan: 'pro', address: { city: 'Bern' } }, tags: ['a'], locale: 'de-CH' },
}
const PROPERTIES = { key: 'k', cart: { total: 12.5, items: [{ sku: 's1' }] } }
const folded = (config: unknown) => life(marking(config), known, PROPERTIES).played[0]

describe('update', () => {
  test('changes attributes and tags of the contact in one effect, and goes on', () => {
    const result = folded({
      attributes: [
        { name: 'total', from: 'event.cart.total' },
        { name: 'seen', value: { at: [1, null] } },
      ],
      unset: ['plan'],
      addTags: ['b', 'c'],
      removeTags: ['a', 'c'],
    })
    expect(result?.effects).toEqual([
      {
        type: 'contact',
        set: { total: 12.5, seen: { at: [1, null] } },
        unset: ['plan'],
        addTags: ['b', 'c'],
        removeTags: ['a', 'c'],
      },
    ])
    expect(result?.state).toMatchObject({ node: 'rest', vars: {} })
  })

  test.each([
    ['event.cart.items.0.sku', 's1'],
    ['contact.attributes.address', { city: 'Bern' }],
    ['contact.locale', 'de-CH'],
    ['contact.externalId', 'u-1'],
    ['contact.tags', ['a']],
    ['key', 'k'],
    ['vars.none', null],
    ['contact.id', null],
    ['event.constructor', null],
  ])('takes a value from %s', (from, expected) => {
    expect(folded({ variables: [{ name: 'x', from }] })?.state.vars).toEqual({ x: expected })
  })

  test('sets variables without touching the contact, and before the attributes that are taken from them', () => {
    expect(folded({ variables: [{ name: 'x', value: 1 }] })?.effects).toEqual([])
    const both = folded({ attributes: [{ name: 'copy', from: 'vars.x' }], variables: [{ name: 'x', value: 1 }] })
    expect(both?.effects).toEqual([{ type: 'contact', set: { copy: 1 }, unset: [], addTags: [], removeTags: [] }])
  })

  test.each([{ unset: ['plan'] }, { addTags: ['b'] }, { removeTags: ['a'] }])('changes the contact by %j alone', (config) => {
    expect(folded(config)?.effects).toEqual([{ type: 'contact', set: {}, unset: [], addTags: [], removeTags: [], ...config }])
  })

  test('keeps the variables it does not name, and replaces the one it does', () => {
    const graph = journey({
      first: ['update', { variables: ['a', 'b'].map((name) => ({ name, value: 1 })) }, { next: 'second' }],
      second: ['update', { variables: [{ name: 'b', value: 2 }] }, { next: 'rest' }],
      rest: ['delay', { duration: 'P1D' }],
    })
    expect(life(graph).state().vars).toEqual({ a: 1, b: 2 })
  })
})

test('may not be published without a change, or with a value from two places or from none', () => {
  const found = (config: unknown) => problems(marking(config)).flatMap(([code, , path]) => (code === 'UNCONNECTED' ? [] : [[code, path]]))
  expect(found({ addTags: ['x'] })).toEqual([])
  expect(found({})).toEqual([['INVALID_CONFIG', '']])
  expect(found({ addTags: [], variables: [] })).toEqual([['INVALID_CONFIG', '']])
  expect(found({ attributes: [{ name: 'a' }, { name: 'b', value: 1, from: 'key' }], variables: [{ name: 'c' }] })).toEqual([
    ['INVALID_CONFIG', 'attributes.0'],
    ['INVALID_CONFIG', 'attributes.1'],
    ['INVALID_CONFIG', 'variables.0'],
  ])
  expect(found({ attributes: [{ name: 'a', value: false }] })).toEqual([])
  for (const name of ['', '1a', 'a.b', '__proto__'])
    expect(found({ variables: [{ name, value: 1 }] })).toEqual([['INVALID_CONFIG', 'variables.0.name']])
})
