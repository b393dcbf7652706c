import type { PropertyFilter } from '../../condition/condition.ts'
import { matchesFilter } from '../../condition/evaluate.ts'
import { propertyFilterShape } from '../../condition/validate.ts'
import { durationMillis } from '../../duration.ts'
import type { EventFact } from '../../facts.ts'
import { duration, flag, list, object, optional, type Shape, text } from '../../shape.ts'
import { startOf } from '../enrollment.ts'
import { matchesKey } from '../match.ts'
import type { NodeKind, NodeScope, Outcome } from '../node-kind.ts'

interface Awaited {
  /** The port it leaves by. */
  name: string
  event: string
  where?: PropertyFilter
  matchKey?: string
}

export interface WaitConfig {
  events: Awaited[]
  timeout: string
  /** Whether an event between entry and arrival counts; true where left out. */
  sinceEntry?: boolean
}

const config = object({
  events: list(
    object({
      name: text({ title: 'Port', pattern: /^[a-z][a-z0-9_]*$/, max: 50 }),
      event: text({ title: 'Event', max: 200 }),
      where: optional(propertyFilterShape),
      matchKey: optional(text({ title: 'Key property', description: "The event's property that must equal the enrollment's key." })),
    }),
    { title: 'Events', min: 1, max: 20 },
  ),
  timeout: duration({ title: 'Time limit' }),
  sinceEntry: optional(flag({ title: 'Count events since entry' })),
}) as Shape<WaitConfig>

/** Waits until one of several events happens; one that came after entry but before the wait began still counts. */
export const wait: NodeKind<WaitConfig> = {
  kind: 'wait',
  title: 'Wait for event',
  icon: 'hourglass',
  description: 'Waits until one of several events happens, at most for the time limit; an event since entry counts unless told otherwise.',
  category: 'flow',
  config,
  ports: (settings) => [...settings.events.map((each) => ({ name: each.name, title: each.event })), { name: 'timeout', title: 'Time limit' }],
  // An event since entry is there on every visit.
  waits: (settings, port) => port === 'timeout' || settings.sinceEntry === false,
  check(settings, scope) {
    settings.events.forEach((each, index) => {
      if (each.name === 'timeout' || settings.events.findIndex((other) => other.name === each.name) !== index) {
        scope.report('INVALID_CONFIG', ['events', String(index), 'name'], 'must be a port name of its own')
      }
    })
  },
  history: (settings) =>
    settings.sinceEntry === false ? [] : settings.events.map((each) => ({ name: each.event, withinMs: null, sinceEntry: true })),
  arrive(settings, scope) {
    if (settings.sinceEntry !== false) {
      const { enrollment } = scope
      for (const event of scope.facts.history) {
        if (event.occurredAt < startOf(enrollment) || event.id === enrollment.trigger.event?.id) continue
        const outcome = matching(settings, scope, event)
        if (outcome !== null) return outcome
      }
    }
    return { stay: { dueAt: scope.now + durationMillis(settings.timeout) } }
  },
  event: hear,
  timer: () => ({ go: 'timeout' }),
}

/**
 * What happened before the entry is none of its business, however late it is told. Who entered without an event did so in a tick that
 * may still hold what came after: that is taken in the order of receipt.
 */
function hear(settings: WaitConfig, scope: NodeScope, event: EventFact): Outcome | null {
  const { enrollment } = scope
  return enrollment.trigger.event !== null && event.occurredAt < startOf(enrollment) ? null : matching(settings, scope, event)
}

function matching(settings: WaitConfig, scope: NodeScope, event: EventFact): Outcome | null {
  for (const awaited of settings.events) {
    if (awaited.event !== event.name || !matchesKey(event, awaited.matchKey, scope.enrollment.key)) continue
    if (matchesFilter(event.properties, awaited.where, scope.now)) return { go: awaited.name }
  }
  return null
}
