import { CHANNELS, type Channel } from '../../domain/channel.ts'
import type { Graph } from '../../domain/journey/graph.ts'
import { kindOf } from '../../domain/journey/kinds.ts'
import {
  addMessages,
  durationPercentiles,
  type JourneyNumbers,
  journeyNumbers,
  type NodeNumbers,
  type Range,
  waitingNow,
} from '../../services/analytics.ts'
import type { Caller, Services } from '../../services/context.ts'
import { versionsByIds } from '../../services/journeys.ts'
import { ChannelStats, type JourneyStats, type NodeStats, toDuration } from './types.ts'

/** The numbers of a journey, or of one of its versions, as the API shows them. `graph` says which node sends on which channel. */
export async function journeyStats(
  services: Services,
  caller: Caller,
  input: { journeyId: string; versionId: string | null; range: Range | null; graph: Graph | null },
): Promise<JourneyStats> {
  const [numbers, waiting, percentiles] = await Promise.all([
    journeyNumbers(services, caller, input),
    waitingNow(services, caller, input),
    durationPercentiles(services, caller, input.journeyId, input.versionId),
  ])
  const kinds = new Map((input.graph?.nodes ?? []).map((node) => [node.key, node.kind]))
  const nodes = nodeStats(numbers, waiting, kinds)
  const channels: ChannelStats[] = []
  for (const channel of CHANNELS) {
    const own = [...numbers.nodes.values()].flatMap((each) => each.channels.get(channel) ?? [])
    if (own.length > 0) channels.push(new ChannelStats(channel, addMessages(own)))
  }
  const { started, completed, converted, exited, failed, goals } = numbers
  return {
    started,
    completed,
    converted,
    exited,
    failed,
    goals,
    active: [...waiting.values()].reduce((sum, n) => sum + n, 0),
    dropped: exited + failed,
    averageDuration: numbers.averageDuration === null ? null : toDuration(numbers.averageDuration),
    medianDuration: percentiles === null ? null : toDuration(percentiles[0]),
    p90Duration: percentiles === null ? null : toDuration(percentiles[1]),
    conversionRate: started === 0 ? null : converted / started,
    revenue: decimal(numbers.revenue),
    cost: decimal(numbers.cost),
    channels,
    nodes,
  }
}

function nodeStats(numbers: JourneyNumbers, waiting: ReadonlyMap<string, number>, kinds: ReadonlyMap<string, string>): NodeStats[] {
  const keys = new Set([...kinds.keys(), ...numbers.nodes.keys()])
  return [...keys].map((node) => statsOfNode(node, kinds.get(node), { nodes: numbers.nodes, waiting }))
}

/** On which channel a kind of node sends: most message nodes' kind is their channel. null: on several; undefined: on none. */
function channelOf(kind = ''): Channel | null | undefined {
  return CHANNELS.find((each) => each === kind) ?? (kindOf(kind)?.category === 'message' ? null : undefined)
}

/** A node's numbers as the API shows them; zeros where nothing was counted. */
export function statsOfNode(
  node: string,
  kind: string | undefined,
  { nodes, waiting }: { nodes: ReadonlyMap<string, NodeNumbers>; waiting: ReadonlyMap<string, number> },
): NodeStats {
  const own = nodes.get(node)
  const channel = channelOf(kind)
  return {
    node,
    entered: own?.entered ?? 0,
    waiting: waiting.get(node) ?? 0,
    left: [...(own?.left ?? [])].map(([port, count]) => ({ port, count })),
    suppressed: [...(own?.suppressed ?? [])].map(([reason, count]) => ({ reason, count })),
    messages: channel === undefined ? null : new ChannelStats(channel, addMessages([...(own?.channels.values() ?? [])])),
    channels: CHANNELS.flatMap((each) => {
      const numbers = own?.channels.get(each)
      return numbers === undefined ? [] : [new ChannelStats(each, numbers)]
    }),
  }
}

const decimal = (value: number): string => (Math.round(value * 1e6) / 1e6).toFixed(2)

/** The graph of a version; null where it is not there. */
export async function graphOf(services: Services, caller: Caller, versionId: string | null): Promise<Graph | null> {
  return versionId === null ? null : ((await versionsByIds(services, caller, [versionId])).get(versionId)?.graph ?? null)
}
