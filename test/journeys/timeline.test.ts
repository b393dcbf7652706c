import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Somebody is looked at: before they were known, in a journey, as they buy; and while it happens. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const ITEM = `__typename ... on Event { name } ... on Visit { node enrollment { journey { name } } journeyNode { __typename key } } ... on Message { channel identity { maskedAddress } journeyNode { key ... on EmailNode { template { name } } } }
  ... on MessageStatusChange { status message { channel } } ... on Conversion { goal value enrollment { state } } ... on ConsentChange { consent { channel state } }`
type Item = { __typename: string } & Record<string, unknown>

/** What is told apart of an item, in one word. */
const wordOf = (item: Item): string => {
  const [name] = [item.name, item.node, item.status, item.goal, item.channel, (item.consent as { state: string } | undefined)?.state].filter(Boolean)
  return `${item.__typename} ${name}`
}

test('the timeline has it all in its order, and the stream tells the same as it happens', async () => {
  const email = await stage.template('EMAIL', { subject: 'Your cart', html: '<p>It waits</p>' })
  const journeyId = await stage.journey({
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'cart' } } },
      { key: 'mail', config: { email: { templateId: email, purpose: 'TRANSACTIONAL' } } },
      { key: 'buys', config: { wait: { events: [{ name: 'bought', event: 'order' }], timeout: 'P1D' } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'mail' },
      { from: 'mail', port: 'next', to: 'buys' },
    ],
    goals: [{ name: 'sale', event: 'order', window: 'P7D', valueProperty: 'total' }],
  })
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
    events: [{ messageId: 'v1', name: 'visited', contact: { anonymousId: 'device-1' } }],
  })
  const timeline = async () => {
    const answer = await stage.client.run<{ contact: { id: string; timeline: { edges: { node: Item }[] } } | null }>(
      `{ contact(ref: { externalId: "ada" }) { id timeline(first: 100) { edges { node { ${ITEM} } } } } }`,
    )
    return answer.contact
  }
  await stage.contact('ada', { email: 'ignorer.1@mail.example' })
  await stage.client.run(
    'mutation { identifyContact(input: { anonymousId: "device-1", externalId: "ada" }) { contact { externalId } userErrors { message } } }',
  )
  const before = await until(async () => {
    const found = await timeline()
    return (found?.timeline.edges.length ?? 0) >= 2 && found
  })
  expect(before.timeline.edges.map((edge) => wordOf(edge.node)).sort()).toEqual(['ConsentChange GRANTED', 'Event visited'])

  const client = createClient({
    url: `${stage.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${stage.key}` },
    retryAttempts: 0,
  })
  const heard: Item[] = []
  const stop = client.subscribe<{ contactTimeline: Item }>(
    { query: `subscription ($id: ID!) { contactTimeline(contactId: $id) { ${ITEM} } }`, variables: { id: before.id } },
    { next: ({ data }) => void (data && heard.push(data.contactTimeline)), error: () => {}, complete: () => {} },
  )
  // A subscription is not answered when it has begun: an event that means nothing tells.
  await until(async () => {
    if (heard.length === 0) await stage.event('ada', 'looked')
    return heard.length > 0
  })
  await stage.event('ada', 'cart')
  await stage.entered(journeyId, 'ada')
  await until(async () => heard.some((item) => item.status === 'DELIVERED'))
  await stage.event('ada', 'order', { total: 19.9 })
  await stage.ended(journeyId, 'ada')
  await until(async () => heard.some((item) => item.__typename === 'Conversion'))
  stop()
  await client.dispose()

  const told = heard.map(wordOf).filter((word) => word !== 'Event looked')
  expect(told.filter((word) => !word.startsWith('MessageStatusChange'))).toEqual([
    'Event cart',
    'Visit start',
    'Visit mail',
    'Message EMAIL',
    'Visit buys',
    'Event order',
    'Conversion sale',
  ])
  expect(heard.find((item) => item.__typename === 'Message')).toMatchObject({
    identity: { maskedAddress: 'i***@mail.example' },
    journeyNode: { key: 'mail', template: { name: expect.any(String) } },
  })
  expect(heard.filter((item) => item.__typename === 'Visit').map((item) => item.journeyNode)).toEqual([
    { __typename: 'EventTriggerNode', key: 'start' },
    { __typename: 'EmailNode', key: 'mail' },
    { __typename: 'WaitNode', key: 'buys' },
  ])
  expect(heard.find((item) => item.__typename === 'Conversion')).toMatchObject({ value: '19.9', enrollment: { state: 'CONVERTED' } })
  const whole = (await timeline())?.timeline.edges.map((edge) => wordOf(edge.node)) ?? []
  expect(new Set(whole)).toEqual(new Set([...before.timeline.edges.map((edge) => wordOf(edge.node)), ...heard.map(wordOf)]))
  expect(told.filter((word) => word === 'MessageStatusChange DELIVERED')).toEqual(['MessageStatusChange DELIVERED'])
})
