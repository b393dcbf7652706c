import { isInputObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { graphShape } from '../../../src/domain/journey/graph-shape.ts'
import { allKinds } from '../../../src/domain/journey/kinds.ts'
import { toGlobalId } from '../../../src/graphql/global-id.ts'
import { inward, kindOfMember, memberOf, outward, outwardSchema, toGraph } from '../../../src/graphql/journeys/mapping.ts'
import { buildApiSchema } from '../../../src/graphql/schema.ts'

const TEMPLATE = '01990000-0000-8000-8000-000000000001'
const TOPIC = '01990000-0000-8000-8000-000000000002'
const CONSENT = (topic: string, channel = 'email') => ({ any: [{ not: { consent: { channel, topic, state: 'GRANTED' } } }] })

test('every kind has its member in the input, and finds back from it', () => {
  const members = allKinds().map(({ kind }) => memberOf(kind))
  const input = buildApiSchema().getType('NodeConfigInput')
  if (!isInputObjectType(input)) return expect.fail('NodeConfigInput is no input')
  expect(input.isOneOf).toBe(true)
  expect(Object.keys(input.getFields()).sort()).toEqual([...members].sort())
  expect(members.map(kindOfMember)).toEqual(allKinds().map(({ kind }) => kind))
  expect(memberOf('inactivity_trigger')).toBe('inactivityTrigger')
})

test('a graph comes in with plain ids, without nulls, and fits its frame', () => {
  const graph = toGraph({
    nodes: [
      {
        key: 'start',
        name: null,
        position: null,
        config: { eventTrigger: { event: 'cart.filled', where: null, matchKey: 'cartId', quietFor: undefined }, email: undefined },
      },
      {
        key: 'mail',
        name: 'Mail',
        position: Object.assign(Object.create({ x: 0, y: 0 }), { x: 1.5, y: -2 }),
        config: {
          email: {
            templateId: toGlobalId('Template', TEMPLATE),
            topicId: toGlobalId('Topic', TOPIC),
            followUps: [
              { on: 'IGNORED', after: 'P1D' },
              { on: 'OPENED', after: null },
            ],
          },
        },
      },
    ],
    edges: [{ from: 'start', port: 'next', to: 'mail' }],
    exitRules: [{ event: null, condition: CONSENT(toGlobalId('Topic', TOPIC), 'EMAIL') }],
    goals: [{ name: 'bought', event: 'order.placed', window: 'P7D', onReached: null }],
  })
  expect(graph).toEqual({
    reentry: { rule: 'ONE_AT_A_TIME' },
    settings: { purpose: 'PROMOTIONAL' },
    nodes: [
      { key: 'start', kind: 'event_trigger', config: { event: 'cart.filled', matchKey: 'cartId' } },
      {
        key: 'mail',
        kind: 'email',
        name: 'Mail',
        position: { x: 1.5, y: -2 },
        config: { templateId: TEMPLATE, topicId: TOPIC, followUps: [{ on: 'IGNORED', after: 'P1D' }, { on: 'OPENED' }] },
      },
    ],
    edges: [{ from: 'start', port: 'next', to: 'mail' }],
    exitRules: [{ condition: CONSENT(TOPIC) }],
    goals: [{ name: 'bought', event: 'order.placed', window: 'P7D' }],
  })
  expect(graphShape.parse(graph, [], (path, message) => expect.fail(`${path.join('.')} ${message}`))).toEqual(graph)
})

test('the author’s own values keep their nulls and whatever in them looks like a setting', () => {
  const value = { gone: null, templateId: toGlobalId('Template', TEMPLATE), list: [null, { topicId: null }] }
  const update = {
    attributes: [
      { name: 'a', value, from: null },
      { name: 'b', value: null },
    ],
    unset: null,
  }
  const [node] = toGraph({ nodes: [{ key: 'u', config: { update } }], edges: [] }).nodes
  expect(node?.config).toEqual({
    attributes: [
      { name: 'a', value },
      { name: 'b', value: null },
    ],
  })
})

test('so does the JSON that a webhook sends', () => {
  const json = { gone: null, templateId: toGlobalId('Template', TEMPLATE), channel: 'EMAIL', list: [null] }
  const webhook = { method: 'POST', url: 'https://hooks.example', timeout: null, body: { json, text: undefined } }
  const [node, other] = toGraph({
    nodes: [
      { key: 'w', config: { webhook } },
      { key: 'v', config: { webhook: { ...webhook, body: { json: null } } } },
    ],
    edges: [],
  }).nodes
  expect(node?.config).toEqual({ method: 'POST', url: 'https://hooks.example', body: { json } })
  expect(other?.config).toMatchObject({ body: { json: null } })
  expect(outward(node?.config ?? {})).toEqual(node?.config)
})

test('what came in goes out again the same, ids included', () => {
  const given = { templateId: toGlobalId('Template', TEMPLATE), topicId: toGlobalId('Topic', TOPIC) }
  const branches = {
    branches: [
      { name: 'yes', when: CONSENT(toGlobalId('Topic', TOPIC), 'EMAIL') },
      { name: 'no', when: { reachable: 'SMS' } },
    ],
  }
  const { nodes } = toGraph({
    nodes: [
      { key: 'm', config: { sms: given } },
      { key: 'b', config: { branch: branches } },
    ],
    edges: [],
  })
  expect(nodes.map(({ config }) => outward(config))).toEqual([given, branches])
})

test('an id of another type, and text that is none, stay as they are for validation to name', () => {
  const foreign = toGlobalId('Topic', TOPIC)
  for (const templateId of [foreign, '', 'welcome']) {
    const [node] = toGraph({ nodes: [{ key: 'm', config: { push: { templateId } } }], edges: [] }).nodes
    expect(node?.config).toEqual({ templateId })
    expect(outward(node?.config ?? {})).toEqual({ templateId })
  }
})

test('schemas choose among channels as the API spells them, and are otherwise as they were', () => {
  const schema = { anyOf: [{ properties: { reachable: { enum: ['push', 'sms'], title: 'Channel' } } }, { enum: ['push', 'pull'] }] }
  expect(outwardSchema(schema)).toEqual({
    anyOf: [{ properties: { reachable: { enum: ['PUSH', 'SMS'], title: 'Channel' } } }, { enum: ['push', 'pull'] }],
  })
  for (const { config } of allKinds())
    expect(JSON.stringify(outwardSchema(config.schema)).toLowerCase()).toBe(JSON.stringify(config.schema).toLowerCase())
})

test.each(['rungs', 'messages'])('the channel in each of %s comes in as the enum’s value and goes out by the enum’s name', (name) => {
  const one = { channel: 'web_push', templateId: TEMPLATE }
  const shown = { channel: 'WEB_PUSH', templateId: toGlobalId('Template', TEMPLATE) }
  expect(inward({ [name]: [{ ...shown, channel: 'web_push' }] })).toEqual({ [name]: [one] })
  expect(outward({ [name]: [one] })).toEqual({ [name]: [shown] })
})
