import { nodesNamed } from '../condition/references.ts'
import { FALLS_THROUGH, type Graph, type GraphNode, type GraphProblem, type ProblemCode } from './graph.ts'
import { graphShape } from './graph-shape.ts'
import { type AnyKind, kindOf } from './kinds.ts'
import type { CheckScope } from './node-kind.ts'

/** What a graph may refer to outside itself, and what only others can judge of its texts. */
export type Surroundings = Pick<CheckScope, 'templateChannels' | 'templateFaults' | 'hasTopic' | 'hasSecret' | 'liquidFault' | 'urlFault'>

interface Checked {
  node: GraphNode
  kind: AnyKind
  /** null where the shape did not fit. */
  config: unknown
  ports: ReadonlySet<string>
}

/**
 * Everything that keeps a graph from being published, each problem pointing at its node and field; empty
 * when it may run. A graph that passes compiles, and `step` never throws on it.
 */
export function validate(given: Graph, surroundings: Surroundings): GraphProblem[] {
  const problems: GraphProblem[] = []
  const report = (code: ProblemCode, node: string | null, path: readonly string[], message: string) =>
    void problems.push({ code, node, path, message })
  // As the shape reads it: a member that is null is not there.
  const graph = graphShape.parse(given, [], (path, message) => report('INVALID_CONFIG', null, path, message))
  if (graph === undefined) return problems

  const nodes = new Map<string, Checked>()
  for (const [index, node] of graph.nodes.entries()) {
    const kind = kindOf(node.kind)
    if (nodes.has(node.key)) report('DUPLICATE_KEY', node.key, ['nodes', String(index), 'key'], `another node is called ${node.key}`)
    else if (kind === undefined) report('UNKNOWN_KIND', node.key, ['kind'], `there is no node kind ${node.kind}`)
    if (nodes.has(node.key) || kind === undefined) continue
    const config = kind.config.parse(node.config, [], (path, message) => report('INVALID_CONFIG', node.key, path, message)) ?? null
    nodes.set(node.key, { node, kind, config, ports: new Set(config === null ? [] : kind.ports(config).map((port) => port.name)) })
  }
  const edges = checkEdges(graph, nodes, report)
  for (const checked of nodes.values()) checkNode(checked, nodes, edges, surroundings, report)
  checkRules(graph, nodes, report)
  if (![...nodes.values()].some((each) => each.kind.category === 'trigger'))
    report('NO_TRIGGER', null, ['nodes'], 'add a trigger, so that somebody can enter')
  for (const key of unreachable(nodes, edges)) report('UNREACHABLE', key, [], 'no trigger leads here')
  for (const key of unboundedLoops(nodes, edges)) report('UNBOUNDED_LOOP', key, [], 'this loop has no node that waits')
  return problems
}

type ReportProblem = (code: ProblemCode, node: string | null, path: readonly string[], message: string) => void
type Edges = ReadonlyMap<string, ReadonlyMap<string, string>>

function checkEdges(graph: Graph, nodes: ReadonlyMap<string, Checked>, report: ReportProblem): Edges {
  const edges = new Map<string, Map<string, string>>()
  for (const [index, edge] of graph.edges.entries()) {
    const path = ['edges', String(index)]
    const from = nodes.get(edge.from)
    const to = nodes.get(edge.to)
    const own = edges.get(edge.from) ?? new Map<string, string>()
    if (from === undefined) report('UNKNOWN_NODE', null, [...path, 'from'], `there is no node ${edge.from}`)
    else if (to === undefined) report('UNKNOWN_NODE', edge.from, [...path, 'to'], `there is no node ${edge.to}`)
    else if (from.config !== null && !from.ports.has(edge.port))
      report('UNKNOWN_PORT', edge.from, [...path, 'port'], `${edge.from} has no port ${edge.port}`)
    else if (to.kind.category === 'trigger') report('INTO_TRIGGER', edge.to, [...path, 'to'], 'nothing may lead into a trigger')
    else if (own.has(edge.port)) report('DUPLICATE_EDGE', edge.from, [...path, 'port'], `${edge.port} already leads to ${own.get(edge.port)}`)
    else edges.set(edge.from, own.set(edge.port, edge.to))
  }
  return edges
}

function checkNode(checked: Checked, nodes: ReadonlyMap<string, Checked>, edges: Edges, surroundings: Surroundings, report: ReportProblem): void {
  const { node, kind, config } = checked
  if (config === null) return
  const own = edges.get(node.key)
  const scope: CheckScope = {
    key: node.key,
    nodeKeys: new Set(nodes.keys()),
    connected: (port) => own?.has(port) ?? false,
    ...surroundings,
    report: (code, path, message) => report(code, node.key, path, message),
  }
  kind.check?.(config, scope)
  for (const port of kind.ports(config)) {
    if (port.required && !scope.connected(port.name)) report('UNCONNECTED', node.key, ['ports', port.name], `${port.name} must lead somewhere`)
  }
  for (const { path, condition } of kind.conditions?.(config) ?? []) {
    for (const named of nodesNamed(condition)) {
      if (nodes.get(named)?.kind.category !== 'message') report('UNKNOWN_NODE', node.key, path, `${named} is not a message node of this graph`)
    }
  }
}

function checkRules(graph: Graph, nodes: ReadonlyMap<string, Checked>, report: ReportProblem): void {
  graph.exitRules.forEach((rule, index) => {
    const path = ['exitRules', String(index)]
    if ((rule.event === undefined) === (rule.condition === undefined)) report('INVALID_CONFIG', null, path, 'give either `event` or `condition`')
    for (const named of rule.condition === undefined ? [] : nodesNamed(rule.condition)) {
      if (nodes.get(named)?.kind.category !== 'message')
        report('UNKNOWN_NODE', null, [...path, 'condition'], `${named} is not a message node of this graph`)
    }
  })
  graph.goals.forEach((goal, index) => {
    if (graph.goals.findIndex((each) => each.name === goal.name) !== index)
      report('INVALID_CONFIG', null, ['goals', String(index), 'name'], 'another goal has this name')
  })
}

function unreachable(nodes: ReadonlyMap<string, Checked>, edges: Edges): string[] {
  const seen = new Set<string>()
  const open = [...nodes.values()].filter((each) => each.kind.category === 'trigger').map((each) => each.node.key)
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (seen.has(key)) continue
    seen.add(key)
    for (const to of edges.get(key)?.values() ?? []) open.push(to)
  }
  return [...nodes.keys()].filter((key) => !seen.has(key))
}

/** Nodes from which the token could come back without ever having rested: found by walking the ports that do not wait. */
function unboundedLoops(nodes: ReadonlyMap<string, Checked>, edges: Edges): string[] {
  const done = new Set<string>()
  const path = new Set<string>()
  const looping: string[] = []
  const visit = (key: string) => {
    const checked = nodes.get(key)
    if (checked === undefined || checked.config === null || done.has(key)) return
    if (path.has(key)) return void looping.push(key)
    path.add(key)
    const own = edges.get(key)
    for (const port of checked.ports) {
      const to = own?.get(port) ?? own?.get(FALLS_THROUGH[port] ?? '')
      if (to !== undefined && !checked.kind.waits(checked.config, port)) visit(to)
    }
    path.delete(key)
    done.add(key)
  }
  for (const key of nodes.keys()) visit(key)
  return looping
}
