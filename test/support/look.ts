import type { Stage } from './stage.ts'
import { until } from './until.ts'

/** One enrollment as a reader of the API sees it. */
export interface Seen {
  id: string
  state: string
  endReason: string | null
  key: string | null
  node: string | null
  dueAt: string | null
  enteredAt: string
  contact: { externalId: string }
  /** In order, as `node:port`; a visit that lasts has no port. */
  path: string[]
  visits: { node: string; port: string | null; enteredAt: string; leftAt: string | null }[]
  /** In the order of their nodes on the path: those of one tick have no other. */
  messages: { id: string; nodeKey: string; channel: string; status: string; attempt: number; failure: { code: string; class: string } | null }[]
  trace: { code: string; node: string | null; data: Record<string, unknown> | null }[]
}

const ENROLLMENTS = `query ($journeyId: ID!, $after: String) { enrollments(journeyId: $journeyId, first: 100, after: $after) {
  pageInfo { hasNextPage endCursor }
  edges { node { id state endReason key node dueAt enteredAt contact { externalId } visits { node port enteredAt leftAt }
    messages { id nodeKey channel status attempt failure { code class } } trace { code node data } } } } }`

/** Every enrollment of a journey, in the order of entry; those of one millisecond in any. */
export async function look(stage: Stage, journeyId: string): Promise<Seen[]> {
  const all: Seen[] = []
  for (let after: string | null = null; ; ) {
    const { enrollments }: { enrollments: { pageInfo: { hasNextPage: boolean; endCursor: string }; edges: { node: Seen }[] } } =
      await stage.client.run(ENROLLMENTS, { journeyId, after })
    all.push(...enrollments.edges.map((edge) => edge.node))
    if (!enrollments.pageInfo.hasNextPage) break
    after = enrollments.pageInfo.endCursor
  }
  for (const each of all) {
    const place = (message: Seen['messages'][number]) => each.visits.findIndex((visit) => visit.node === message.nodeKey)
    each.messages.reverse().sort((a, b) => place(a) - place(b))
    each.path = each.visits.map(({ node, port }) => (port === null ? node : `${node}:${port}`))
  }
  return all.reverse()
}

/** Waits until an enrollment of the contact is as asked; answers the newest that is. */
export function seen(stage: Stage, journeyId: string, externalId: string, as: (one: Seen) => boolean = () => true): Promise<Seen> {
  return until(async () => (await look(stage, journeyId)).findLast((each) => each.contact.externalId === externalId && as(each)))
}

export const hasEnded = (one: Seen): boolean => one.node === null

export interface Numbers {
  started: number
  active: number
  completed: number
  converted: number
  exited: number
  dropped: number
  goals: number
  revenue: string | null
  conversionRate: number | null
}

export async function numbers(stage: Stage, journeyId: string): Promise<Numbers> {
  const answer = await stage.client.run<{ journey: { stats: Numbers } }>(
    'query ($journeyId: ID!) { journey(id: $journeyId) { stats { started active completed converted exited dropped goals revenue conversionRate } } }',
    { journeyId },
  )
  return answer.journey.stats
}

/** Waits until so many have entered and all have ended. */
export const allEnded = (stage: Stage, journeyId: string, started: number): Promise<Numbers> =>
  until(async () => {
    const now = await numbers(stage, journeyId)
    return now.started === started && now.active === 0 && now
  })

/** Why a contact was not let in, by code: those of one tick have no order. */
export async function refusals(stage: Stage, externalId: string): Promise<{ code: string; data: Record<string, unknown> | null }[]> {
  const { contact } = await stage.client.run<{ contact: { id: string } }>('query ($ref: ContactRef!) { contact(ref: $ref) { id } }', {
    ref: { externalId },
  })
  const answer = await stage.client.run<{ refusals: { code: string; data: Record<string, unknown> | null }[] }>(
    'query ($id: ID!) { refusals(contactId: $id, first: 100) { code data } }',
    { id: contact.id },
  )
  return answer.refusals.sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
}

/** Waits until the ring has read so many of a contact's events. */
export async function heard(stage: Stage, externalId: string, count: number): Promise<void> {
  await until(async () => {
    const answer = await stage.client.run<{ contact: { events: { edges: { cursor: string }[] } } | null }>(
      'query ($ref: ContactRef!) { contact(ref: $ref) { events(first: 100) { edges { cursor } } } }',
      { ref: { externalId } },
    )
    return answer.contact?.events.edges.length === count
  })
}
