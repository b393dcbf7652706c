import { expect, test } from 'vitest'
import { channelsOf, missingVariable, templateScope, variantsFor, withDefaults } from '../../src/domain/template.ts'

test('a variant is for the channel it names, or for the template’s own', () => {
  const variants = [{ channel: 'email' as const }, {}, { channel: null }, { channel: 'sms' as const }]
  expect(channelsOf(variants, 'sms')).toEqual(['sms', 'email'])
  expect(channelsOf([], 'push')).toEqual(['push'])
  expect(variantsFor(variants, 'sms', 'sms')).toEqual([{}, { channel: null }, { channel: 'sms' }])
  expect(variantsFor(variants, 'sms', 'email')).toEqual([{ channel: 'email' }])
  expect(variantsFor(variants, 'sms', 'push')).toEqual([])
})

const shop = { name: 'shop', required: false, default: 'ours' }
const code = { name: 'code', required: true, default: null }
const plan = { name: 'plan', required: true, default: 'basic' }

test('a template reads the contact, the occasion, and the variables with their defaults, also by their bare names', () => {
  const reader = { externalId: 'ada', attributes: { name: 'Ada', externalId: 'theirs' }, tags: ['new'], locale: 'en' }
  expect(templateScope(reader, { event: { id: 1 }, vars: { code: 7, contact: 'never' }, key: 'order-1' }, [shop, code])).toEqual({
    shop: 'ours',
    code: 7,
    contact: { externalId: 'theirs', name: 'Ada', attributes: { name: 'Ada', externalId: 'theirs' }, tags: ['new'], locale: 'en' },
    event: { id: 1 },
    vars: { shop: 'ours', code: 7, contact: 'never' },
    key: 'order-1',
  })
  expect(templateScope({ externalId: null, attributes: {}, tags: [], locale: null }, {}, [])).toEqual({
    contact: { externalId: null, attributes: {}, tags: [], locale: null },
    event: {},
    vars: {},
    key: '',
  })
})

test('a default stands in for what is not given, and for nothing else', () => {
  expect(withDefaults([shop, code], { shop: '' })).toEqual({ shop: '' })
  expect(withDefaults([shop, code])).toEqual({ shop: 'ours' })
})

test.each([
  [{}, 'code'],
  [{ code: null }, 'code'],
  [{ code: '' }, null],
  [{ code: 0 }, null],
])('of %j the required variable that is missing is %s', (vars, missing) => {
  expect(missingVariable([shop, plan, code], vars)).toBe(missing)
})
