import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql'
import { ThroughlineError } from '../errors.ts'

export const LARGEST_PAGE = 100
export const DEFAULT_PAGE = 20

/** What one operation may be, on either door. Measured before validation, which is quadratic in a document's fields. */
export const LIMITS = { depth: 16, aliases: 100, directives: 50, fields: 1_500, tokens: 10_000, cost: 20_000, nesting: 500 } as const

/** A list whose size is not asked for is taken to have this many entries. */
const ASSUMED_LIST = 10
/** Entries of an input list are charged by the ten: a call with 1,000 events costs 100. */
const INPUTS_PER_COST = 10

interface Size {
  depth: number
  fields: number
  aliases: number
  directives: number
}

const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 }

function refuse(what: keyof typeof LIMITS, found: number): never {
  throw new ThroughlineError('LIMIT_EXCEEDED', `The operation's ${what} is ${found}; at most ${LIMITS[what]} is allowed.`, {
    data: { limit: what, allowed: LIMITS[what], found },
  })
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  return new Map(document.definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION).map((each) => [each.name.value, each]))
}

/**
 * Depth, fields, aliases and directives with fragments spread out; each fragment is measured once, so measuring is
 * linear however often it is spread. Introspection is left to graphql-js's own rule. Throws LIMIT_EXCEEDED.
 */
export function checkSize(document: DocumentNode): void {
  const fragments = fragmentsOf(document)
  const known = new Map<string, Size>()
  const measure = (set: SelectionSetNode | undefined): Size => {
    const total: Size = { depth: 0, fields: 0, aliases: 0, directives: 0 }
    for (const selection of set?.selections ?? []) {
      total.directives += selection.directives?.length ?? 0
      let inner: Size
      if (selection.kind === Kind.FRAGMENT_SPREAD) inner = ofFragment(selection.name.value)
      else if (selection.kind === Kind.FIELD && selection.name.value.startsWith('__')) inner = NOTHING
      else inner = measure(selection.selectionSet)
      const isField = selection.kind === Kind.FIELD
      total.fields += inner.fields + (isField ? 1 : 0)
      total.aliases += inner.aliases + (isField && selection.alias ? 1 : 0)
      total.directives += inner.directives
      total.depth = Math.max(total.depth, inner.depth + (isField ? 1 : 0))
    }
    return total
  }
  const ofFragment = (name: string): Size => {
    const done = known.get(name)
    if (done) return done
    // A cycle counts as nothing here; validation refuses it.
    known.set(name, { depth: 0, fields: 0, aliases: 0, directives: 0 })
    const size = measure(fragments.get(name)?.selectionSet)
    known.set(name, size)
    return size
  }
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const size = measure(definition.selectionSet)
    for (const what of ['depth', 'fields', 'aliases', 'directives'] as const) if (size[what] > LIMITS[what]) refuse(what, size[what])
  }
}

type Variables = Readonly<Record<string, unknown>>

function argumentOf(field: FieldNode, argument: string, variables: Variables): unknown {
  const node: ValueNode | undefined = field.arguments?.find((each) => each.name.value === argument)?.value
  if (node === undefined) return undefined
  return node.kind === Kind.VARIABLE ? variables[node.name.value] : valueFromASTUntyped(node, { ...variables })
}

/** Entries of every list in a value. Throws LIMIT_EXCEEDED for one so deep that whoever walks it next would run out of stack. */
function entries(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > LIMITS.nesting) refuse('nesting', depth)
  let sum = Array.isArray(value) ? value.length : 0
  for (const each of Object.values(value)) sum += entries(each, depth + 1)
  return sum
}

const isList = (type: GraphQLOutputType): boolean => (isNonNullType(type) ? isList(type.ofType) : isListType(type))

/**
 * What a validated operation costs: one for every object it may answer, a page's objects times its `first`, and a
 * tenth for every entry of a list that is sent in. A field whose extensions name `costs` of arguments costs those besides,
 * where they are given. Throws LIMIT_EXCEEDED above the limit.
 */
export function costOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): number {
  const fragments = fragmentsOf(document)
  const cost = (set: SelectionSetNode | undefined, parent: unknown): number => {
    let sum = 0
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value)
        if (fragment) sum += cost(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value))
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        sum += cost(selection.selectionSet, selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent)
      } else if (!selection.name.value.startsWith('__') && (isObjectType(parent) || isInterfaceType(parent))) {
        sum += ofField(selection, parent as GraphQLObjectType)
      }
      if (sum > LIMITS.cost) refuse('cost', sum)
    }
    return sum
  }
  const ofField = (field: FieldNode, parent: GraphQLObjectType): number => {
    const definition = parent.getFields()[field.name.value]
    if (definition === undefined) return 0
    const sent = Math.ceil(
      (field.arguments ?? []).reduce((sum, each) => sum + entries(argumentOf(field, each.name.value, variables)), 0) / INPUTS_PER_COST,
    )
    const costs = Object.entries((definition.extensions.costs ?? {}) as Record<string, number>)
    const besides = costs.reduce((sum, [name, each]) => sum + (argumentOf(field, name, variables) == null ? 0 : each), 0)
    const named = getNamedType(definition.type)
    if (!isCompositeType(named)) return sent + besides
    const asked = ['first', 'last'].map((name) => argumentOf(field, name, variables)).find((each) => typeof each === 'number')
    const paged = definition.args.some((each) => each.name === 'first')
    // A page's edges are charged where its `first` stands.
    const listed = isList(definition.type) && !(field.name.value === 'edges' && parent.name.endsWith('Connection'))
    const times = paged ? Math.min(LARGEST_PAGE, Math.max(1, Number(asked ?? DEFAULT_PAGE))) : listed ? ASSUMED_LIST : 1
    return sent + besides + 1 + times * cost(field.selectionSet, named)
  }
  const root = schema.getRootType(operation.operation)
  const total = 1 + cost(operation.selectionSet, root)
  if (total > LIMITS.cost) refuse('cost', total)
  return total
}
