import type { Graph } from '../../domain/journey/graph.ts'
import { isObject, type Json, type JsonObject } from '../../domain/json.ts'
import { isId } from '../../services/input.ts'
import { type NodeType, toGlobalId, tryIdOf } from '../global-id.ts'

/** Members of NodeConfigInput by node kind: `event_trigger` is `eventTrigger` in the API. */
export const memberOf = (kind: string): string => kind.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
export const kindOfMember = (member: string): string => member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Settings that hold an id, wherever they stand: global outside, plain inside. A consent condition calls its topic `topic`. */
const IDS: Readonly<Record<string, NodeType>> = { templateId: 'Template', topicId: 'Topic', 'consent.topic': 'Topic' }

type Translate = (type: NodeType, id: string) => string

/** A text that is no id of the right type stays as it is, so that validation can say that nothing goes by that name. */
const decode: Translate = (type, id) => tryIdOf(type, id) ?? id
const encode: Translate = (type, id) => (isId(id) ? toGlobalId(type, id) : id)

/**
 * The same settings with ids translated, and without what was given as null or not at all. `value` is the
 * author’s own data, in comparisons and in assignments, and stays untouched, nulls in it included.
 */
function translate(value: Json, ids: Translate, within = ''): Json {
  if (Array.isArray(value)) return value.map((each) => translate(each, ids))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, Json][] => {
      if (each === undefined || (each === null && name !== 'value')) return []
      if (name === 'value') return [[name, each as Json]]
      const type = IDS[name] ?? IDS[`${within}.${name}`]
      return [[name, type !== undefined && typeof each === 'string' ? ids(type, each) : translate(each as Json, ids, name)]]
    }),
  )
}

const inward = (settings: object) => translate(settings as JsonObject, decode) as JsonObject

/** Settings of a node, an exit rule or a goal as the API shows them. */
export const outward = (settings: object): JsonObject => translate(settings as JsonObject, encode) as JsonObject

export interface GraphInputShape {
  reentry?: object | null
  settings?: object | null
  nodes: readonly { key: string; name?: string | null; position?: { x: number; y: number } | null; config: object }[]
  edges: readonly { from: string; port: string; to: string }[]
  exitRules?: readonly object[] | null
  goals?: readonly object[] | null
}

/** The graph an input describes, as the domain keeps it. */
export function toGraph(input: GraphInputShape): Graph {
  return {
    reentry: inward(input.reentry ?? { rule: 'ONE_AT_A_TIME' }),
    settings: inward(input.settings ?? { purpose: 'PROMOTIONAL' }),
    nodes: input.nodes.map((node) => {
      const [[member, config] = ['', {}]] = Object.entries(node.config).filter(([, value]) => value !== null && value !== undefined) as [
        string,
        JsonObject,
      ][]
      return {
        key: node.key,
        kind: kindOfMember(member),
        ...(node.name == null ? {} : { name: node.name }),
        ...(node.position == null ? {} : { position: { x: node.position.x, y: node.position.y } }),
        config: inward(config),
      }
    }),
    edges: input.edges.map(({ from, port, to }) => ({ from, port, to })),
    exitRules: (input.exitRules ?? []).map(inward),
    goals: (input.goals ?? []).map(inward),
  } as unknown as Graph
}
