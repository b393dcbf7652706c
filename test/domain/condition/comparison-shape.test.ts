import { expect, test } from 'vitest'
import { attributeComparisonShape, comparisonShape, pathComparisonShape } from '../../../src/domain/condition/comparison-shape.ts'
import { OPERATORS } from '../../../src/domain/condition/condition.ts'

// What is refused, and with which words, stands in validate.test.ts.
test('every operator has one variant of the schema, and EXISTS alone does without a value', () => {
  for (const { schema } of [comparisonShape, pathComparisonShape, attributeComparisonShape]) {
    const variants = schema.anyOf as { properties: { op: { enum: string[] } }; required: string[] }[]
    expect(variants.flatMap((each) => each.properties.op.enum).sort()).toEqual([...OPERATORS].sort())
    const without = variants.filter((each) => !each.required.includes('value'))
    expect(without.flatMap((each) => each.properties.op.enum)).toEqual(['EXISTS', 'NOT_EXISTS'])
  }
})

test('a null beside EXISTS is dropped', () => {
  expect(comparisonShape.parse({ op: 'EXISTS', value: null }, [], () => expect.unreachable())).toEqual({ op: 'EXISTS' })
})
