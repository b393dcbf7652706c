import { GraphQLError, GraphQLScalarType, valueFromASTUntyped } from 'graphql'
import type { Condition, PropertyFilter } from '../../domain/condition/condition.ts'
import { conditionShape, propertyFilterShape } from '../../domain/condition/validate.ts'
import { isObject } from '../../domain/json.ts'
import type { Shape } from '../../domain/shape.ts'
import { ChannelEnum } from '../channel.ts'
import { inward, namesChannel, outward } from './mapping.ts'

const CHANNEL_FAULT = `must be one of ${Object.keys(ChannelEnum).join(', ')}`

/** Checked in the domain's words, kept in the API's: `toGraph` translates it with all else. */
function shaped<T extends object>(name: string, description: string, shape: Shape<T>): GraphQLScalarType<object, unknown> {
  const check = (value: unknown): object => {
    let fault = ''
    const parsed = shape.parse(isObject(value) ? inward(value) : value, [], (path, message) => {
      fault ||= `${path.join('.')} ${namesChannel(path) && message.startsWith('must be one of') ? CHANNEL_FAULT : message}`.trim()
    })
    if (parsed === undefined) throw new GraphQLError(`${name}: ${fault}`)
    return isObject(parsed) ? outward(parsed) : parsed
  }
  return new GraphQLScalarType<object, unknown>({
    name,
    description,
    serialize: (value) => value,
    parseValue: check,
    parseLiteral: (node, variables) => check(valueFromASTUntyped(node, variables)),
  })
}

export const ConditionScalar = shaped<Condition>(
  'Condition',
  'A condition as JSON with exactly one member: `{all: […]}`, `{any: […]}`, `{not: …}`, `{attribute: {path, op, value}}`, `{tag: "…"}`, `{event: {name, where, count, within, sinceEntry, matchKey}}`, `{engagement: {node, status}}`, `{key: {op, value}}`, `{variable: {path, op, value}}`, `{triggerEvent: {path, op, value}}`, `{goal: "…"}`, `{reachable: "EMAIL"}`, `{consent: {channel: "EMAIL", topic, state}}`, `{time: {days, from, to}}`. Its JSON Schema stands in the `nodeKinds` catalogue, under `branch`.',
  conditionShape,
)

export const PropertyFilterScalar = shaped<PropertyFilter>(
  'PropertyFilter',
  'A list of comparisons `{path, op, value}` on an event’s properties, all of which must hold. Operators: EQ NEQ GT GTE LT LTE IN NOT_IN CONTAINS NOT_CONTAINS STARTS_WITH ENDS_WITH EXISTS NOT_EXISTS BEFORE AFTER WITHIN_LAST NOT_WITHIN_LAST.',
  propertyFilterShape,
)
