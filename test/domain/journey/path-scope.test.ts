import { expect, test } from 'vitest'
import { pathScope } from '../../../src/domain/journey/path-scope.ts'
import { FACTS } from './arbitrary.ts'
import { compiled, entering, journey } from './play.ts'

const ready = compiled(journey({ end: ['exit', {}] }))

test('paths reach the trigger’s event, the contact, the variables and the key, and nothing else', () => {
  const contact = { ...FACTS.contact, attributes: { plan: 'pro' }, tags: ['vip'], locale: 'de-CH' }
  const enrollment = { ...entering(ready, FACTS, { key: 'k', cart: { total: 3 } }), vars: { coupon: 'X' } }
  expect(pathScope(enrollment, { ...FACTS, contact })).toEqual({
    event: { key: 'k', cart: { total: 3 } },
    contact: { externalId: 'u-1', attributes: { plan: 'pro' }, tags: ['vip'], locale: 'de-CH' },
    vars: { coupon: 'X' },
    key: 'k',
  })
})

test('the event is empty where none started the enrollment', () => {
  const enrollment = { ...entering(ready), trigger: { node: 'start', event: null } }
  expect(pathScope(enrollment, FACTS).event).toEqual({})
})
