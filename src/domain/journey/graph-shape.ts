import { PURPOSES } from '../channel.ts'
import { conditionShape, propertyFilterShape } from '../condition/validate.ts'
import { choice, duration, freeObject, list, number, object, optional, type Shape, text } from '../shape.ts'
import { type Graph, REENTRY_RULES } from './graph.ts'

/** The frame of a graph; what stands in a node's `config` is its kind's business. */
export const graphShape = object({
  reentry: object({ rule: choice(REENTRY_RULES), notWithin: optional(duration()) }),
  nodes: list(
    object({
      key: text({ pattern: /^[A-Za-z][A-Za-z0-9_-]*$/, max: 64 }),
      kind: text({ max: 50 }),
      name: optional(text({ max: 200 })),
      position: optional(object({ x: number(), y: number() })),
      config: freeObject(),
    }),
    { max: 500 },
  ),
  edges: list(object({ from: text({ max: 64 }), port: text({ max: 64 }), to: text({ max: 64 }) }), { max: 5000 }),
  exitRules: list(
    object({
      event: optional(text({ max: 200 })),
      where: optional(propertyFilterShape),
      matchKey: optional(text({ max: 200 })),
      condition: optional(conditionShape),
      reason: optional(text({ max: 200 })),
    }),
    { max: 50 },
  ),
  goals: list(
    object({
      name: text({ max: 100 }),
      event: text({ max: 200 }),
      where: optional(propertyFilterShape),
      matchKey: optional(text({ max: 200 })),
      window: duration(),
      valueProperty: optional(text({ max: 200 })),
      onReached: optional(choice(['CONVERT', 'RECORD'])),
    }),
    { max: 20 },
  ),
  settings: object({ purpose: choice(PURPOSES) }),
}) as unknown as Shape<Graph>

export const EMPTY_GRAPH: Graph = {
  reentry: { rule: 'ONE_AT_A_TIME' },
  nodes: [],
  edges: [],
  exitRules: [],
  goals: [],
  settings: { purpose: 'PROMOTIONAL' },
}
