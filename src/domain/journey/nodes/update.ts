import { type Json, type JsonObject, readPath } from '../../json.ts'
import { anything, list, object, optional, type Shape, text } from '../../shape.ts'
import type { NodeKind, NodeScope } from '../node-kind.ts'
import { pathScope } from '../path-scope.ts'

interface Assignment {
  name: string
  /** Either the value itself… */
  value?: Json
  /** …or where to take it: `event.total`, `contact.attributes.plan`, `vars.x`, `key`. */
  from?: string
}

export interface UpdateConfig {
  attributes?: Assignment[]
  unset?: string[]
  addTags?: string[]
  removeTags?: string[]
  variables?: Assignment[]
}

/** Under `__proto__` JavaScript keeps nothing: the value would be lost without a word. */
const name = () => text({ title: 'Name', pattern: /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/, max: 100 })
const assignments = (title: string) =>
  optional(list(object({ name: name(), value: optional(anything()), from: optional(text({ title: 'From' })) }), { title, max: 50 }))
const names = (title: string) => optional(list(text({ max: 100 }), { title, max: 50 }))

const config = object({
  attributes: assignments('Set attributes'),
  unset: names('Remove attributes'),
  addTags: names('Add tags'),
  removeTags: names('Remove tags'),
  variables: assignments('Set variables'),
}) as Shape<UpdateConfig>

/** Sets attributes and tags of the contact, and variables of the enrollment. */
export const update: NodeKind<UpdateConfig> = {
  kind: 'update',
  title: 'Update contact',
  icon: 'pencil',
  description: 'Sets or removes attributes and tags of the contact, and variables of the enrollment.',
  category: 'data',
  config,
  ports: () => [{ name: 'next', title: 'Next' }],
  waits: () => false,
  check(settings, scope) {
    for (const field of ['attributes', 'variables'] as const) {
      settings[field]?.forEach((each, index) => {
        if ((each.value === undefined) === (each.from === undefined))
          scope.report('INVALID_CONFIG', [field, String(index)], 'give either `value` or `from`')
      })
    }
    if (Object.values(settings).every((each) => each.length === 0)) scope.report('INVALID_CONFIG', [], 'changes nothing')
  },
  arrive(settings, scope) {
    Object.assign(scope.enrollment.vars, resolve(settings.variables, scope))
    const set = resolve(settings.attributes, scope)
    const unset = settings.unset ?? []
    const addTags = settings.addTags ?? []
    const removeTags = settings.removeTags ?? []
    if (Object.keys(set).length + unset.length + addTags.length + removeTags.length > 0) {
      scope.emit({ type: 'contact', set, unset, addTags, removeTags })
    }
    return { go: 'next' }
  },
}

/** A source that is not there sets null, so that the author sees it in the data. */
function resolve(list: Assignment[] | undefined, scope: NodeScope): JsonObject {
  if (list === undefined) return {}
  const source = pathScope(scope.enrollment, scope.facts)
  return Object.fromEntries(list.map((each) => [each.name, each.from === undefined ? (each.value ?? null) : (readPath(source, each.from) ?? null)]))
}
