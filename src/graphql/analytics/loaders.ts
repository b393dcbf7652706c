import DataLoader from 'dataloader'
import { inFlight, nodeNumbers, type Range, type VersionNodes } from '../../services/analytics.ts'
import { type ApiContext, loaderOf } from '../context.ts'

const VERSION_NODES = Symbol('version nodes')
const IN_FLIGHT = Symbol('in flight')

interface Key {
  journeyId: string
  versionId: string
  range: Range | null
}

const nameOf = (range: Range | null) => (range === null ? '' : `${range.from.getTime()}/${range.to.getTime()}`)

/** What was counted at the nodes of a version: all nodes of a graph share one look, and versions asked for one range share it, too. */
export function versionNodesLoader(context: ApiContext): DataLoader<Key, VersionNodes, string> {
  return loaderOf(
    context,
    VERSION_NODES,
    (services, caller) =>
      new DataLoader<Key, VersionNodes, string>(
        async (keys) => {
          const ranges = [...new Map(keys.map(({ range }) => [nameOf(range), range]))]
          const found = new Map(
            await Promise.all(
              ranges.map(async ([name, range]) => {
                const own = keys.filter((key) => nameOf(key.range) === name)
                return [name, await nodeNumbers(services, caller, own, range)] as const
              }),
            ),
          )
          return keys.map(({ range, versionId }) => found.get(nameOf(range))?.get(versionId) ?? { nodes: new Map(), waiting: new Map() })
        },
        { cacheKeyFn: ({ versionId, range }) => `${versionId}/${nameOf(range)}` },
      ),
  )
}

/** How many go through a version now. */
export function inFlightLoader(context: ApiContext): DataLoader<Omit<Key, 'range'>, number, string> {
  return loaderOf(
    context,
    IN_FLIGHT,
    (services, caller) =>
      new DataLoader<Omit<Key, 'range'>, number, string>(
        async (keys) => {
          const found = await inFlight(services, caller, keys)
          return keys.map(({ versionId }) => found.get(versionId) ?? 0)
        },
        { cacheKeyFn: ({ versionId }) => versionId },
      ),
  )
}
