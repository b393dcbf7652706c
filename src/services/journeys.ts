import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { Graph, GraphProblem, JourneyStatus } from '../domain/journey/graph.ts'
import { EMPTY_GRAPH, graphShape } from '../domain/journey/graph-shape.ts'
import { type Surroundings, validate } from '../domain/journey/validate.ts'
import { isObject, textsIn } from '../domain/json.ts'
import { whyNotOutgoing } from '../domain/public-address.ts'
import { ThroughlineError } from '../errors.ts'
import { type JourneyRow, JourneyTable } from '../store/entities/journey.ts'
import { type JourneyVersionRow, JourneyVersionTable } from '../store/entities/journey-version.ts'
import { type TemplateRow, TemplateTable } from '../store/entities/template.ts'
import { TopicTable } from '../store/entities/topic.ts'
import { WorkspaceSecretTable } from '../store/entities/workspace-secret.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, containing, isId, nameOf, noteOf } from './input.ts'
import { faultAmong, liquidFaults } from './liquid-faults.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { withVersions } from './templates.ts'
import { clientOf } from './transaction.ts'
import { type TemplateFault, whatsappFaults } from './whatsapp-templates.ts'

async function find(em: EntityManager, id: string, lock = false): Promise<JourneyRow> {
  const row = isId(id) ? await em.findOne(JourneyTable, { id }, lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {}) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such journey.', { path: ['id'] })
  return row
}

/** What keeps texts of a graph's calls from being Liquid. Asked outside of any transaction, for a hostile one takes seconds. */
async function liquidOf(services: Services, graph: Graph | null | undefined): Promise<Surroundings['liquidFault']> {
  const calls = (graph ?? EMPTY_GRAPH).nodes.filter((node) => node.kind === 'webhook')
  const faults = await liquidFaults(
    services,
    // Nobody has looked at their shape yet.
    calls.flatMap((node) => textsIn(node.config)),
  )
  return (text) => {
    const fault = faultAmong(faults, text)
    if (fault === undefined) throw new ThroughlineError('CONFLICT', 'The draft was changed meanwhile; try again.', { path: ['id'] })
    return fault
  }
}

/** What the graphs' templates, topics and secrets are in this workspace, in a query each however many they are. */
async function surroundings(
  { config }: Services,
  em: EntityManager,
  graphs: readonly Graph[],
  { hold } = { hold: false },
): Promise<Omit<Surroundings, 'liquidFault'>> {
  const nodes = graphs.flatMap((graph) => graph.nodes)
  const named = (field: string) => nodes.flatMap((node) => idsNamed(node.config, field))
  const found = await em.find(TemplateTable, { id: { $in: named('templateId') }, archivedAt: null })
  const templates = new Map(found.map((row) => [row.id, row.channels ?? [row.channel]]))
  const faults = await faultsOfTemplates(em, found)
  // Held where the graph is about to use them: whoever deletes one meanwhile waits, and finds it in use.
  const lock = hold ? { lockMode: LockMode.PESSIMISTIC_READ as const } : {}
  const topics = new Set((await em.find(TopicTable, { id: { $in: named('topicId') }, deletedAt: null }, lock)).map((row) => row.id))
  const secrets = nodes.some((node) => node.kind === 'webhook')
    ? new Set((await em.find(WorkspaceSecretTable, {}, { fields: ['name'] })).map((row) => row.name))
    : new Set<string>()
  return {
    templateChannels: (id) => templates.get(id) ?? [],
    templateFaults: (id, channel) => (channel === 'whatsapp' ? (faults.get(id) ?? []) : []),
    hasTopic: (id) => topics.has(id),
    hasSecret: (name) => secrets.has(name),
    urlFault: (url) => whyNotOutgoing(url, { privateHosts: config.privateHosts, httpsOnly: true }),
  }
}

/** The ids under this name, wherever they stand in a node's settings. */
function idsNamed(value: unknown, field: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => idsNamed(each, field))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, each]) => (key === field && typeof each === 'string' && isId(each) ? [each] : idsNamed(each, field)))
}

/** What is known against templates before they are sent. Only WhatsApp's are approved by anybody. */
async function faultsOfTemplates(em: EntityManager, templates: readonly TemplateRow[]): Promise<Map<string, TemplateFault[]>> {
  const whatsapp = templates.filter((row) => (row.channels ?? [row.channel]).includes('whatsapp'))
  const faults = new Map<string, TemplateFault[]>()
  for (const { template, version } of await withVersions(em, whatsapp)) {
    // What is for other channels keeps its place, so that paths lead to the right one.
    const variants = version.variants.map((each) => ((each.channel ?? template.channel) === 'whatsapp' ? each : { ...each, content: {} }))
    faults.set(template.id, await whatsappFaults(em, variants))
  }
  return faults
}

/** A draft may have problems, but it must be a graph: its frame is checked, its nodes' settings are not yet. */
const frame = (graph: Graph | null | undefined): Graph => conform(graphShape, graph ?? EMPTY_GRAPH, ['graph'])

export async function createJourney(
  services: Services,
  caller: Caller,
  input: { name: string; description?: string | null | undefined; graph?: Graph | null | undefined; idempotencyKey?: string | null | undefined },
): Promise<string> {
  const draft = frame(input.graph)
  const name = nameOf(input.name, 'name')
  const description = noteOf(input.description, 'description')
  return once(services, caller, 'createJourney', input.idempotencyKey, input, async (em) => {
    const now = new Date()
    const row = em.create(JourneyTable, {
      id: newId(),
      workspaceId: caller.workspaceId,
      name,
      description,
      status: 'DRAFT',
      draft,
      createdAt: now,
      updatedAt: now,
    })
    await em.flush()
    return row.id
  })
}

export async function updateJourneyDraft(
  services: Services,
  caller: Caller,
  input: { id: string; graph?: Graph | null | undefined; name?: string | null | undefined; description?: string | null | undefined },
): Promise<string> {
  const draft = input.graph == null ? null : frame(input.graph)
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, input.id)
    if (row.status === 'ARCHIVED') throw new ThroughlineError('CONFLICT', 'An archived journey is not changed any more.', { path: ['id'] })
    if (draft !== null) row.draft = draft
    if (input.name != null) row.name = nameOf(input.name, 'name')
    if (input.description !== undefined) row.description = noteOf(input.description, 'description')
    row.updatedAt = new Date()
    await em.flush()
    return row.id
  })
}

/** Everything that keeps each graph from being published, in their order; empty when nothing does. */
export async function problemsOf(services: Services, caller: Caller, graphs: readonly Graph[]): Promise<GraphProblem[][]> {
  const found = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => surroundings(services, em, graphs))
  // One graph's endless text must not be a problem of the others.
  return Promise.all(graphs.map(async (graph) => validate(graph, { ...found, liquidFault: await liquidOf(services, graph) })))
}

/** Freezes the draft as the next version and lets people in. Who is inside stays with the version they entered. */
export async function publishJourney(
  services: Services,
  caller: Caller,
  input: { id: string; idempotencyKey?: string | null | undefined },
): Promise<string> {
  const before = await journeysByIds(services, caller, [input.id])
  const liquidFault = await liquidOf(services, before.get(input.id)?.draft)
  return once(services, caller, 'publishJourney', input.idempotencyKey, input, async (em) => {
    const row = await find(em, input.id, true)
    if (row.status === 'ARCHIVED') throw new ThroughlineError('CONFLICT', 'An archived journey is not published any more.', { path: ['id'] })
    const graph = row.draft
    if (graph == null) throw new ThroughlineError('CONFLICT', 'There is no draft to publish.', { path: ['id'] })
    const problems = validate(graph, { ...(await surroundings(services, em, [graph], { hold: true })), liquidFault })
    if (problems.length > 0) throw new ThroughlineError('JOURNEY_INVALID', undefined, { path: ['id'], data: { problems } })
    const [last] = await em.find(JourneyVersionTable, { journeyId: row.id }, { orderBy: { number: 'desc' }, limit: 1 })
    const version = em.create(JourneyVersionTable, {
      id: newId(),
      workspaceId: caller.workspaceId,
      journeyId: row.id,
      number: (last?.number ?? 0) + 1,
      graph,
      publishedAt: new Date(),
    })
    await em.flush()
    row.liveVersionId = version.id
    if (row.status !== 'PAUSED') row.status = 'LIVE'
    row.updatedAt = new Date()
    await em.flush()
    if (graph.nodes.some((node) => node.kind === 'inactivity_trigger')) {
      await services.enqueue('seed', { workspaceId: caller.workspaceId, journeyId: row.id, versionId: version.id }, clientOf(em))
    }
    return row.id
  })
}

/** Entries are refused, timers and sends freeze; exits and goals go on. */
export async function pauseJourney(services: Services, caller: Caller, id: string): Promise<string> {
  return change(services, caller, id, ['LIVE'], (row) => {
    row.status = 'PAUSED'
    row.pausedAt = new Date()
  })
}

/** What fell due during the pause comes back smoothed, by this policy. */
export async function resumeJourney(
  services: Services,
  caller: Caller,
  input: { id: string; overdue: 'RESCHEDULE' | 'SEND_LATE' | 'SKIP' },
): Promise<string> {
  return change(services, caller, input.id, ['PAUSED'], async (row, em) => {
    row.status = 'LIVE'
    row.pausedAt = null
    await em.flush()
    await services.enqueue('resume', { workspaceId: caller.workspaceId, journeyId: row.id, policy: input.overdue }, clientOf(em))
  })
}

/** For good: nobody enters, what is planned is not sent, and who is inside is let out by a job. */
export async function archiveJourney(services: Services, caller: Caller, id: string): Promise<string> {
  return change(services, caller, id, ['DRAFT', 'LIVE', 'PAUSED', 'COMPLETED'], async (row, em) => {
    row.status = 'ARCHIVED'
    await em.flush()
    if (row.liveVersionId != null) await services.enqueue('archive', { workspaceId: caller.workspaceId, journeyId: row.id }, clientOf(em))
  })
}

async function change(
  services: Services,
  caller: Caller,
  id: string,
  from: readonly JourneyStatus[],
  work: (row: JourneyRow, em: EntityManager) => unknown,
): Promise<string> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, id, true)
    if (!from.includes(row.status)) throw new ThroughlineError('CONFLICT', `The journey is ${row.status}.`, { path: ['id'] })
    await work(row, em)
    row.updatedAt = new Date()
    await em.flush()
    return row.id
  })
}

export async function journeysByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, JourneyRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(JourneyTable, { id: { $in: ids.filter(isId) } }))
  return new Map(rows.map((row) => [row.id, row]))
}

export async function versionsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, JourneyVersionRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(JourneyVersionTable, { id: { $in: ids.filter(isId) } }))
  return new Map(rows.map((row) => [row.id, row]))
}

/** Newest first. */
export async function listJourneys(
  services: Services,
  caller: Caller,
  input: Slice & { status: readonly JourneyStatus[] | null; search: string | null },
): Promise<JourneyRow[]> {
  const name = input.search === null ? undefined : containing(input.search)
  if (name === null) return []
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      JourneyTable,
      {
        ...(input.status === null ? {} : { status: { $in: [...input.status] } }),
        ...(name === undefined ? {} : { name }),
        ...idsWithin(input),
      },
      orderOf(input),
    ),
  )
}

/** Newest first. */
export async function listVersions(services: Services, caller: Caller, input: Slice & { journeyId: string }): Promise<JourneyVersionRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(JourneyVersionTable, { journeyId: input.journeyId, ...idsWithin(input) }, orderOf(input)),
  )
}
