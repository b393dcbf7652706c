import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Somebody anonymous starts a journey, then says who they are; and fifty identical triggers come at once. */
let stage: Stage
let journeyId: string

beforeAll(async () => {
  stage = await openStage()
  const email = await stage.template('EMAIL', { subject: 'Welcome {{ contact.firstName }}', html: '<p>Hello</p>' })
  journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'visited' } } },
      { key: 'known', config: { wait: { events: [{ name: 'bought', event: 'order.placed' }], timeout: 'P1D' } } },
      { key: 'mail', config: { email: { templateId: email, purpose: 'TRANSACTIONAL' } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'known' },
      { from: 'known', port: 'bought', to: 'mail' },
    ],
  })
})
afterAll(() => stage.close())

const INGEST = 'mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted duplicates rejected { index } } }'
const ALL = 'query ($id: ID!) { enrollments(journeyId: $id, first: 50) { edges { node { state contact { externalId } messages { status } } } } }'

interface Found {
  enrollments: { edges: { node: { state: string; contact: { externalId: string | null }; messages: { status: string }[] } }[] }
}
const enrollments = async () => (await stage.client.run<Found>(ALL, { id: journeyId })).enrollments.edges.map((edge) => edge.node)

test('an anonymous contact that becomes known keeps its running journey, which hears the known contact’s events', async () => {
  // The known contact is there before, so that the two have to be merged.
  await stage.contact('grace', { email: 'ignorer.7@mail.example' })
  await stage.client.run(INGEST, { events: [{ messageId: 'v1', name: 'visited', contact: { anonymousId: 'device-1' } }] })
  await until(async () => (await enrollments()).length === 1)
  await stage.client.run(
    'mutation { identifyContact(input: { anonymousId: "device-1", externalId: "grace" }) { contact { externalId } userErrors { message } } }',
  )
  await stage.event('grace', 'order.placed')
  const [end] = await until(async () => {
    const all = await enrollments()
    return all[0]?.state === 'COMPLETED' && all
  })
  expect(end?.contact.externalId).toBe('grace')
  expect(end?.messages).toHaveLength(1)
})

test('fifty identical triggers at once make one enrollment', async () => {
  const before = (await enrollments()).length
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      stage.client.run(INGEST, { events: [{ messageId: `p${n}`, name: 'visited', contact: { externalId: 'alan' } }] }),
    ),
  )
  // The fifty are in the inbox; an event behind them in the same lane tells when all have been read.
  await stage.event('alan', 'order.placed')
  await until(async () => (await enrollments()).some((each) => each.contact.externalId === 'alan' && each.state === 'EXITED'))
  expect((await enrollments()).length).toBe(before + 1)
})
