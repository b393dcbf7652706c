import { CHANNELS, type Channel } from '../../domain/channel.ts'
import type { Graph } from '../../domain/journey/graph.ts'
import { isObject, type Json, type JsonObject } from '../../domain/json.ts'
import { isId } from '../../services/input.ts'
import { ChannelEnum } from '../channel.ts'
import { type NodeType, toGlobalId, tryIdOf } from '../global-id.ts'

/** Members of NodeConfigInput by node kind: `event_trigger` is `eventTrigger` in the API. */
export const memberOf = (kind: string): string => kind.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
export const kindOfMember = (member: string): string => member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Settings that hold an id, wherever they stand: global outside, plain inside. A consent condition calls its topic `topic`. */
const IDS: Readonly<Record<string, NodeType>> = { templateId: 'Template', topicId: 'Topic', 'consent.topic': 'Topic' }

/** Whether a condition names a channel there: outside in capitals, as the enum has it. */
export const namesChannel = (path: readonly string[]): boolean =>
  path.at(-1) === 'reachable' || (path.at(-1) === 'channel' && path.at(-2) === 'consent')

interface Translation {
  id(type: NodeType, id: string): string
  channel(name: string): string
  /** A channel where the schema has the enum itself, and GraphQL has translated the input already. */
  enumerated(name: string): string
}

const DECODE: Translation = {
  /** A text that is no id of the right type stays as it is, so that validation can say that nothing goes by that name. */
  id: (type, id) => tryIdOf(type, id) ?? id,
  /** What is not spelled as the enum has it becomes no channel's name. */
  channel: (name) => (Object.hasOwn(ChannelEnum, name) ? ChannelEnum[name as keyof typeof ChannelEnum] : name.toUpperCase()),
  enumerated: (name) => name,
}
const ENCODE: Translation = {
  id: (type, id) => (isId(id) ? toGlobalId(type, id) : id),
  channel: (name) => name.toUpperCase(),
  enumerated: (name) => name.toUpperCase(),
}

/** Nothing that fits its shape is as deep; what is deeper is left as it is, for validation to refuse. */
const DEEPEST = 64

/**
 * The same settings with ids and channels translated, and without what was given as null or not at all. `value` is the
 * author’s own data, in comparisons and in assignments, as is a body’s `json`; both stay untouched, nulls in them included.
 */
function translate(value: Json, by: Translation, within = '', depth = 0): Json {
  if (depth > DEEPEST) return value
  if (Array.isArray(value)) return value.map((each) => translate(each, by, within, depth + 1))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, Json][] => {
      const isOwn = name === 'value' || (name === 'json' && within === 'body')
      if (each === undefined || (each === null && !isOwn)) return []
      if (isOwn) return [[name, each as Json]]
      if (typeof each !== 'string') return [[name, translate(each as Json, by, name, depth + 1)]]
      if (name === 'channel' && (within === 'rungs' || within === 'messages')) return [[name, by.enumerated(each)]]
      const type = IDS[name] ?? IDS[`${within}.${name}`]
      if (type !== undefined) return [[name, by.id(type, each)]]
      return [[name, namesChannel([within, name]) ? by.channel(each) : each]]
    }),
  )
}

/** Settings as the API is given them, in the domain's words. */
export const inward = (settings: object): JsonObject => translate(settings as JsonObject, DECODE) as JsonObject

/** Settings of a node, an exit rule or a goal as the API shows them. */
export const outward = (settings: object): JsonObject => translate(settings as JsonObject, ENCODE) as JsonObject

/** A JSON Schema of settings as the API takes them: where it chooses among channels, those are the enum's. */
export function outwardSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(outwardSchema)
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([name, each]): [string, Json] => {
      const channels = name === 'enum' && Array.isArray(each) && each.every((one) => CHANNELS.includes(one as Channel))
      return [name, channels ? each.map((one) => ENCODE.channel(String(one))) : outwardSchema(each as Json)]
    }),
  )
}

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
