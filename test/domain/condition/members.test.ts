import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attributeComparisonShape } from '../../../src/domain/condition/comparison-shape.ts'
import type { Condition } from '../../../src/domain/condition/condition.ts'
import { readAttribute } from '../../../src/domain/condition/evaluate.ts'
import { applyMember, BUILT_INS, type ByMember } from '../../../src/domain/condition/members.ts'
import type { ContactFacts } from '../../../src/domain/facts.ts'
import { FACTS } from '../journey/arbitrary.ts'

/** Says which of its functions was called, and with what. */
const KINDS = [
  'all',
  'any',
  'not',
  'attribute',
  'tag',
  'event',
  'engagement',
  'key',
  'variable',
  'triggerEvent',
  'goal',
  'reachable',
  'consent',
  'time',
] as const
const TABLE = Object.fromEntries(KINDS.map((kind) => [kind, (...given: unknown[]) => [kind, ...given]])) as unknown as ByMember<
  unknown[],
  [number, string]
>
const apply = (condition: unknown) => applyMember(TABLE, condition as Condition, 7, 'x')

describe('applyMember', () => {
  test.each(KINDS)('%s: hands over the member and what goes with it', (kind) => {
    const member = { some: kind }
    expect(apply({ [kind]: member })).toEqual([kind, member, 7, 'x'])
  })

  test('a member may be false, empty or nothing', () => {
    expect([apply({ tag: '' }), apply({ goal: null }), apply({ not: undefined })]).toEqual([
      ['tag', '', 7, 'x'],
      ['goal', null, 7, 'x'],
      ['not', undefined, 7, 'x'],
    ])
  })

  test('there is no answer where no member is known, inherited names among them', () => {
    for (const none of [
      {},
      { tags: 'a' },
      { constructor: 1 },
      { toString: 1 },
      JSON.parse('{"__proto__":{"tag":"a"}}'),
      Object.create({ tag: 'a' }),
      [],
    ])
      expect(apply(none)).toBeUndefined()
  })

  test('passes over what it does not know', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(...KINDS), fc.boolean(), (others, kind, last) => {
        const strange = Object.fromEntries(Object.entries(others).filter(([key]) => !Object.hasOwn(TABLE, key)))
        expect(apply(last ? { ...strange, [kind]: 1 } : { [kind]: 1, ...strange })).toEqual([kind, 1, 7, 'x'])
      }),
    )
  })
})

describe('built-in fields', () => {
  const contact: ContactFacts = {
    ...FACTS.contact,
    locale: 'de-CH',
    createdAt: Date.UTC(2025, 0, 2, 3, 4, 5, 6),
    attributes: { $locale: 'mine', plan: 'pro' },
  }

  test('are read from the contact, and are no attributes', () => {
    expect(Object.fromEntries(BUILT_INS.map((name) => [name, readAttribute(contact, name)]))).toEqual({
      $externalId: 'u-1',
      $locale: 'de-CH',
      $timeZone: 'Europe/Zurich',
      $createdAt: '2025-01-02T03:04:05.006Z',
    })
    expect([readAttribute(contact, 'plan'), readAttribute(contact, '$plan'), readAttribute(contact, '$constructor')]).toEqual([
      'pro',
      undefined,
      undefined,
    ])
  })

  test('are the only ones with a dollar that may be asked for', () => {
    const faults = (path: string) => {
      const found: string[] = []
      attributeComparisonShape.parse({ path, op: 'EXISTS' }, [], (_, message) => found.push(message))
      return found.length
    }
    expect(BUILT_INS.map(faults)).toEqual([0, 0, 0, 0])
    expect(['$plan', '$', '$locale.language'].map(faults)).toEqual([1, 1, 1])
  })
})
