import type { Channel } from '../../domain/channel.ts'
import type { ExitRule, Goal, Graph, GraphSettings, Reentry } from '../../domain/journey/graph.ts'
import type { JsonObject } from '../../domain/json.ts'

/** Something a journey says: on which channel, and words to begin with. */
export interface Slot {
  channel: Channel
  title: string
  /** As the channel's templates have it; a function where an address of the journey's parameters stands in it. */
  content: JsonObject | ((parameters: Readonly<Record<string, string>>) => JsonObject)
}

/** The slot's words, with these addresses. */
export const wordsOf = ({ content }: Slot, parameters: Readonly<Record<string, string>>): JsonObject =>
  typeof content === 'function' ? content(parameters) : content

/** The addresses that stand where none are given, by name. */
export const examples = ({ parameters }: JourneyTemplate): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).map(([name, { example }]) => [name, example]))

/** A journey ready to be made one's own. A template is one file here and one line in catalogue.ts. */
export interface JourneyTemplate {
  key: string
  title: string
  description: string
  slots: Readonly<Record<string, Slot>>
  /** Addresses it calls, or shows files from, by name. */
  parameters: Readonly<Record<string, { title: string; example: string }>>
  /** `templates` by slot, `parameters` by name. */
  graph(templates: Readonly<Record<string, string>>, parameters: Readonly<Record<string, string>>): Graph
}

/** A node, drawn short: its kind, its settings, where its ports lead, and its name for people. */
export type Drawn = readonly [kind: string, name: string, config: object, ports?: Readonly<Record<string, string>>]

interface Rest {
  reentry?: Reentry
  exitRules?: readonly ExitRule[]
  goals?: readonly Goal[]
  purpose?: GraphSettings['purpose']
}

const STEP = 120

/** A graph of these nodes, one under the other in the drawing. */
export function drawn(nodes: Readonly<Record<string, Drawn>>, rest: Rest = {}): Graph {
  const entries = Object.entries(nodes)
  return {
    reentry: rest.reentry ?? { rule: 'ONE_AT_A_TIME' },
    nodes: entries.map(([key, [kind, name, config]], index) => ({
      key,
      kind,
      name,
      position: { x: 0, y: index * STEP },
      config: config as JsonObject,
    })),
    edges: entries.flatMap(([from, [, , , ports = {}]]) => Object.entries(ports).map(([port, to]) => ({ from, port, to }))),
    exitRules: rest.exitRules ?? [],
    goals: rest.goals ?? [],
    settings: { purpose: rest.purpose ?? 'PROMOTIONAL' },
  }
}

/** Whatever becomes of a message but what its ports say, it leads on to the next node. */
export const onTo = (to: string, ...ports: string[]): Record<string, string> =>
  Object.fromEntries(['next', 'failed', 'suppressed', ...ports].map((port) => [port, to]))

/** A one-word message as people type it: comparisons mind letter case, and phones write a capital first. */
export const typed = (word: string): string[] =>
  [word.toUpperCase(), word.toLowerCase(), `${word.charAt(0).toUpperCase()}${word.slice(1).toLowerCase()}`].flatMap((each) => [
    each,
    `${each}.`,
    `${each}!`,
  ])
