import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHANNELS, type Channel } from '../../../src/domain/channel.ts'
import { allKinds, kindOf } from '../../../src/domain/journey/kinds.ts'
import { journey, life, problems } from './play.ts'

type Example = [config: object, ports: string[]]

/** Settings with which each kind may be published, and the ports it has with them. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  ...Object.fromEntries(CHANNELS.map((channel): [string, Example] => [channel, [{ templateId: `t-${channel}` }, ['next', 'failed', 'suppressed']]])),
  event_trigger: [{ event: 'a' }, ['next']],
  api_trigger: [{}, ['next']],
  contact_trigger: [{ change: 'CREATED' }, ['next']],
  inactivity_trigger: [{ after: 'P7D' }, ['next']],
  delay: [{ duration: 'P1D' }, ['next']],
  wait: [{ events: [{ name: 'paid', event: 'payment' }], timeout: 'P1D' }, ['paid', 'timeout']],
  branch: [{ branches: [{ name: 'vip', when: { tag: 'vip' } }] }, ['vip', 'else']],
  repeat: [{ every: 'P1D', times: 2 }, ['body', 'done']],
  update: [{ addTags: ['x'] }, ['next']],
  webhook: [{ method: 'POST', url: 'https://hooks.example/x' }, ['success', 'error']],
  multi: [
    {
      messages: [
        { channel: 'email', templateId: 't-email' },
        { channel: 'sms', templateId: 't-sms' },
      ],
    },
    ['next', 'failed', 'suppressed'],
  ],
  escalation: [{ rungs: [{ channel: 'email', templateId: 't-email', wait: 'P1D' }] }, ['engaged', 'exhausted', 'suppressed']],
  exit: [{}, []],
}

describe('the node kinds', () => {
  test('are found by name, and only by theirs', () => {
    expect(
      allKinds()
        .map((kind) => kind.kind)
        .sort(),
    ).toEqual(Object.keys(EXAMPLES).sort())
    for (const kind of allKinds()) expect(kindOf(kind.kind)).toBe(kind)
    for (const name of ['', 'Email', 'constructor', '__proto__', 'toString']) expect(kindOf(name)).toBeUndefined()
  })

  test('have a file each, and every file its kind', () => {
    const files = readdirSync('src/domain/journey/nodes').map((file) => file.replace('.ts', ''))
    const channels: readonly string[] = CHANNELS
    const kinds = allKinds().map(({ kind }) => (channels.includes(kind) ? 'message' : kind.endsWith('_trigger') ? 'triggers' : kind))
    expect([...new Set(kinds)].sort()).toEqual(files.sort())
    const writing = [...channels, 'multi', 'escalation']
    for (const { kind, category } of allKinds()) expect(category === 'message').toBe(writing.includes(kind))
  })

  test.each(Object.entries(EXAMPLES))('%s has the ports of its settings, may be published and takes a token in', (name, [config, ports]) => {
    const kind = kindOf(name)
    expect(kind?.ports(config).map((port) => port.name)).toEqual(ports)
    if (kind?.category === 'trigger') return
    const leading = Object.fromEntries(ports.map((port) => [port, 'end']))
    const channel = name === 'escalation' || name === 'multi' ? 'email' : (name as Channel)
    const identities = [{ id: 'i', channel, status: 'ACTIVE' as const, platform: null, lastSeenAt: 0 }]
    const graph = journey({ node: [name, config, leading], ...(ports.length > 0 ? { end: ['exit', {}] as const } : {}) })
    expect(problems(graph)).toEqual([])
    expect(life(graph, { identities }).state().status).toBe(
      kind?.category === 'message' || ['delay', 'wait', 'webhook'].includes(name) ? 'ACTIVE' : 'EXITED',
    )
  })

  test('describe themselves to a palette and to a settings panel', () => {
    for (const kind of allKinds()) {
      expect(kind.kind).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect(kind.title).toMatch(/^[A-Z]/)
      expect(kind.description).toMatch(/^[A-Z].*\.$/)
      expect(kind.icon).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(kind.config.schema).toMatchObject({ type: 'object', additionalProperties: false })
      const properties = kind.config.schema.properties as Record<string, unknown>
      for (const setting of Object.keys(EXAMPLES[kind.kind]?.[0] ?? {})) expect(properties).toHaveProperty(setting)
    }
  })

  test('refuse with a report whatever settings do not fit, and never throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...allKinds()), fc.jsonValue({ maxDepth: 3 }), (kind, given) => {
        const reports: string[] = []
        const parsed = kind.config.parse(given, [], (path) => reports.push(path.join('.')))
        expect(parsed === undefined).toBe(reports.length > 0)
      }),
    )
  })
})
