import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ChannelEnum } from '../../../src/graphql/channel.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const CREATE = `mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id name status draft { problems { code } } } userErrors { code path message } } }`
const UPDATE = `mutation ($input: UpdateJourneyDraftInput!) { updateJourneyDraft(input: $input) { journey { id name description status draft { nodes { key } } liveVersion { number } } userErrors { code path } } }`
const PUBLISH = `mutation ($input: PublishJourneyInput!) { publishJourney(input: $input) { journey { status liveVersion { id number } } problems { code node path } userErrors { code path } } }`

async function add(key: string, input: Record<string, unknown>) {
  const answer = await api.graphql(key, CREATE, { input })
  expect(answer.errors).toBeUndefined()
  return answer.data.createJourney
}

async function change(key: string, mutation: 'pauseJourney' | 'resumeJourney' | 'archiveJourney', input: Record<string, unknown>) {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`
  const answer = await api.graphql(
    key,
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { journey { status pausedAt } userErrors { code path } } }`,
    { input },
  )
  expect(answer.errors).toBeUndefined()
  return answer.data[mutation]
}

const make = async (key: string, field: string, type: string, input: Record<string, unknown>): Promise<string> => {
  const [mutation, answer] = [`create${type}`, `${field} { id }`]
  const { data, errors } = await api.graphql(key, `mutation ($input: Create${type}Input!) { ${mutation}(input: $input) { ${answer} } }`, { input })
  expect(errors).toBeUndefined()
  return data[mutation][field].id
}
const emailTemplate = (key: string) =>
  make(key, 'template', 'Template', {
    name: 'Welcome',
    channel: 'EMAIL',
    variants: [{ locale: 'en', content: { subject: 'Hello', html: '<p>Hello</p>' } }],
  })

const SIMPLE = {
  nodes: [
    { key: 'start', config: { apiTrigger: {} } },
    { key: 'end', config: { exit: { reason: 'done' } } },
  ],
  edges: [{ from: 'start', port: 'next', to: 'end' }],
}

test('every kind of node is answered as its own type, with what it was given', async () => {
  const { key } = await api.workspace()
  const [template, topic] = [await emailTemplate(key), await make(key, 'topic', 'Topic', { name: 'News' })]
  const consent = { any: [{ consent: { channel: 'EMAIL', topic, state: 'GRANTED' } }, { not: { reachable: 'PUSH' } }] }
  const where = [{ path: 'total', op: 'GT', value: 10 }]
  const message = {
    templateId: template,
    topicId: topic,
    purpose: 'SERVICE',
    followUps: [{ on: 'IGNORED', after: 'P1D' }],
    nextAfter: 'P2D',
    dedupe: { key: 'event.cartId', window: 'P7D' },
  }
  const update = {
    attributes: [{ name: 'a', value: { gone: null } }],
    unset: ['b'],
    addTags: ['c'],
    removeTags: ['d'],
    variables: [{ name: 'e', from: 'event.total' }],
  }
  const configs = {
    eventTrigger: { event: 'cart.filled', where, matchKey: 'cartId', quietFor: 'PT1H', condition: { tag: 'vip' } },
    apiTrigger: { matchKey: 'cartId' },
    contactTrigger: { change: 'CHANGED', fields: ['plan'] },
    inactivityTrigger: { events: ['visit'], after: 'P30D' },
    email: message,
    sms: message,
    push: message,
    delay: { until: { attribute: 'birthday', time: '09:30', offset: 'P3D', direction: 'BEFORE' } },
    wait: { events: [{ name: 'paid', event: 'order.paid', where, matchKey: 'cartId' }], timeout: 'P1D', sinceEntry: false },
    branch: { branches: [{ name: 'yes', when: consent }] },
    repeat: { every: 'P1W', times: 3, until: { condition: consent } },
    update,
    webhook: {
      method: 'PATCH',
      url: 'https://hooks.example/{{ key }}',
      headers: [{ name: 'X-Key', value: '{{ secrets.token }}' }],
      body: { json: { templateId: null, list: ['{{ vars.a }}', null] } },
      timeout: 'PT5S',
      retries: { times: 3, pause: 'PT2S' },
      success: ['2xx', '404'],
      variables: [{ name: 'score', from: 'body.score' }],
    },
    exit: { reason: 'done' },
  }
  const graph = {
    reentry: { rule: 'ONE_AT_A_TIME', notWithin: 'P1D' },
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: Object.entries(configs).map(([kind, config], index) => ({
      key: `${kind}_1`,
      name: kind,
      position: { x: index, y: 0.5 },
      config: { [kind]: config },
    })),
    edges: [{ from: 'email_1', port: 'ignored', to: 'exit_1' }],
    exitRules: [{ condition: consent, reason: 'gone' }],
    goals: [{ name: 'bought', event: 'order.paid', where, window: 'P7D', valueProperty: 'total', onReached: 'RECORD' }],
  }
  const { journey } = await add(key, { name: 'All', graph })
  const MESSAGE = 'templateId topicId purpose followUps { on after } nextAfter dedupe { key window }'
  const { data, errors } = await api.graphql(
    key,
    `query ($id: ID!) { journey(id: $id) { draft {
      reentry { rule notWithin } settings { purpose } edges { from port to }
      exitRules { condition reason } goals { name event where window valueProperty onReached }
      nodes { __typename kind key name position { x y } config ports { name connectedTo }
        ... on EventTriggerNode { event where matchKey quietFor condition } ... on ApiTriggerNode { matchKey } ... on ContactTriggerNode { change fields }
        ... on InactivityTriggerNode { names: events after } ... on MessageNode { ${MESSAGE} template { name } topic { name } }
        ... on DelayNode { until { attribute time offset direction } } ... on WaitNode { events { name event where matchKey } timeout sinceEntry }
        ... on BranchNode { branches { name when } } ... on RepeatNode { every times rule: until { condition } }
        ... on UpdateNode { attributes { name value } unset addTags removeTags variables { name from } } ... on ExitNode { reason }
        ... on WebhookNode { method url headers { name value } body { json } timeout retries { times pause } success variables { name from } } } } } }`,
    { id: journey.id },
  )
  expect(errors).toBeUndefined()
  const { draft } = data.journey
  const { nodes, ...rest } = draft
  expect(rest).toEqual({ reentry: graph.reentry, settings: graph.settings, edges: graph.edges, exitRules: graph.exitRules, goals: graph.goals })
  const typed = { inactivityTrigger: { names: ['visit'], after: 'P30D' }, repeat: { every: 'P1W', times: 3, rule: { condition: consent } } }
  const resolved = { ...message, template: { name: 'Welcome' }, topic: { name: 'News' } }
  const own: Record<string, object> = { ...configs, ...typed, email: resolved, sms: resolved, push: resolved }
  expect(nodes).toEqual(
    graph.nodes.map(({ key: node, name, position }, index) => ({
      ...{ __typename: `${name[0]?.toUpperCase()}${name.slice(1)}Node`, kind: name, key: node, name, position },
      ...{ config: Object.values(configs)[index], ports: expect.any(Array), ...own[name] },
    })),
  )
  expect(nodes[4].ports).toEqual([
    { name: 'next', connectedTo: null },
    { name: 'ignored', connectedTo: 'exit_1' },
    { name: 'failed', connectedTo: null },
    { name: 'suppressed', connectedTo: null },
  ])
})

test('a draft may have problems; publishing names each with its node, and freezes a sound one', async () => {
  const { key } = await api.workspace()
  const broken = { nodes: [...SIMPLE.nodes, { key: 'mail', config: { email: { templateId: 'none' } } }], edges: SIMPLE.edges }
  const { journey, userErrors } = await add(key, { name: ' Hello ', graph: broken })
  expect(userErrors).toEqual([])
  expect(journey).toMatchObject({ name: 'Hello', status: 'DRAFT', draft: { problems: [{ code: 'UNKNOWN_TEMPLATE' }, { code: 'UNREACHABLE' }] } })
  const refused = (await api.graphql(key, PUBLISH, { input: { id: journey.id, idempotencyKey: 'p' } })).data.publishJourney
  expect(refused).toEqual({
    journey: null,
    problems: [
      { code: 'UNKNOWN_TEMPLATE', node: 'mail', path: ['templateId'] },
      { code: 'UNREACHABLE', node: 'mail', path: [] },
    ],
    userErrors: [
      { code: 'JOURNEY_INVALID', path: ['mail', 'templateId'] },
      { code: 'JOURNEY_INVALID', path: ['mail'] },
    ],
  })
  await api.graphql(key, UPDATE, { input: { id: journey.id, graph: SIMPLE } })
  const first = (await api.graphql(key, PUBLISH, { input: { id: journey.id, idempotencyKey: 'p' } })).data.publishJourney
  expect(first).toMatchObject({ journey: { status: 'LIVE', liveVersion: { number: 1 } }, problems: [], userErrors: [] })
  expect((await api.graphql(key, PUBLISH, { input: { id: journey.id, idempotencyKey: 'p' } })).data.publishJourney).toEqual(first)
  const changed = (
    await api.graphql(key, UPDATE, { input: { id: journey.id, name: 'Renamed', description: 'Why', graph: { nodes: [], edges: [] } } })
  ).data.updateJourneyDraft
  expect(changed.journey).toEqual({
    id: journey.id,
    name: 'Renamed',
    description: 'Why',
    status: 'LIVE',
    draft: { nodes: [] },
    liveVersion: { number: 1 },
  })
  await api.graphql(key, UPDATE, { input: { id: journey.id, graph: SIMPLE } })
  await api.graphql(key, PUBLISH, { input: { id: journey.id } })
  const found = await api.graphql(
    key,
    `query ($id: ID!) { journey(id: $id) { description liveVersion { number } versions(first: 1) { edges { node { number graph { nodes { id key } problems { code } } } } pageInfo { hasNextPage } } } }`,
    { id: journey.id },
  )
  const version = found.data.journey.versions.edges[0].node
  expect(found.data.journey).toMatchObject({ description: 'Why', liveVersion: { number: 2 }, versions: { pageInfo: { hasNextPage: true } } })
  expect(version).toMatchObject({ number: 2, graph: { nodes: [{ key: 'start' }, { key: 'end' }], problems: [] } })
  expect(Buffer.from(version.graph.nodes[0].id, 'base64url').toString()).toBe(
    `JourneyNode:${Buffer.from(journey.id, 'base64url').toString().slice(8)}:start`,
  )
})

test('pausing, resuming and archiving go one way each, and say so where they cannot', async () => {
  const { key } = await api.workspace()
  const { journey } = await add(key, { name: 'States', graph: SIMPLE })
  const conflict = { journey: null, userErrors: [{ code: 'CONFLICT', path: ['id'] }] }
  expect(await change(key, 'pauseJourney', { id: journey.id })).toEqual(conflict)
  await api.graphql(key, PUBLISH, { input: { id: journey.id } })
  expect(await change(key, 'pauseJourney', { id: journey.id })).toEqual({
    journey: { status: 'PAUSED', pausedAt: expect.any(String) },
    userErrors: [],
  })
  const before = api.jobs.length
  expect(await change(key, 'resumeJourney', { id: journey.id })).toEqual({ journey: { status: 'LIVE', pausedAt: null }, userErrors: [] })
  await change(key, 'pauseJourney', { id: journey.id })
  await change(key, 'resumeJourney', { id: journey.id, overdue: 'SKIP' })
  expect(api.jobs.slice(before)).toMatchObject([
    { queue: 'resume', data: { policy: 'RESCHEDULE' } },
    { queue: 'resume', data: { policy: 'SKIP' } },
  ])
  expect(await change(key, 'resumeJourney', { id: journey.id })).toEqual(conflict)
  expect(await change(key, 'archiveJourney', { id: journey.id })).toMatchObject({ journey: { status: 'ARCHIVED' } })
  expect((await api.graphql(key, UPDATE, { input: { id: journey.id, name: 'Late' } })).data.updateJourneyDraft).toEqual(conflict)
})

test('a graph is judged without being kept, and malformed ones are refused where they are wrong', async () => {
  const { key } = await api.workspace()
  const VALIDATE = `query ($graph: JourneyGraphInput!) { validateJourney(graph: $graph) { code node path } }`
  expect((await api.graphql(key, VALIDATE, { graph: SIMPLE })).data.validateJourney).toEqual([])
  expect((await api.graphql(key, VALIDATE, { graph: { nodes: [], edges: [] } })).data.validateJourney).toEqual([
    { code: 'NO_TRIGGER', node: null, path: ['nodes'] },
  ])
  const node = (config: object) => ({ graph: { nodes: [{ key: 'a', config }], edges: [] } })
  const two = await api.graphql(key, VALIDATE, node({ apiTrigger: {}, exit: {} }))
  expect(two.errors?.[0]).toMatchObject({
    message: expect.stringContaining('Exactly one key must be specified for OneOf type "NodeConfigInput"'),
    extensions: { code: 'INVALID_INPUT' },
  })
  const condition = await api.graphql(
    key,
    VALIDATE,
    node({ apiTrigger: { condition: { all: [{ tag: 'a' }, { attribute: { path: 'x', op: 'LIKE' } }] } } }),
  )
  expect(condition.errors?.[0]?.message).toMatch(/graph\.nodes\[0\]\.config\.apiTrigger\.condition.*all\.1\.attribute\.op must be one of/)
  const refused = await add(key, { name: 'Bad', graph: { nodes: [{ key: '1st', config: { exit: {} } }], edges: [] } })
  expect(refused).toMatchObject({ journey: null, userErrors: [{ code: 'INVALID_INPUT', path: ['graph', 'nodes', '0', 'key'] }] })
})

test('journeys are listed newest first, filtered, and unknown outside their workspace', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const [a, b] = [(await add(mine.key, { name: 'Cart 100%', graph: SIMPLE })).journey, (await add(mine.key, { name: 'Welcome' })).journey]
  await api.graphql(mine.key, PUBLISH, { input: { id: a.id } })
  const LIST = `query ($status: [JourneyStatus!], $search: String) { journeys(status: $status, search: $search) { edges { node { id } } } }`
  const list = async (key: string, variables: object) =>
    (await api.graphql(key, LIST, { ...variables })).data.journeys.edges.map((each: { node: { id: string } }) => each.node.id)
  expect(await list(mine.key, {})).toEqual([b.id, a.id])
  expect(await list(mine.key, { status: ['LIVE', 'PAUSED'] })).toEqual([a.id])
  expect(await list(mine.key, { search: '0%' })).toEqual([a.id])
  expect(await list(mine.key, { search: 'W_lcome' })).toEqual([])
  expect(await list(other.key, {})).toEqual([])
  expect((await api.graphql(other.key, `query ($id: ID!) { journey(id: $id) { id } }`, { id: a.id })).data.journey).toBeNull()
  expect((await api.graphql(other.key, UPDATE, { input: { id: a.id, name: 'Taken' } })).data.updateJourneyDraft).toEqual({
    journey: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
  })
  expect(await change(other.key, 'archiveJourney', { id: a.id })).toEqual({ journey: null, userErrors: [{ code: 'NOT_FOUND', path: ['id'] }] })
})

test('the problems of a whole page of drafts are found at once, and each is its own draft’s', async () => {
  const { key } = await api.workspace()
  const template = await emailTemplate(key)
  for (const templateId of [template, 'none', template]) {
    const mail = { key: 'mail', config: { email: { templateId, purpose: 'TRANSACTIONAL' } } }
    const edges = [
      { from: 'start', port: 'next', to: 'mail' },
      { from: 'mail', port: 'next', to: 'end' },
    ]
    await add(key, { name: templateId, graph: { nodes: [...SIMPLE.nodes, mail], edges } })
  }
  const reads = vi.spyOn(api.services.orm.em, 'fork')
  const { data } = await api.graphql(key, '{ journeys { edges { node { draft { problems { code node } } } } } }')
  // The journeys, and what their graphs name.
  expect(reads).toHaveBeenCalledTimes(2)
  reads.mockRestore()
  const found = data.journeys.edges.map((edge: { node: { draft: { problems: object[] } } }) => edge.node.draft.problems)
  expect(found).toEqual([[], [{ code: 'UNKNOWN_TEMPLATE', node: 'mail' }], []])
})

test('the catalogue has every kind with the ports it always has', async () => {
  const { key } = await api.workspace()
  const { data, errors } = await api.graphql(key, '{ nodeKinds { kind title icon category schema ports { name required } } }')
  expect(errors).toBeUndefined()
  const ports = data.nodeKinds.map((each: { kind: string; category: string; ports: { name: string; required: boolean }[] }) => [
    each.kind,
    each.category,
    each.ports.map((port) => `${port.name}${port.required ? '!' : ''}`).join(' '),
  ])
  expect(ports).toEqual([
    ...['eventTrigger', 'apiTrigger', 'contactTrigger', 'inactivityTrigger'].map((kind) => [kind, 'TRIGGER', 'next!']),
    ...['email', 'sms', 'push', 'webPush', 'inApp', 'whatsapp', 'rcs'].map((kind) => [kind, 'MESSAGE', 'next failed suppressed']),
    ['multi', 'MESSAGE', 'next failed suppressed'],
    ['escalation', 'MESSAGE', 'engaged exhausted suppressed'],
    ['delay', 'FLOW', 'next!'],
    ['wait', 'FLOW', 'timeout'],
    ['branch', 'FLOW', 'else'],
    ['repeat', 'FLOW', 'body! done'],
    ['update', 'DATA', 'next'],
    ['webhook', 'DATA', 'success error'],
    ['exit', 'FLOW', ''],
  ])
  const chosen = [...JSON.stringify(data.nodeKinds).matchAll(/"enum":(\["push"[^\]]*\])/gi)].map(([, values = '']) => JSON.parse(values))
  expect(chosen.length).toBeGreaterThan(0)
  for (const channels of chosen) expect(Object.keys(ChannelEnum)).toEqual(expect.arrayContaining(channels))
  expect(data.nodeKinds.find((each: { kind: string }) => each.kind === 'exit')).toMatchObject({
    title: 'Exit',
    icon: 'log-out',
    schema: { type: 'object', additionalProperties: false, properties: { reason: { type: 'string' } } },
  })
})

test('a version that this build cannot run says why it stands still, and can still be read; one that runs has no fault', async () => {
  const { key } = await api.workspace()
  const { journey } = await add(key, { name: 'Later', graph: SIMPLE })
  const published = await api.graphql(key, PUBLISH, { input: { id: journey.id } })
  const { id } = published.data.publishJourney.journey.liveVersion
  const read = () => api.graphql(key, '{ journeys { edges { node { liveVersion { id fault graph { nodes { __typename key kind } } } } } } }')
  const nodes = [
    { __typename: 'ApiTriggerNode', key: 'start', kind: 'apiTrigger' },
    { __typename: 'ExitNode', key: 'end', kind: 'exit' },
  ]
  expect((await read()).data.journeys.edges).toEqual([{ node: { liveVersion: { id, fault: null, graph: { nodes } } } }])
  // As a build leaves it that knows a kind this one does not.
  await database.owner.query(
    `UPDATE journey_version v SET graph = jsonb_set(graph, '{nodes,1,kind}', '"later_kind"') FROM journey j WHERE v.id = j.live_version_id AND j.name = 'Later'`,
  )
  const { data, errors } = await read()
  expect(errors).toBeUndefined()
  expect(data.journeys.edges[0].node.liveVersion).toMatchObject({ id, fault: 'node end is not valid' })
})
