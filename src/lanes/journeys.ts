import type { CompiledGraph } from '../domain/journey/compile.ts'
import { compileOrStandIn } from '../domain/journey/compile.ts'
import type { Graph } from '../domain/journey/graph.ts'
import type { KeywordRule } from '../domain/keywords.ts'
import type { Client } from '../store/ask.ts'
import { run, type Statement } from '../store/sql.ts'

/** A journey that people may be in: live or paused, with the version that newcomers enter. */
export interface LiveJourney {
  id: string
  workspaceId: string
  paused: boolean
  graph: CompiledGraph
}

/** Endpoints by workspace and the event they are told of; a workspace that tells nobody is not in it. */
export type Subscriptions = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** Journeys and workspaces as of one revision of the configuration. */
export interface Configuration {
  revision: number
  /** By workspace. */
  journeys: ReadonlyMap<string, readonly LiveJourney[]>
  byId: ReadonlyMap<string, LiveJourney>
  /** IANA zone by workspace. */
  timeZones: ReadonlyMap<string, string>
  subscriptions: Subscriptions
  /** By workspace, the oldest first. */
  keywordRules: ReadonlyMap<string, readonly KeywordRule[]>
}

const LIVE: Statement = {
  name: 'journeys_live',
  text: `SELECT j.id, j.workspace_id, j.status, v.id AS version_id, v.graph FROM journey j JOIN journey_version v ON v.id = j.live_version_id
    WHERE j.status IN ('LIVE', 'PAUSED')`,
}
const ZONES: Statement = { name: 'journeys_zones', text: 'SELECT id, time_zone, (SELECT revision FROM configuration) AS revision FROM workspace' }
const RULES: Statement = {
  name: 'journeys_keyword_rules',
  text: 'SELECT id, workspace_id, channel, action, keywords, template_id FROM keyword_rule ORDER BY id',
}
const ENDPOINTS: Statement = {
  name: 'journeys_endpoints',
  text: 'SELECT id, workspace_id, event_types FROM webhook_endpoint WHERE disabled_at IS NULL ORDER BY id',
}
const VERSIONS: Statement = { name: 'journeys_versions', text: 'SELECT id, journey_id, graph FROM journey_version WHERE id = ANY ($1::uuid[])' }

/**
 * What a worker knows of journeys. Versions are immutable and kept for good; which are live is read again
 * whenever a claim brings a newer revision, so nothing has to be invalidated.
 */
export interface JourneyBook {
  /** At least as new as `revision`; 0 for whatever is known. */
  configuration(client: Client, revision: number): Promise<Configuration>
  /** Compiled versions by id, those asked for at least. */
  versions(client: Client, ids: Iterable<string>): Promise<ReadonlyMap<string, CompiledGraph>>
}

/** A stored version that this build cannot run. */
export interface VersionFault {
  journeyId: string
  versionId: string
  fault: string
}

/** `onFault` hears once of each version that cannot be run; its stand-in is in the book, and everything else goes on. */
export function openJourneyBook(onFault: (fault: VersionFault) => void = () => {}): JourneyBook {
  let current: Configuration = {
    revision: -1,
    journeys: new Map(),
    byId: new Map(),
    timeZones: new Map(),
    subscriptions: new Map(),
    keywordRules: new Map(),
  }
  const versions = new Map<string, CompiledGraph>()
  const compiled = (id: string, journeyId: string, graph: Graph) => {
    const known = versions.get(id) ?? compileOr(graph, { journeyId, versionId: id }, onFault)
    versions.set(id, known)
    return known
  }
  return {
    async configuration(client, revision) {
      if (current.revision >= revision && current.revision >= 0) return current
      // Zones carry the revision and come first: what is read after it is at least as new.
      const zones = await run<{ id: string; time_zone: string; revision: number }>(client, ZONES, [])
      const rows = await run<{ id: string; workspace_id: string; status: string; version_id: string; graph: Graph }>(client, LIVE, [])
      const rules = await run<RuleRow>(client, RULES, [])
      const endpoints = await run<EndpointRow>(client, ENDPOINTS, [])
      const live = rows.map((row) => ({
        id: row.id,
        workspaceId: row.workspace_id,
        paused: row.status === 'PAUSED',
        graph: compiled(row.version_id, row.id, row.graph),
      }))
      const journeys = new Map<string, LiveJourney[]>()
      for (const journey of live) journeys.set(journey.workspaceId, [...(journeys.get(journey.workspaceId) ?? []), journey])
      current = {
        revision: zones[0]?.revision ?? revision,
        journeys,
        byId: new Map(live.map((journey) => [journey.id, journey])),
        timeZones: new Map(zones.map((zone) => [zone.id, zone.time_zone])),
        subscriptions: subscriptionsOf(endpoints),
        keywordRules: byWorkspace(rules),
      }
      return current
    },
    async versions(client, ids) {
      const missing = [...new Set(ids)].filter((id) => !versions.has(id))
      if (missing.length > 0) {
        const rows = await run<{ id: string; journey_id: string; graph: Graph }>(client, VERSIONS, [missing])
        for (const row of rows) compiled(row.id, row.journey_id, row.graph)
      }
      return versions
    },
  }
}

function compileOr(graph: Graph, ids: { journeyId: string; versionId: string }, onFault: (fault: VersionFault) => void): CompiledGraph {
  const compiled = compileOrStandIn(graph, ids)
  if (compiled.fault !== null) onFault({ ...ids, fault: compiled.fault })
  return compiled
}

interface RuleRow extends Omit<KeywordRule, 'templateId'> {
  workspace_id: string
  template_id: string | null
}

function byWorkspace(rows: readonly RuleRow[]): Map<string, KeywordRule[]> {
  const found = new Map<string, KeywordRule[]>()
  for (const { workspace_id, template_id, ...rule } of rows)
    found.set(workspace_id, [...(found.get(workspace_id) ?? []), { ...rule, templateId: template_id }])
  return found
}

interface EndpointRow {
  id: string
  workspace_id: string
  event_types: readonly string[]
}

function subscriptionsOf(endpoints: readonly EndpointRow[]): Subscriptions {
  const all = new Map<string, Map<string, string[]>>()
  for (const { id, workspace_id: workspaceId, event_types: types } of endpoints) {
    const own = all.get(workspaceId) ?? new Map<string, string[]>()
    all.set(workspaceId, own)
    for (const type of types) own.set(type, [...(own.get(type) ?? []), id])
  }
  return all
}
