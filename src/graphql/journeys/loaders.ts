import DataLoader from 'dataloader'
import type { Graph, GraphProblem } from '../../domain/journey/graph.ts'
import { journeysByIds, problemsOf, versionsByIds } from '../../services/journeys.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import type { JourneyEntry, VersionEntry } from './entries.ts'

const JOURNEYS = Symbol('journeys')
const VERSIONS = Symbol('versions')
const PROBLEMS = Symbol('problems')

/** null for one that is not there. */
export function journeyLoader(context: ApiContext): DataLoader<string, JourneyEntry | null> {
  return loaderOf(
    context,
    JOURNEYS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await journeysByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}

/** null for one that is not there. */
export function versionLoader(context: ApiContext): DataLoader<string, VersionEntry | null> {
  return loaderOf(
    context,
    VERSIONS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await versionsByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}

/** What keeps a graph from being published. */
export function problemLoader(context: ApiContext): DataLoader<Graph, readonly GraphProblem[]> {
  return loaderOf(context, PROBLEMS, (services, caller) => new DataLoader((graphs: readonly Graph[]) => problemsOf(services, caller, graphs)))
}
