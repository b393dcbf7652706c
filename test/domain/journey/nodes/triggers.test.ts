import { describe, expect, test } from 'vitest'
import { allKinds } from '../../../../src/domain/journey/kinds.ts'
import { apiTrigger, contactTrigger, eventTrigger, inactivityTrigger } from '../../../../src/domain/journey/nodes/triggers.ts'
import { compiled, journey, life, problems } from '../play.ts'

const TRIGGERS = { eventTrigger, apiTrigger, contactTrigger, inactivityTrigger }
/** A journey with a second way in, of this kind and with these settings. */
function entered(kind: string, config: unknown) {
  const graph = journey({ rest: ['delay', { duration: 'P1D' }, { next: 'end' }], end: ['exit', {}], second: [kind, config, { next: 'rest' }] })
  return { graph, found: problems(graph).map(([code, , path]) => [code, path]) }
}

describe('a trigger', () => {
  test('is one of four, each a start and nothing else', () => {
    const kinds = allKinds().filter((kind) => kind.category === 'trigger')
    expect(kinds).toEqual(Object.values(TRIGGERS))
    expect(kinds.map((kind) => kind.kind)).toEqual(['event_trigger', 'api_trigger', 'contact_trigger', 'inactivity_trigger'])
    for (const kind of kinds) expect([kind.ports({}), kind.waits({}, 'next')]).toEqual([[{ name: 'next', title: 'Next', required: true }], false])
  })

  test('lets the token through to where it leads, and says so', () => {
    const one = life(entered('api_trigger', {}).graph)
    expect(one.played[0]?.trace.slice(0, 3)).toEqual([
      { code: 'entered', node: 'start' },
      { code: 'left', node: 'start', port: 'next' },
      { code: 'arrived', node: 'rest' },
    ])
    expect(one.state()).toMatchObject({ node: 'rest', visit: 1 })
  })

  test('must lead somewhere', () => {
    expect(problems(journey({ start2: ['api_trigger', {}] })).map(([code, node]) => [code, node])).toContainEqual(['UNCONNECTED', 'start2'])
  })

  test.each<[string, unknown]>([
    ['event_trigger', { event: 'a' }],
    ['event_trigger', { event: 'a', where: [{ path: 'n', op: 'GT', value: 1 }], matchKey: 'cart.id', quietFor: 'PT15M' }],
    ['api_trigger', {}],
    ['api_trigger', { matchKey: 'id', condition: { event: { name: 'a', within: 'P7D' } } }],
    ['contact_trigger', { change: 'CREATED' }],
    ['contact_trigger', { change: 'CHANGED', fields: ['plan', 'locale'], condition: { tag: 'x' } }],
    ['inactivity_trigger', { after: 'P7D' }],
    ['inactivity_trigger', { after: 'P7D', events: ['login'] }],
  ])('%s takes %j', (kind, config) => {
    expect(entered(kind, config).found).toEqual([])
  })

  test.each<[string, unknown, string]>([
    ['event_trigger', {}, 'event'],
    ['event_trigger', { event: '' }, 'event'],
    ['event_trigger', { event: 'a', quietFor: 'PT0S' }, 'quietFor'],
    ['event_trigger', { event: 'a', where: [{ path: 'n', op: 'ABOUT', value: 1 }] }, 'where.0.op'],
    ['api_trigger', { event: 'a' }, 'event'],
    ['contact_trigger', { change: 'DELETED' }, 'change'],
    ['contact_trigger', { change: 'CHANGED', fields: [''] }, 'fields.0'],
    ['inactivity_trigger', { events: ['a'] }, 'after'],
  ])('%s does not take %j', (kind, config, path) => {
    expect(entered(kind, config).found).toEqual([['INVALID_CONFIG', path]])
  })

  test('cannot ask about an enrollment there is not yet', () => {
    for (const [condition, path] of [
      [{ goal: 'bought' }, 'condition.goal'],
      [{ all: [{ tag: 'x' }, { key: { op: 'EQ', value: '1' } }] }, 'condition.all.1.key'],
      [{ event: { name: 'a', sinceEntry: true } }, 'condition.event.sinceEntry'],
      [{ engagement: { node: 'mail', status: 'OPENED' } }, 'condition.engagement'],
    ] as const) {
      for (const [kind, config] of [
        ['event_trigger', { event: 'a' }],
        ['api_trigger', {}],
        ['contact_trigger', { change: 'CREATED' }],
        ['inactivity_trigger', { after: 'P1D' }],
      ] as const) {
        expect(entered(kind, { ...config, condition }).found).toEqual([['INVALID_CONFIG', path]])
      }
    }
  })

  test('names the past its condition asks about for the entry, not for those inside', () => {
    const graph = compiled(entered('contact_trigger', { change: 'CREATED', condition: { event: { name: 'a', within: 'P7D' } } }).graph)
    expect(graph.triggers.map((node) => node.key)).toEqual(['start', 'second'])
    expect(graph.entryHistory).toEqual([{ name: 'a', withinMs: 7 * 86_400_000, sinceEntry: false }])
    expect(graph.history).toEqual([])
  })
})
