import { GraphQLError, GraphQLScalarType, valueFromASTUntyped } from 'graphql'
import type { Condition, PropertyFilter } from '../../domain/condition/condition.ts'
import { conditionShape, propertyFilterShape } from '../../domain/condition/validate.ts'
import type { Shape } from '../../domain/shape.ts'

function shaped<T>(name: string, description: string, shape: Shape<T>): GraphQLScalarType<T, unknown> {
  const check = (value: unknown): T => {
    let fault = ''
    const parsed = shape.parse(value, [], (path, message) => {
      fault ||= `${path.join('.')} ${message}`.trim()
    })
    if (parsed === undefined) throw new GraphQLError(`${name}: ${fault}`)
    return parsed
  }
  return new GraphQLScalarType<T, unknown>({
    name,
    description,
    serialize: (value) => value,
    parseValue: check,
    parseLiteral: (node, variables) => check(valueFromASTUntyped(node, variables)),
  })
}

export const ConditionScalar = shaped<Condition>(
  'Condition',
  'A condition as JSON with exactly one member: `{all: […]}`, `{any: […]}`, `{not: …}`, `{attribute: {path, op, value}}`, `{tag: "…"}`, `{event: {name, where, count, within, sinceEntry, matchKey}}`, `{engagement: {node, status}}`, `{key: {op, value}}`, `{variable: {path, op, value}}`, `{triggerEvent: {path, op, value}}`, `{goal: "…"}`, `{reachable: "email"}`, `{consent: {channel, topic, state}}`, `{time: {days, from, to}}`. Its JSON Schema stands in the `nodeKinds` catalogue, under `branch`.',
  conditionShape,
)

export const PropertyFilterScalar = shaped<PropertyFilter>(
  'PropertyFilter',
  'A list of comparisons `{path, op, value}` on an event’s properties, all of which must hold. Operators: EQ NEQ GT GTE LT LTE IN NOT_IN CONTAINS NOT_CONTAINS STARTS_WITH ENDS_WITH EXISTS NOT_EXISTS BEFORE AFTER WITHIN_LAST NOT_WITHIN_LAST.',
  propertyFilterShape,
)
