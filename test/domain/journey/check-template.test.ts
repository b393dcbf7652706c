import { expect, test } from 'vitest'
import { checkTemplate } from '../../../src/domain/journey/check-template.ts'
import type { CheckScope } from '../../../src/domain/journey/node-kind.ts'
import { SURROUNDINGS } from './arbitrary.ts'

const reported = (templateId: string, faults = SURROUNDINGS.templateFaults) => {
  const problems: string[] = []
  const report = (code: string, path: readonly string[], message: string) => void problems.push(`${code} ${path.join('.')}: ${message}`)
  checkTemplate({ ...SURROUNDINGS, templateFaults: faults, report } as CheckScope, 'sms', templateId, ['rungs', '0', 'templateId'])
  return problems
}

test.each([
  ['t-sms', []],
  ['none', ['UNKNOWN_TEMPLATE rungs.0.templateId: there is no such template']],
  ['t-email', ['UNKNOWN_TEMPLATE rungs.0.templateId: the template is for email']],
  ['t-email/refused', ['UNKNOWN_TEMPLATE rungs.0.templateId: the template is for email']],
  ['t-email+sms', []],
  ['t-email+push', ['UNKNOWN_TEMPLATE rungs.0.templateId: the template is for email and push']],
  ['t-sms/refused', ['TEMPLATE_REFUSED rungs.0.templateId: body: is too short']],
])('%s', (templateId, problems) => {
  expect(reported(templateId)).toEqual(problems)
})

test('each fault is a problem, and one of the whole template names no place in it', () => {
  const faults = () => [
    { path: [], message: 'is not approved' },
    { path: ['variants', '0'], message: 'does not fit' },
  ]
  expect(reported('t-sms', faults)).toEqual([
    'TEMPLATE_REFUSED rungs.0.templateId: is not approved',
    'TEMPLATE_REFUSED rungs.0.templateId: variants.0: does not fit',
  ])
})
