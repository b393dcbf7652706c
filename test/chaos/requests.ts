import type { Caller } from './caller.ts'
import type { SeenEnrollment, SeenStats } from './oracle.ts'
import { type NodeKey, type Person, TEMPLATES, type WireEvent } from './story.ts'

type Graph = (ids: Record<NodeKey, string>) => object

/** Templates and both journeys, published; answers the journeys' ids. */
export async function layJourneys(caller: Caller, carts: Graph, codes: Graph): Promise<{ carts: string; codes: string }> {
  const ids = {} as Record<NodeKey, string>
  for (const [name, { content, ...rest }] of Object.entries(TEMPLATES)) {
    const answer = await caller.run<{ createTemplate: { template: { id: string } } }>(
      'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message path } } }',
      { input: { name, ...rest, variants: [{ locale: 'en', content }], idempotencyKey: `template ${name}` } },
    )
    ids[name as NodeKey] = answer.createTemplate.template.id
  }
  const publish = async (name: string, graph: object) => {
    const created = await caller.run<{ createJourney: { journey: { id: string } } }>(
      'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message path } } }',
      { input: { name, graph, idempotencyKey: `journey ${name}` } },
    )
    const { id } = created.createJourney.journey
    await caller.run('mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { id } userErrors { message path } } }', {
      input: { id, idempotencyKey: `publish ${name}` },
    })
    return id
  }
  return { carts: await publish('Carts', carts(ids)), codes: await publish('Codes', codes(ids)) }
}

const PER_REQUEST = 20

/** Addresses and consent, many in one operation, each with an idempotency key of its own. */
export async function register(caller: Caller, persons: readonly Person[]): Promise<void> {
  for (let from = 0; from < persons.length; from += PER_REQUEST) {
    const variables: Record<string, object> = {}
    const fields = persons.slice(from, from + PER_REQUEST).flatMap(({ externalId, email, sms, push }, n) => {
      const contact = { externalId }
      const identities = Object.entries({ email, sms, push }).map(([channel, address]) => {
        variables[`${channel}${n}`] = { contact, channel: channel.toUpperCase(), address, idempotencyKey: `${channel} ${externalId}` }
        return `${channel}${n}: addIdentity(input: $${channel}${n}) { userErrors { message path } }`
      })
      variables[`consent${n}`] = {
        contact,
        state: 'GRANTED',
        purpose: 'marketing',
        source: 'chaos',
        idempotencyKey: `consent ${externalId}`,
      }
      return [...identities, `consent${n}: setConsent(input: $consent${n}) { userErrors { message path } }`]
    })
    const types = Object.keys(variables).map((name) => `$${name}: ${name.startsWith('consent') ? 'SetConsentInput!' : 'AddIdentityInput!'}`)
    await caller.run(`mutation (${types.join(', ')}) { ${fields.join(' ')} }`, variables)
  }
}

/** Events in one call; throws unless each was accepted or known already. */
export async function feed(caller: Caller, events: readonly WireEvent[]): Promise<void> {
  if (events.length === 0) return
  const answer = await caller.run<{ ingestEvents: { accepted: number; duplicates: number } }>(
    'mutation ($input: IngestEventsInput!) { ingestEvents(input: $input) { accepted duplicates rejected { index message } userErrors { message path } } }',
    { input: { events } },
  )
  const { accepted, duplicates } = answer.ingestEvents
  if (accepted + duplicates !== events.length) throw new Error(`events were rejected: ${JSON.stringify(answer)}`)
}

export async function enroll(caller: Caller, journeyId: string, persons: readonly Person[], idempotencyKey: string): Promise<void> {
  const contacts = persons.map(({ externalId }) => ({ externalId }))
  await caller.run('mutation ($input: EnrollContactsInput!) { enrollContacts(input: $input) { accepted userErrors { message path } } }', {
    input: { journeyId, contacts, idempotencyKey },
  })
}

const STATS = `query ($id: ID!) { journey(id: $id) { stats { started active completed converted exited failed goals
  nodes { node entered left { port count } messages { planned sent delivered opened clicked unknown failed suppressed } } } } }`
const ENROLLMENTS = `query ($id: ID!, $after: String) { enrollments(journeyId: $id, first: 50, after: $after) {
  pageInfo { hasNextPage endCursor }
  edges { node { key state endReason contact { externalId } visits { node port }
    messages { id nodeKey status attempt sentAt deliveredAt engagement statuses { status } } } } } }`

/** Everything the API has to say of a journey. */
export async function readJourney(caller: Caller, id: string): Promise<{ enrollments: SeenEnrollment[]; stats: SeenStats }> {
  const { journey } = await caller.run<{ journey: { stats: SeenStats } }>(STATS, { id })
  const enrollments: SeenEnrollment[] = []
  for (let after: string | null = null; ; ) {
    const page: { enrollments: { pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: { node: SeenEnrollment }[] } } =
      await caller.run(ENROLLMENTS, { id, after })
    enrollments.push(...page.enrollments.edges.map(({ node }) => node))
    after = page.enrollments.pageInfo.endCursor
    if (!page.enrollments.pageInfo.hasNextPage || after === null) return { enrollments, stats: journey.stats }
  }
}
