import { describe, expect, test } from 'vitest'
import { type IncomingMapping, incomingMappingShape, mapIncoming, mappingFault, requestIdOf } from '../../src/domain/incoming-webhook.ts'
import type { Json } from '../../src/domain/json.ts'

const MAPPING: IncomingMapping = { eventName: 'order.paid', contactKind: 'EXTERNAL_ID', contactPath: 'body.customer.id' }
const body = {
  id: 'evt_1',
  type: 'invoice.paid',
  customer: { id: 42, device: 'd-1' },
  data: { total: 9.5 },
  at: '2025-06-15T12:00:00Z',
  list: [{ id: 'x' }],
}
const map = (over: Partial<IncomingMapping> = {}, given: Json = body, headers: Record<string, string> = { 'x-event': 'push' }) =>
  mapIncoming({ ...MAPPING, ...over }, { headers, body: given })

describe('a request is an event', () => {
  test('of a fixed name, or of one that stands in it', () => {
    const { eventName: _, ...named } = MAPPING
    const name = (eventNamePath: string) => mapIncoming({ ...named, eventNamePath }, { headers: { 'x-event': 'push' }, body })
    expect([map(), name('body.type'), name('headers.x-event')].map((event) => ('name' in event ? event.name : event))).toEqual([
      'order.paid',
      'invoice.paid',
      'push',
    ])
  })

  test('of a contact by the path of its id, number or text', () => {
    expect(map()).toMatchObject({ contact: { externalId: '42' } })
    expect(map({ contactKind: 'ANONYMOUS_ID', contactPath: 'body.customer.device' })).toMatchObject({ contact: { anonymousId: 'd-1' } })
    expect(map({ contactPath: 'body.list.0.id' })).toMatchObject({ contact: { externalId: 'x' } })
  })

  test('with the whole body, or a part of it, for properties', () => {
    expect(map()).toMatchObject({ properties: body })
    expect(map({ propertiesPath: 'body.data' })).toMatchObject({ properties: { total: 9.5 } })
  })

  test.each([
    ['2025-06-15T12:00:00Z', 1_749_988_800_000],
    [1_749_988_800, 1_749_988_800_000],
    [1_749_988_800.25, 1_749_988_800_250],
    [1_749_988_800_000, 1_749_988_800_000],
    ['yesterday', null],
    [null, null],
  ])('that occurred at %j', (at, millis) => {
    expect(map({ occurredAtPath: 'body.at' }, { ...body, at })).toMatchObject({ occurredAt: millis })
  })

  test('that occurred when it came where nothing says otherwise', () => expect(map()).toMatchObject({ occurredAt: null }))
})

describe('a request is none', () => {
  test.each([
    [{ eventName: undefined, eventNamePath: 'body.none' }, 'there is no name of an event at body.none'],
    [{ eventName: undefined, eventNamePath: 'body.data' }, 'there is no name of an event at body.data'],
    [{ contactPath: 'body.customer.none' }, 'there is no contact at body.customer.none'],
    [{ contactPath: 'body.constructor.name' }, 'there is no contact at body.constructor.name'],
    [{ contactPath: 'headers.constructor' }, 'there is no contact at headers.constructor'],
    [{ propertiesPath: 'body.list' }, 'there is no object at body.list'],
  ])('by %j', (over, problem) => expect(map(over as Partial<IncomingMapping>)).toEqual({ problem }))

  test.each([[null], ['text'], [[]], [7]])('whose body is %j', (given) => expect(map({}, given as Json)).toHaveProperty('problem'))
})

test('its id is the sender’s own, if there is one', () => {
  const headers = { 'webhook-id': 'msg_1', 'x-delivery': 'd-7' }
  const id = (verification: 'STANDARD' | 'BEARER', idPath?: string) =>
    requestIdOf(verification, { ...MAPPING, ...(idPath === undefined ? {} : { idPath }) }, { headers, body })
  expect([
    id('STANDARD'),
    id('STANDARD', 'body.id'),
    id('BEARER'),
    id('BEARER', 'body.id'),
    id('BEARER', 'headers.x-delivery'),
    id('BEARER', 'body.none'),
  ]).toEqual(['msg_1', 'msg_1', null, 'evt_1', 'd-7', null])
})

describe('a mapping', () => {
  const faults = (value: unknown) => {
    const found: string[] = []
    incomingMappingShape.parse(value, [], (path) => void found.push(path.join('.')))
    return found
  }

  test('names paths that begin with body or headers', () => {
    expect(faults(MAPPING)).toEqual([])
    expect(faults({ ...MAPPING, contactPath: 'customer.id' })).toEqual(['contactPath'])
    expect(faults({ ...MAPPING, idPath: 'headers.X-Delivery' })).toEqual(['idPath'])
    expect(faults({ ...MAPPING, propertiesPath: 'body..a', occurredAtPath: 'body.' })).toEqual(['propertiesPath', 'occurredAtPath'])
    expect(faults({ ...MAPPING, contactKind: 'EMAIL', more: 1 })).toEqual(['more', 'contactKind'])
  })

  test('names the event, or where its name stands, and not both', () => {
    expect([mappingFault(MAPPING), mappingFault({ ...MAPPING, eventNamePath: 'body.type' })?.path]).toEqual([null, 'eventName'])
    const { eventName: _, ...neither } = MAPPING
    expect(mappingFault(neither)?.path).toBe('eventName')
  })
})
