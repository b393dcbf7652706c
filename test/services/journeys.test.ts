import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Graph, GraphNode, JourneyStatus } from '../../src/domain/journey/graph.ts'
import type { Json } from '../../src/domain/json.ts'
import { NO_SLOTS } from '../../src/domain/whatsapp-template.ts'
import type { Caller } from '../../src/services/context.ts'
import {
  archiveJourney,
  createJourney,
  journeysByIds,
  listJourneys,
  listVersions,
  pauseJourney,
  problemsOf,
  publishJourney,
  resumeJourney,
  updateJourneyDraft,
  versionsByIds,
} from '../../src/services/journeys.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { createTopic } from '../../src/services/topics.ts'
import { newId } from '../../src/store/new-id.ts'
import { connected } from '../support/callbacks.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const START: GraphNode = { key: 'start', kind: 'event_trigger', config: { event: 'signed.up' } }
function graph(nodes: GraphNode[] = [{ key: 'bye', kind: 'exit', config: {} }], start = START): Graph {
  const edges = nodes[0] === undefined ? [] : [{ from: 'start', port: 'next', to: nodes[0].key }]
  return { reentry: { rule: 'ONCE' }, nodes: [start, ...nodes], edges, exitRules: [], goals: [], settings: { purpose: 'SERVICE' } }
}
const journeyOf = async (caller: Caller, id: string) => (await journeysByIds(here.services, caller, [id])).get(id)
const live = async (caller: Caller, drawn = graph()) => {
  const id = await createJourney(here.services, caller, { name: 'Live', graph: drawn })
  return publishJourney(here.services, caller, { id })
}

test('a draft may have problems, but must be a graph; what is wrong is told by path', async () => {
  const caller = await here.workspace()
  const id = await createJourney(here.services, caller, { name: ' Welcome ' })
  expect(await journeyOf(caller, id)).toMatchObject({ name: 'Welcome', status: 'DRAFT', draft: { nodes: [] }, liveVersionId: null })
  await updateJourneyDraft(here.services, caller, {
    id,
    graph: graph([{ key: 'mail', kind: 'email', config: { templateId: 'nothing' } }]),
    description: 'For everybody',
  })
  const drafted = await journeyOf(caller, id)
  expect(drafted).toMatchObject({ description: 'For everybody', draft: { nodes: [{ key: 'start' }, { key: 'mail' }] } })
  const broken = { ...graph(), nodes: [{ key: '1st', kind: 'exit', config: {} }] }
  const refused = await faultOf(updateJourneyDraft(here.services, caller, { id, graph: broken }))
  expect(refused).toEqual({ code: 'INVALID_INPUT', path: ['graph', 'nodes', '0', 'key'] })
  expect((await journeyOf(caller, id))?.draft).toEqual(drafted?.draft)
})

/** Takes twenty seconds to parse. */
const ENDLESS = '{{a}}'.repeat(190_000)
const calling = (body: { json?: Json; text?: string }) =>
  graph([{ key: 'call', kind: 'webhook', config: { method: 'POST', url: 'https://hooks.example/', body } }])

test('what is no Liquid in a call is told by its field, and one that is read for good is a problem of its own graph', async () => {
  const caller = await here.workspace()
  const found = await problemsOf(here.services, caller, [
    calling({ json: { a: ['{{ event.x }}', '{% if %}'] } }),
    calling({ json: { a: ENDLESS, b: '{{ b }}' } }),
    calling({ json: 'Hi {{ contact.locale }}' }),
    calling({ text: '{% render "footer" %}' }),
  ])
  expect(
    found.map((problems) =>
      problems.filter(({ node }) => node === 'call').flatMap(({ code, path }) => (path[1] === undefined ? [] : [[code, path.join('.')]])),
    ),
  ).toEqual([
    [['INVALID_CONFIG', 'body.json.a.1']],
    [
      ['INVALID_CONFIG', 'body.json'],
      ['INVALID_CONFIG', 'body.json.a'],
      ['INVALID_CONFIG', 'body.json.b'],
    ],
    [],
    [['INVALID_CONFIG', 'body.text']],
  ])
  const id = await createJourney(here.services, caller, { name: 'Call', graph: calling({ text: '{% if %}' }) })
  await expect(publishJourney(here.services, caller, { id })).rejects.toMatchObject({ code: 'JOURNEY_INVALID' })
})

test('a draft that is changed while its texts are looked at is not published unread', async () => {
  const caller = await here.workspace()
  const id = await createJourney(here.services, caller, { name: 'Call', graph: calling({ text: '{{ a }}' }) })
  const { renderer } = here.services
  const uses: typeof renderer.uses = async (texts) => {
    await updateJourneyDraft(here.services, caller, { id, graph: calling({ text: '{{ b }}' }) })
    return renderer.uses(texts)
  }
  const services = { ...here.services, renderer: { ...renderer, uses } }
  expect(await faultOf(publishJourney(services, caller, { id }))).toEqual({ code: 'CONFLICT', path: ['id'] })
  expect(await journeyOf(caller, id)).toMatchObject({ status: 'DRAFT', liveVersionId: null })
})

test('a template that its provider would refuse is a problem of every node that names it, wherever in its settings', async () => {
  const caller = await here.workspace()
  const content = { category: 'MARKETING', template: { name: 'spring_sale', language: 'en_US' } }
  const variants = [{ locale: 'en', content }]
  const templateId = await createTemplate(here.services, caller, { name: 'Sale', channel: 'whatsapp', variants })
  const nodes: GraphNode[] = [
    { key: 'say', kind: 'whatsapp', config: { templateId } },
    { key: 'climb', kind: 'escalation', config: { rungs: [{ channel: 'whatsapp', templateId, wait: 'PT1H' }] } },
  ]
  const refused = async () =>
    (await problemsOf(here.services, caller, [graph(nodes)]))[0]?.flatMap(({ code, node, path, message }) =>
      code === 'TEMPLATE_REFUSED' ? [[node, path.join('.'), message]] : [],
    )
  const everywhere = (message: string) => [
    ['say', 'templateId', message],
    ['climb', 'rungs.0.templateId', message],
  ]
  expect(await refused()).toEqual(everywhere('no WhatsApp connection is live, so no template is approved'))
  const connection = await connected(here, caller, 'meta')
  expect(await refused()).toEqual(everywhere('variants.0.content.template: is not among the provider’s templates; sync them'))
  await here.database.owner.query(
    `INSERT INTO whatsapp_template (id, workspace_id, connection_id, provider_id, name, language, category, status, components, slots)
      VALUES ($1, $2, $3, '7', 'spring_sale', 'en_US', 'MARKETING', 'PENDING', '[]', $4)`,
    [newId(), caller.workspaceId, connection.id, NO_SLOTS],
  )
  expect(await refused()).toEqual(everywhere('variants.0.content.template: is PENDING'))
  await here.database.owner.query(`UPDATE whatsapp_template SET status = 'APPROVED'`)
  expect(await refused()).toEqual([])
})

test('validation knows the workspace’s own templates and topics, and nobody else’s', async () => {
  const [caller, other] = [await here.workspace(), await here.workspace()]
  const variants = [{ locale: 'en', content: { body: 'Hi' } }]
  const [mine, theirs] = [
    await createTemplate(here.services, caller, { name: 'T', channel: 'sms', variants }),
    await createTemplate(here.services, other, { name: 'T', channel: 'sms', variants }),
  ]
  const [topic, foreign] = [await createTopic(here.services, caller, { name: 'News' }), await createTopic(here.services, other, { name: 'News' })]
  const codes = async (kind: string, templateId: string, topicId: string) =>
    (await problemsOf(here.services, caller, [graph([{ key: 'say', kind, config: { templateId, topicId } }])]))[0]?.map(({ code, node, path }) => [
      code,
      node,
      ...path,
    ])
  expect(await codes('sms', mine, topic.id)).toEqual([])
  expect(await codes('email', mine, topic.id)).toEqual([['UNKNOWN_TEMPLATE', 'say', 'templateId']])
  expect(await codes('sms', theirs, foreign.id)).toEqual([
    ['UNKNOWN_TEMPLATE', 'say', 'templateId'],
    ['UNKNOWN_TOPIC', 'say', 'topicId'],
  ])
  expect(await codes('sms', 'no id', 'no id')).toEqual([
    ['UNKNOWN_TEMPLATE', 'say', 'templateId'],
    ['UNKNOWN_TOPIC', 'say', 'topicId'],
  ])
})

test('a template with variants for several channels fits a node of each, and WhatsApp’s faults are of WhatsApp’s nodes', async () => {
  const caller = await here.workspace()
  const variants = [
    { locale: 'en', content: { body: 'Hi' } },
    { locale: 'en', channel: 'email' as const, content: { subject: 'Hi', html: '<p>Hi</p>' } },
    { locale: 'en', channel: 'whatsapp' as const, content: { category: 'UTILITY', template: { name: 'hi', language: 'en' } } },
  ]
  const templateId = await createTemplate(here.services, caller, { name: 'T', channel: 'sms', variants })
  const codes = async (kind: string) =>
    (await problemsOf(here.services, caller, [graph([{ key: 'say', kind, config: { templateId } }])]))[0]?.map(({ code }) => code)
  expect([await codes('sms'), await codes('email'), await codes('push')]).toEqual([[], [], ['UNKNOWN_TEMPLATE']])
  expect(await codes('whatsapp')).toEqual(['TEMPLATE_REFUSED'])
})

test('a graph with problems is not published, and all of them are told', async () => {
  const caller = await here.workspace()
  const id = await createJourney(here.services, caller, {
    name: 'J',
    graph: graph([
      { key: 'wait', kind: 'delay', config: {} },
      { key: 'odd', kind: 'teleport', config: {} },
    ]),
  })
  await expect(publishJourney(here.services, caller, { id })).rejects.toMatchObject({
    code: 'JOURNEY_INVALID',
    path: ['id'],
    data: {
      problems: expect.arrayContaining([
        expect.objectContaining({ code: 'UNKNOWN_KIND', node: 'odd' }),
        expect.objectContaining({ code: 'INVALID_CONFIG', node: 'wait' }),
      ]),
    },
  })
  expect(await journeyOf(caller, id)).toMatchObject({ status: 'DRAFT', liveVersionId: null })
  expect(await listVersions(here.services, caller, { journeyId: id, first: 10, before: null })).toEqual([])
})

test('publishing freezes: later drafts leave the version as it was, and the next has the next number', async () => {
  const caller = await here.workspace()
  const id = await live(caller)
  const first = await journeyOf(caller, id)
  expect(first?.status).toBe('LIVE')
  await updateJourneyDraft(here.services, caller, { id, graph: graph([{ key: 'later', kind: 'exit', config: {} }]) })
  const version = (await versionsByIds(here.services, caller, [first?.liveVersionId ?? ''])).get(first?.liveVersionId ?? '')
  expect(version).toMatchObject({ number: 1, journeyId: id, graph: graph() })
  await publishJourney(here.services, caller, { id })
  expect(
    (await listVersions(here.services, caller, { journeyId: id, first: 10, before: null })).map((each) => [each.number, each.graph.nodes[1]?.key]),
  ).toEqual([
    [2, 'later'],
    [1, 'bye'],
  ])
  expect((await journeyOf(caller, id))?.liveVersionId).not.toBe(first?.liveVersionId)
})

test('ten publications at once make ten versions, none twice; with one key they make one', async () => {
  const caller = await here.workspace()
  const id = await createJourney(here.services, caller, { name: 'J', graph: graph() })
  await Promise.all(Array.from({ length: 10 }, () => publishJourney(here.services, caller, { id })))
  const numbers = async () =>
    (await listVersions(here.services, caller, { journeyId: id, first: 50, before: null })).map((each) => each.number).sort((a, b) => a - b)
  expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await Promise.all(Array.from({ length: 10 }, () => publishJourney(here.services, caller, { id, idempotencyKey: 'p-1' })))
  expect(await numbers()).toHaveLength(11)
})

test('a version that watches for inactivity starts the clocks of who is there already', async () => {
  const caller = await here.workspace()
  here.jobs.length = 0
  await live(caller)
  expect(here.jobs).toEqual([])
  const id = await live(caller, graph(undefined, { key: 'start', kind: 'inactivity_trigger', config: { after: 'P30D' } }))
  const versionId = (await journeyOf(caller, id))?.liveVersionId
  expect(here.jobs).toEqual([{ queue: 'seed', data: { workspaceId: caller.workspaceId, journeyId: id, versionId } }])
})

test('a pause ends by being resumed, with a policy for what fell due meanwhile', async () => {
  const caller = await here.workspace()
  const id = await live(caller)
  here.jobs.length = 0
  expect(await faultOf(resumeJourney(here.services, caller, { id, overdue: 'SKIP' }))).toEqual({ code: 'CONFLICT', path: ['id'] })
  await pauseJourney(here.services, caller, id)
  expect(await journeyOf(caller, id)).toMatchObject({ status: 'PAUSED', pausedAt: expect.any(Date) })
  expect(await faultOf(pauseJourney(here.services, caller, id))).toEqual({ code: 'CONFLICT', path: ['id'] })
  await publishJourney(here.services, caller, { id })
  expect((await journeyOf(caller, id))?.status).toBe('PAUSED')
  const resumed = await Promise.all(Array.from({ length: 5 }, () => faultOf(resumeJourney(here.services, caller, { id, overdue: 'SEND_LATE' }))))
  expect(resumed.filter((each) => each.code === 'CONFLICT')).toHaveLength(4)
  expect(await journeyOf(caller, id)).toMatchObject({ status: 'LIVE', pausedAt: null })
  expect(here.jobs).toEqual([{ queue: 'resume', data: { workspaceId: caller.workspaceId, journeyId: id, policy: 'SEND_LATE' } }])
})

test('archiving lets out who is inside, and nobody where it was never published', async () => {
  const caller = await here.workspace()
  const [id, draft] = [await live(caller), await createJourney(here.services, caller, { name: 'Draft' })]
  here.jobs.length = 0
  for (const each of [id, draft]) await archiveJourney(here.services, caller, each)
  expect(here.jobs).toEqual([{ queue: 'archive', data: { workspaceId: caller.workspaceId, journeyId: id } }])
})

test('an archived journey is over: not changed, published, paused or archived again', async () => {
  const caller = await here.workspace()
  const id = await live(caller)
  await archiveJourney(here.services, caller, id)
  const before = await journeyOf(caller, id)
  expect(before?.status).toBe('ARCHIVED')
  const faults = await Promise.all(
    [
      updateJourneyDraft(here.services, caller, { id, name: 'Again' }),
      publishJourney(here.services, caller, { id }),
      pauseJourney(here.services, caller, id),
      archiveJourney(here.services, caller, id),
    ].map(faultOf),
  )
  expect(faults).toEqual(faults.map(() => ({ code: 'CONFLICT', path: ['id'] })))
  expect(await journeyOf(caller, id)).toEqual(before)
})

test('another workspace’s journey is not there, whatever is asked of it', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const id = await live(mine)
  const before = await journeyOf(mine, id)
  for (const each of [id, newId(), 'no id']) {
    const faults = await Promise.all(
      [
        updateJourneyDraft(here.services, other, { id: each, name: 'Theirs' }),
        publishJourney(here.services, other, { id: each }),
        pauseJourney(here.services, other, each),
        resumeJourney(here.services, other, { id: each, overdue: 'SKIP' }),
        archiveJourney(here.services, other, each),
      ].map(faultOf),
    )
    expect(faults).toEqual(faults.map(() => ({ code: 'NOT_FOUND', path: ['id'] })))
  }
  expect((await versionsByIds(here.services, other, [before?.liveVersionId ?? ''])).size).toBe(0)
  expect(await listVersions(here.services, other, { journeyId: id, first: 10, before: null })).toEqual([])
  expect(await journeyOf(mine, id)).toEqual(before)
})

test('the list is searched by name as written, by status, and goes on after the last one seen', async () => {
  const caller = await here.workspace()
  const ids: string[] = []
  for (const name of ['Welcome', 'Win back 100%', 'Win_back']) ids.push(await createJourney(here.services, caller, { name, graph: graph() }))
  await publishJourney(here.services, caller, { id: ids[0] ?? '' })
  const list = async (search: string | null, status: JourneyStatus[] | null = null, before: string | null = null) =>
    (await listJourneys(here.services, caller, { search, status, first: 10, before })).map((row) => row.name)
  expect(new Set(await list(null))).toEqual(new Set(['Welcome', 'Win back 100%', 'Win_back']))
  expect(await list('welc')).toEqual(['Welcome'])
  expect(await list('%')).toEqual(['Win back 100%'])
  expect(await list('_')).toEqual(['Win_back'])
  expect(await list('\\')).toEqual([])
  expect(await list('a\u0000b')).toEqual([])
  expect(await list(null, ['LIVE', 'PAUSED'])).toEqual(['Welcome'])
  expect(await list(null, [])).toEqual([])
  const order = (await listJourneys(here.services, caller, { search: null, status: null, first: 2, before: null })).map((row) => row.id)
  expect(order).toEqual([...ids].sort().reverse().slice(0, 2))
  expect(
    (await listJourneys(here.services, caller, { search: null, status: null, first: 2, before: order[1] ?? null })).map((row) => row.id),
  ).toEqual([[...ids].sort()[0]])
})
