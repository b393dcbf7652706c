import { CHANNELS, CONSENT_STATES } from '../channel.ts'
import { durationMillis } from '../duration.ts'
import { isObject, isStorable, type JsonObject } from '../json.ts'
import { choice, custom, duration, flag, list, number, object, optional, type Report, type Shape, text } from '../shape.ts'
import { attributeComparisonShape, comparisonShape, pathComparisonShape, UNSTORABLE_FAULT } from './comparison-shape.ts'
import { type Condition, ENGAGEMENTS, type EventCondition, type PropertyFilter } from './condition.ts'
import type { ConditionKind } from './members.ts'
import { enrollmentNeed } from './references.ts'

export const DEEPEST_CONDITION = 10
export const MOST_MEMBERS = 100
/** History is loaded up to this many events of a name, so a larger count could never be told from it. */
export const HIGHEST_COUNT = 500
const LONGEST_WINDOW = 2 * 366 * 86_400_000

/** Text that is compared with what PostgreSQL stores. */
function name(title: string, max = 200): Shape<string> {
  const plain = text({ title, max })
  return custom(plain.schema, (value, path, report) => {
    const parsed = plain.parse(value, path, report)
    return parsed !== undefined && !isStorable(parsed) ? void report(path, UNSTORABLE_FAULT) : parsed
  })
}

const window = (title: string): Shape<string> => {
  const plain = duration({ title, description: 'Two years at most.' })
  return custom(plain.schema, (value, path, report) => {
    const parsed = plain.parse(value, path, report)
    return parsed !== undefined && durationMillis(parsed) > LONGEST_WINDOW ? void report(path, 'must be two years at most') : parsed
  })
}

/** A filter on an event's properties. */
export const propertyFilterShape: Shape<PropertyFilter> = list(pathComparisonShape, { title: 'Where', max: 20 })

const eventFields = {
  name: name('Event'),
  where: optional(propertyFilterShape),
  count: optional(
    object(
      { op: choice(['EQ', 'NEQ', 'GT', 'GTE', 'LT', 'LTE']), value: number({ integer: true, min: 0, max: HIGHEST_COUNT }) },
      { title: 'How often' },
    ),
  ),
  within: optional(window('Within the last')),
}
const eventShape = object({
  ...eventFields,
  sinceEntry: optional(flag({ title: 'Since entry' })),
  matchKey: optional(name('Key property')),
}) as Shape<EventCondition>
/** Without what needs an enrollment; only its schema is used, `enrollmentNeed` judges. */
const audienceEventShape = object(eventFields)

const clock = (title: string) => text({ title, pattern: /^([01]\d|2[0-3]):[0-5]\d$/, format: 'time-of-day' })
const plainTime = object({
  days: optional(list(number({ integer: true, min: 1, max: 7 }), { title: 'Weekdays', min: 1, max: 7 })),
  from: optional(clock('From')),
  to: optional(clock('To')),
})
const timeShape: Shape<NonNullable<ReturnType<typeof plainTime.parse>>> = custom({ ...plainTime.schema, minProperties: 1 }, (value, path, report) => {
  const parsed = plainTime.parse(value, path, report)
  if (parsed === undefined) return undefined
  if (Object.keys(parsed).length === 0) return void report(path, 'must name days or a time')
  return parsed.from !== undefined && parsed.from === parsed.to ? void report([...path, 'to'], 'must differ from `from`') : parsed
})

type Composite = 'all' | 'any' | 'not'
const SIMPLE: Record<Exclude<ConditionKind, Composite>, Shape<unknown>> = {
  attribute: attributeComparisonShape,
  tag: name('Tag'),
  event: eventShape,
  engagement: object({ node: name('Node', 100), status: choice(ENGAGEMENTS, { title: 'Status' }) }),
  key: comparisonShape,
  variable: pathComparisonShape,
  triggerEvent: pathComparisonShape,
  goal: name('Goal'),
  reachable: choice(CHANNELS, { title: 'Channel' }),
  consent: object({
    channel: optional(choice(CHANNELS, { title: 'Channel' })),
    topic: optional(name('Topic', 100)),
    state: choice(CONSENT_STATES, { title: 'State' }),
  }),
  time: timeShape,
}
const ENROLLMENT_ONLY: readonly string[] = ['engagement', 'key', 'variable', 'triggerEvent', 'goal'] satisfies ConditionKind[]
const KINDS = ['all', 'any', 'not', ...Object.keys(SIMPLE)]

/**
 * The schema refers to itself through an `$id` of its own, so it can stand anywhere in a larger one: `#` inside it means
 * itself (JSON Schema 2020-12, 8.2.1). In one schema each of the two may stand once: an `$id` must not
 * repeat. Depth and the number of members in all are what no schema can say; `parse` does.
 */
function schemaOf(id: string, audience: boolean): JsonObject {
  const self = { $ref: '#' }
  const several = { type: 'array', items: self, minItems: 1, maxItems: MOST_MEMBERS }
  const shown = Object.entries(SIMPLE).filter(([kind]) => !audience || !ENROLLMENT_ONLY.includes(kind))
  const members: [string, JsonObject][] = [
    ['all', several],
    ['any', several],
    ['not', self],
    ...shown.map(([kind, shape]): [string, JsonObject] => [kind, kind === 'event' && audience ? audienceEventShape.schema : shape.schema]),
  ]
  const anyOf = members.map(([kind, schema]) => ({
    type: 'object',
    title: kind,
    properties: { [kind]: schema },
    required: [kind],
    additionalProperties: false,
  }))
  return {
    $id: id,
    title: 'Condition',
    description: `Exactly one member an object; at most ${DEEPEST_CONDITION} deep and ${MOST_MEMBERS} members in all.`,
    anyOf,
  }
}

function shapeOf(audience: boolean): Shape<Condition> {
  const schema = schemaOf(audience ? 'urn:throughline:audience-condition' : 'urn:throughline:condition', audience)
  return custom(schema, (value, path, report) => {
    const reading = { left: MOST_MEMBERS, audience, report }
    const parsed = parseCondition(value, path, 1, reading)
    if (reading.left < 0) return void report(path, `must have at most ${MOST_MEMBERS} members`)
    return parsed
  })
}

interface Reading {
  left: number
  audience: boolean
  report: Report
}

function parseCondition(value: unknown, path: readonly string[], depth: number, reading: Reading): Condition | undefined {
  const { report } = reading
  // Counted before anything is looked at, so that a huge condition costs no more than one at the limit.
  if (--reading.left < 0) return undefined
  if (depth > DEEPEST_CONDITION) return void report(path, `must be at most ${DEEPEST_CONDITION} deep`)
  if (!isObject(value)) return void report(path, 'must be an object')
  const keys = Object.keys(value)
  const [kind = ''] = keys
  if (keys.length !== 1) return void report(path, `must have exactly one member of ${KINDS.join(', ')}`)
  const member = value[kind]
  const here = [...path, kind]
  if (kind === 'not') {
    const inner = parseCondition(member, here, depth + 1, reading)
    return inner && { not: inner }
  }
  if (kind === 'all' || kind === 'any') {
    if (!Array.isArray(member) || member.length === 0) return void report(here, 'must be a list of at least one condition')
    const parsed: Condition[] = []
    for (const [index, each] of member.entries()) {
      const one = parseCondition(each, [...here, String(index)], depth + 1, reading)
      if (one) parsed.push(one)
      if (reading.left < 0) return undefined
    }
    return parsed.length === member.length ? (kind === 'all' ? { all: parsed } : { any: parsed }) : undefined
  }
  if (!Object.hasOwn(SIMPLE, kind)) return void report(here, `is not a condition; there are ${KINDS.join(', ')}`)
  const parsed = SIMPLE[kind as keyof typeof SIMPLE].parse(member, here, report)
  if (parsed === undefined) return undefined
  const condition = { [kind]: parsed } as unknown as Condition
  const need = reading.audience ? enrollmentNeed(condition) : null
  return need === null ? condition : void report(kind === need ? here : [...here, need], 'only makes sense inside a journey')
}

/** A condition inside a journey: every member is allowed. */
export const conditionShape: Shape<Condition> = shapeOf(false)

/** A condition where there is no enrollment (triggers, audiences): what needs one is refused. */
export const audienceConditionShape: Shape<Condition> = shapeOf(true)
