import type { Condition, PropertyFilter } from '../../condition/condition.ts'
import { historyNeeds } from '../../condition/references.ts'
import { audienceConditionShape, propertyFilterShape } from '../../condition/validate.ts'
import { choice, duration, list, object, optional, type Shape, text } from '../../shape.ts'
import type { NodeKind } from '../node-kind.ts'

/** What every trigger may ask of the contact besides what happened. */
interface Audience {
  condition?: Condition
}
export interface EventTriggerConfig extends Audience {
  event: string
  where?: PropertyFilter
  /** The property whose value is the enrollment's key. */
  matchKey?: string
  /** Enter only when none of this event (and key) came for this long. */
  quietFor?: string
}
export interface ApiTriggerConfig extends Audience {
  matchKey?: string
}
export interface ContactTriggerConfig extends Audience {
  change: 'CREATED' | 'CHANGED'
  /** For CHANGED: at least one of these attributes or built-in fields. */
  fields?: string[]
}
export interface InactivityTriggerConfig extends Audience {
  /** Any event counts as activity where left out. */
  events?: string[]
  after: string
}

const audience = { condition: optional(audienceConditionShape) }
const matchKey = optional(
  text({ title: 'Key property', description: 'One enrollment per contact and value of this property, e.g. `cartId`.', max: 200 }),
)

function trigger<C extends Audience>(kind: string, title: string, icon: string, description: string, config: Shape<unknown>): NodeKind<C> {
  return {
    kind,
    title,
    icon,
    description,
    category: 'trigger',
    config: config as Shape<C>,
    ports: () => [{ name: 'next', title: 'Next', required: true }],
    waits: () => false,
    conditions: (settings) => (settings.condition ? [{ path: ['condition'], condition: settings.condition }] : []),
    history: (settings) => (settings.condition ? historyNeeds(settings.condition) : []),
    arrive: () => ({ go: 'next' }),
  }
}

export const eventTrigger = trigger<EventTriggerConfig>(
  'event_trigger',
  'Event',
  'zap',
  'Starts when a contact does something; with `quietFor`, when they have stopped doing it.',
  object({
    event: text({ title: 'Event', max: 200 }),
    where: optional(propertyFilterShape),
    matchKey,
    quietFor: optional(duration({ title: 'Quiet for' })),
    ...audience,
  }),
)

export const apiTrigger = trigger<ApiTriggerConfig>(
  'api_trigger',
  'API call',
  'terminal',
  'Starts when `enrollContacts` names a contact; its properties are the trigger’s event.',
  object({ matchKey, ...audience }),
)

export const contactTrigger = trigger<ContactTriggerConfig>(
  'contact_trigger',
  'Contact',
  'user-plus',
  'Starts when a contact is created, or when one of the named fields changes.',
  object({
    change: choice(['CREATED', 'CHANGED'], { title: 'Change' }),
    fields: optional(list(text({ max: 100 }), { title: 'Fields', max: 50 })),
    ...audience,
  }),
)

export const inactivityTrigger = trigger<InactivityTriggerConfig>(
  'inactivity_trigger',
  'Inactivity',
  'moon',
  'Starts when a contact has done none of the named events for a while.',
  object({ events: optional(list(text({ max: 200 }), { title: 'Events', max: 20 })), after: duration({ title: 'After' }), ...audience }),
)
