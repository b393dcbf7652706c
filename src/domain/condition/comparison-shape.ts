import { parseDuration } from '../duration.ts'
import { INSTANT_PATTERN, parseInstant } from '../instant.ts'
import { isObject, isStorable, type Json, type JsonObject } from '../json.ts'
import { custom, type Report, type Shape } from '../shape.ts'
import { type PositiveOperator, withoutNegation } from './compare.ts'
import { type Comparison, OPERATORS, type Operator, type PathComparison } from './condition.ts'
import { BUILT_INS } from './members.ts'

export const MOST_ENTRIES = 100
const LONGEST_TEXT = 1000
const LARGEST_VALUE = 10_000

/** Such text in a condition would fail the audience query. */
export const UNSTORABLE_FAULT = 'must not hold U+0000 or half a surrogate pair'

interface Operand {
  schema: JsonObject
  fault(value: Json | undefined): string | null
}

const TEXT: JsonObject = { type: 'string', maxLength: LONGEST_TEXT }
const textFault = (value: Json | undefined) =>
  typeof value === 'string' && value.length <= LONGEST_TEXT ? null : `must be text of at most ${LONGEST_TEXT} characters`
const ANYTHING: Operand = { schema: {}, fault: (value) => (value === undefined ? 'is missing' : null) }
const WORDS: Operand = { schema: TEXT, fault: textFault }
const ORDERED: Operand = {
  schema: { anyOf: [{ type: 'number' }, TEXT] },
  fault: (value) => (typeof value === 'number' || textFault(value) === null ? null : 'must be a number or text'),
}
const INSTANT: Operand = {
  schema: { anyOf: [{ type: 'number' }, { type: 'string', pattern: INSTANT_PATTERN }] },
  fault: (value) => (parseInstant(value) === null ? 'must be an ISO 8601 date or time, or Unix milliseconds' : null),
}

const OPERANDS: Record<PositiveOperator, Operand> = {
  EQ: ANYTHING,
  GT: ORDERED,
  GTE: ORDERED,
  LT: ORDERED,
  LTE: ORDERED,
  IN: {
    schema: { type: 'array', minItems: 1, maxItems: MOST_ENTRIES },
    fault: (value) =>
      Array.isArray(value) && value.length >= 1 && value.length <= MOST_ENTRIES ? null : `must be a list of 1 to ${MOST_ENTRIES} values`,
  },
  CONTAINS: ANYTHING,
  STARTS_WITH: WORDS,
  ENDS_WITH: WORDS,
  EXISTS: { schema: { type: 'null' }, fault: (value) => (value === undefined || value === null ? null : 'is not used with this operator') },
  BEFORE: INSTANT,
  AFTER: INSTANT,
  WITHIN_LAST: {
    schema: { type: 'string', format: 'duration' },
    fault: (value) => (typeof value === 'string' && parseDuration(value) !== null ? null : 'must be an ISO 8601 duration such as P7D'),
  },
}

/** Operators that take the same operand stand together, so that a settings panel shows one input for them. */
function variants(extra: JsonObject): JsonObject[] {
  const groups = new Map<JsonObject, Operator[]>()
  for (const op of OPERATORS) {
    const { schema } = OPERANDS[withoutNegation(op).positive]
    groups.set(schema, [...(groups.get(schema) ?? []), op])
  }
  return [...groups].map(([value, ops]) => ({
    type: 'object',
    properties: { ...extra, op: { type: 'string', enum: ops }, value },
    required: [...Object.keys(extra), 'op', ...(value.type === 'null' ? [] : ['value'])],
    additionalProperties: false,
  }))
}

function parseComparison<T extends Comparison>(withPath: boolean, attribute: boolean): Shape<T>['parse'] {
  return (value, path, report) => {
    if (!isObject(value)) return void report(path, 'must be an object')
    let sound = true
    const fault: Report = (at, message) => {
      sound = false
      report(at, message)
    }
    for (const key of Object.keys(value)) {
      if (key !== 'op' && key !== 'value' && !(withPath && key === 'path')) fault([...path, key], 'is not a setting here')
    }
    const inPath = withPath ? pathFault(value.path, attribute) : null
    if (inPath !== null) fault([...path, 'path'], inPath)
    const known = OPERATORS.includes(value.op as Operator)
    if (!known) fault([...path, 'op'], `must be one of ${OPERATORS.join(', ')}`)
    const inOperand = known ? operandFault(value.op as Operator, value.value as Json | undefined) : null
    if (inOperand !== null) fault([...path, 'value'], inOperand)
    if (!sound) return undefined
    const { op, value: operand } = value as unknown as Comparison
    return { ...(withPath ? { path: value.path } : {}), op, ...(withoutNegation(op).positive === 'EXISTS' ? {} : { value: operand }) } as T
  }
}

function operandFault(op: Operator, value: Json | undefined): string | null {
  const fault = OPERANDS[withoutNegation(op).positive].fault(value)
  if (fault !== null || value === undefined) return fault
  const size = JSON.stringify(value)
  if (size.length > LARGEST_VALUE) return `must have at most ${LARGEST_VALUE} characters as JSON`
  // JSON writes U+0000 and lone surrogates as escapes; an escaped backslash before the `u` makes it plain text.
  return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(size) ? UNSTORABLE_FAULT : null
}

const DEEPEST_PATH = 10

function pathFault(value: unknown, attribute: boolean): string | null {
  if (typeof value !== 'string' || value === '') return 'is missing'
  if (value.length > 200) return 'must have at most 200 characters'
  if (!isStorable(value)) return UNSTORABLE_FAULT
  const parts = value.split('.')
  if (parts.includes('') || parts.length > DEEPEST_PATH) return `must be up to ${DEEPEST_PATH} names joined by dots`
  const unknown = attribute && value.startsWith('$') && !(BUILT_INS as readonly string[]).includes(value)
  return unknown ? `must be one of ${BUILT_INS.join(', ')}, or an attribute` : null
}

const PATH_SCHEMA: JsonObject = {
  type: 'string',
  maxLength: 200,
  pattern: `^[^.]+([.][^.]+){0,${DEEPEST_PATH - 1}}$`,
  title: 'Path',
  description: 'Dotted, e.g. address.city.',
}
const ATTRIBUTE_SCHEMA: JsonObject = {
  ...PATH_SCHEMA,
  description: `An attribute's path, e.g. address.city, or a field of the contact itself: ${BUILT_INS.join(', ')}.`,
  anyOf: [{ enum: [...BUILT_INS] }, { pattern: '^[^$]' }],
}

export const comparisonShape: Shape<Comparison> = custom({ anyOf: variants({}) }, parseComparison(false, false))
export const pathComparisonShape: Shape<PathComparison> = custom({ anyOf: variants({ path: PATH_SCHEMA }) }, parseComparison(true, false))
/** The same on a contact: `$createdAt` and its like are known, other names with `$` refused. */
export const attributeComparisonShape: Shape<PathComparison> = custom({ anyOf: variants({ path: ATTRIBUTE_SCHEMA }) }, parseComparison(true, true))
