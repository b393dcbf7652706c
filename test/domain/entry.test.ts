import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { askTrigger, begin, type EntrySlot, endsJourney, type Happening, refuseEntry } from '../../src/domain/entry.ts'
import type { EventFact, Facts } from '../../src/domain/facts.ts'
import { laneOf } from '../../src/domain/ids.ts'
import type { CompiledGraph, CompiledNode } from '../../src/domain/journey/compile.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { DAY, event, FACTS, HOUR, MINUTE, NOW } from './journey/arbitrary.ts'
import { compiled } from './journey/play.ts'

/** A journey that starts by one trigger, and rests at once. */
function starting(kind: string, config: JsonObject, rest: Partial<Graph> = {}): { graph: CompiledGraph; trigger: CompiledNode } {
  const graph = compiled({
    reentry: { rule: 'EVERY_TIME' },
    nodes: [
      { key: 'start', kind, config },
      { key: 'pause', kind: 'delay', config: { duration: 'P1D' } },
    ],
    edges: [{ from: 'start', port: 'next', to: 'pause' }],
    exitRules: [],
    goals: [],
    settings: { purpose: 'SERVICE' },
    ...rest,
  })
  const trigger = graph.triggers[0]
  expect(trigger?.key).toBe('start')
  return { graph, trigger: trigger as CompiledNode }
}

const heard = (fact: EventFact): Happening => ({ type: 'event', event: fact })
const cart = (properties: JsonObject, at = NOW) => event('e-1', 'cart.filled', at, properties)
const refused = (code: string, data: JsonObject) => ({ type: 'refuse', decision: { code, node: 'start', data } })

describe('an event trigger', () => {
  const filter = [{ path: 'total', op: 'GTE', value: 50 }]
  const { trigger } = starting('event_trigger', { event: 'cart.filled', where: filter, matchKey: 'cart.id' })
  const ask = (fact: EventFact) => askTrigger(trigger, heard(fact), NOW)

  test('enters by its event, if the filter holds, under the key', () => {
    const fact = cart({ total: 50, cart: { id: 7 } })
    expect(ask(fact)).toEqual({ type: 'enter', key: '7', event: fact })
    expect(ask(cart({ total: 49, cart: { id: 7 } }))).toBeNull()
    expect(ask(event('e', 'cart.emptied', NOW, { total: 50, cart: { id: 7 } }))).toBeNull()
    expect(askTrigger(trigger, { type: 'contact', change: 'CREATED', fields: [] }, NOW)).toBeNull()
  })

  test.each([{ total: 50 }, { total: 50, cart: {} }, { total: 50, cart: { id: null } }, { total: 50, cart: { id: ['7'] } }])(
    'refuses where there is no key: %j',
    (properties) => {
      expect(ask(cart(properties))).toEqual(refused('refused_filter', { missing: 'cart.id' }))
    },
  )

  test('what is more than a day old is history', () => {
    expect(ask(cart({ total: 50, cart: { id: 'c' } }, NOW - DAY))).toMatchObject({ type: 'enter' })
    expect(ask(cart({ total: 50, cart: { id: 'c' } }, NOW - DAY - 1))).toEqual(refused('refused_stale', { eventId: 'e-1' }))
    expect(ask(cart({ total: 1, cart: { id: 'c' } }, NOW - 9 * DAY))).toBeNull()
  })

  test('with quietFor waits until none has come for so long, by the time it occurred', () => {
    const quiet = starting('event_trigger', { event: 'cart.filled', matchKey: 'id', quietFor: 'PT1H' }).trigger
    expect(askTrigger(quiet, heard(cart({ id: 'c' }, NOW - MINUTE)), NOW)).toEqual({ type: 'quiet', key: 'c', until: NOW - MINUTE + HOUR })
    const keyless = starting('event_trigger', { event: 'cart.filled' }).trigger
    expect(askTrigger(keyless, heard(cart({})), NOW)).toMatchObject({ type: 'enter', key: '' })
  })
})

test('an API trigger answers a call to it, or to the journey, and no event', () => {
  const { trigger } = starting('api_trigger', { matchKey: 'order' })
  const call = (node: string | null, properties: JsonObject): Happening => ({
    type: 'api',
    node,
    event: event('r-1', 'journey.enroll', NOW, properties),
  })
  expect(askTrigger(trigger, call(null, { order: 'o-1' }), NOW)).toMatchObject({ type: 'enter', key: 'o-1', event: { id: 'r-1' } })
  expect(askTrigger(trigger, call('start', { order: 'o-1' }), NOW)).toMatchObject({ type: 'enter', key: 'o-1' })
  expect(askTrigger(trigger, call('other', { order: 'o-1' }), NOW)).toBeNull()
  expect(askTrigger(trigger, call(null, {}), NOW)).toEqual(refused('refused_filter', { missing: 'order' }))
  expect(askTrigger(trigger, heard(event('e', 'journey.enroll', NOW, { order: 'o-1' })), NOW)).toBeNull()
})

test('a contact trigger hears its change, of the fields it names', () => {
  const change = (of: 'CREATED' | 'CHANGED', ...fields: string[]): Happening => ({ type: 'contact', change: of, fields })
  const created = starting('contact_trigger', { change: 'CREATED' }).trigger
  const moved = starting('contact_trigger', { change: 'CHANGED', fields: ['city', '$locale'] }).trigger
  const changed = starting('contact_trigger', { change: 'CHANGED' }).trigger
  const enter = { type: 'enter', key: '', event: null }
  expect([askTrigger(created, change('CREATED', 'city'), NOW), askTrigger(created, change('CHANGED', 'city'), NOW)]).toEqual([enter, null])
  expect([askTrigger(moved, change('CHANGED', 'age', '$locale'), NOW), askTrigger(moved, change('CHANGED', 'age'), NOW)]).toEqual([enter, null])
  expect([askTrigger(changed, change('CHANGED', 'age'), NOW), askTrigger(changed, heard(cart({})), NOW)]).toEqual([enter, null])
})

describe('an inactivity trigger', () => {
  const { trigger } = starting('inactivity_trigger', { events: ['visit', 'buy'], after: 'P30D' })
  const ask = (name: string, at: number, of = trigger) => askTrigger(of, heard(event('e-1', name, at)), NOW)

  test('counts from the last of its events', () => {
    expect(ask('visit', NOW - HOUR)).toEqual({ type: 'quiet', key: '', until: NOW - HOUR + 30 * DAY })
    expect(ask('cart.filled', NOW)).toBeNull()
    expect(ask('cart.filled', NOW, starting('inactivity_trigger', { after: 'PT1H' }).trigger)).toEqual({ type: 'quiet', key: '', until: NOW + HOUR })
  })

  test('an import of history puts the clock forward, and never lets it run out', () => {
    expect(ask('visit', NOW - 29 * DAY)).toEqual({ type: 'quiet', key: '', until: NOW + DAY })
    expect(ask('visit', NOW - 30 * DAY)).toEqual(refused('refused_stale', { eventId: 'e-1' }))
    expect(ask('visit', NOW - 700 * DAY)).toEqual(refused('refused_stale', { eventId: 'e-1' }))
  })
})

describe('the entry guard', () => {
  const slot = (over: Partial<EntrySlot>): EntrySlot => ({ active: false, lastEnteredAt: null, lastEventId: null, ...over })
  const guard = (over: { rest?: Partial<Graph>; slot?: EntrySlot | null; facts?: Partial<Facts>; fact?: EventFact | null; config?: JsonObject }) => {
    const { graph, trigger } = starting('event_trigger', { event: 'cart.filled', matchKey: 'id', ...over.config }, over.rest)
    const fact = over.fact === undefined ? cart({ id: 'c' }) : over.fact
    return refuseEntry(graph, trigger, 'c', fact, over.slot ?? null, { ...FACTS, ...over.facts }, NOW)
  }
  const no = (code: string, data?: JsonObject) => ({ code, node: 'start', ...(data ? { data } : {}) })

  test('refuses the erased before all, then the paused', () => {
    expect(guard({})).toBeNull()
    expect(guard({ facts: { paused: true } })).toEqual(no('refused_paused'))
    expect(guard({ facts: { paused: true, contact: { ...FACTS.contact, erased: true } } })).toEqual(no('refused_filter', { reason: 'erased' }))
  })

  test('ONCE: nobody who ever was in it under this key', () => {
    const rest = { reentry: { rule: 'ONCE' } } as const
    expect(guard({ rest })).toBeNull()
    expect(guard({ rest, slot: slot({}) })).toBeNull()
    expect(guard({ rest, slot: slot({ lastEnteredAt: NOW - 700 * DAY }) })).toEqual(no('refused_reentry', { rule: 'ONCE' }))
    expect(guard({ rest, slot: slot({ active: true, lastEnteredAt: NOW }) })).toEqual(no('refused_reentry', { rule: 'ONCE' }))
  })

  test('ONE_AT_A_TIME: nobody who is in it, nor was within the time', () => {
    const rest = { reentry: { rule: 'ONE_AT_A_TIME', notWithin: 'P7D' } } as const
    const rule = 'ONE_AT_A_TIME'
    const active = no('refused_reentry', { rule, reason: 'active' })
    expect(guard({ rest, slot: slot({ active: true, lastEnteredAt: NOW - 8 * DAY }) })).toEqual(active)
    expect(guard({ rest, slot: slot({ lastEnteredAt: NOW - 7 * DAY + 1 }) })).toEqual(no('refused_reentry', { rule, reason: 'not_within' }))
    expect(guard({ rest, slot: slot({ lastEnteredAt: NOW - 7 * DAY }) })).toBeNull()
    expect(guard({ rest: { reentry: { rule } }, slot: slot({ lastEnteredAt: NOW }) })).toBeNull()
    const again = slot({ lastEnteredAt: NOW, lastEventId: 'e-1' })
    expect(guard({ rest: { reentry: { rule } }, slot: again })).toEqual(no('refused_reentry', { rule, reason: 'same_event' }))
  })

  test('EVERY_TIME: everybody, once per event, though they are in it', () => {
    const rest = { reentry: { rule: 'EVERY_TIME' } } as const
    expect(guard({ rest, slot: slot({ active: true, lastEnteredAt: NOW, lastEventId: 'e-0' }) })).toBeNull()
    expect(guard({ rest, slot: slot({ active: true, lastEnteredAt: NOW, lastEventId: 'e-1' }) })).toEqual(
      no('refused_reentry', { rule: 'EVERY_TIME', reason: 'same_event' }),
    )
    expect(guard({ rest, fact: null, slot: slot({ active: true, lastEnteredAt: NOW }) })).toBeNull()
  })

  describe('an exit or goal event at or after the trigger’s has overtaken it', () => {
    const rest = {
      exitRules: [{ event: 'cart.emptied', matchKey: 'id' }],
      goals: [{ name: 'bought', event: 'order.paid', matchKey: 'cart', where: [{ path: 'total', op: 'GT', value: 0 }], window: 'P7D' }],
    } as const
    const paid = (at: number, properties: JsonObject) => event('p-1', 'order.paid', at, properties)
    const check = (...history: EventFact[]) => guard({ rest, facts: { history } })
    const overtaken = no('refused_exit_event', { event: 'order.paid', eventId: 'p-1' })

    test('by the time it occurred', () => {
      expect(check(paid(NOW, { cart: 'c', total: 1 }))).toEqual(overtaken)
      expect(check(paid(NOW + 1, { cart: 'c', total: 1 }))).toEqual(overtaken)
      expect(check(paid(NOW - 1, { cart: 'c', total: 1 }))).toBeNull()
    })

    test('with its key and filter', () => {
      expect(check(paid(NOW, { cart: 'other', total: 1 }))).toBeNull()
      expect(check(paid(NOW, { total: 1 }))).toBeNull()
      expect(check(paid(NOW, { cart: 'c', total: 0 }))).toBeNull()
      expect(check(paid(NOW, { cart: 'other', total: 1 }), event('x-1', 'cart.emptied', NOW, { id: 'c' }))).toEqual(
        no('refused_exit_event', { event: 'cart.emptied', eventId: 'x-1' }),
      )
    })

    test('but not by itself, nor where no event started it', () => {
      const same = { exitRules: [{ event: 'cart.filled' }], goals: [] }
      expect(guard({ rest: same, facts: { history: [cart({ id: 'c' })] } })).toBeNull()
      expect(guard({ rest, fact: null, facts: { history: [paid(NOW, { cart: 'c', total: 1 })] } })).toBeNull()
    })
  })

  test('asks the trigger’s condition last', () => {
    const config = { condition: { tag: 'vip' } }
    expect(guard({ config })).toEqual(no('refused_filter'))
    expect(guard({ config, facts: { contact: { ...FACTS.contact, tags: ['vip'] } } })).toBeNull()
    expect(guard({ config, facts: { paused: true } })).toEqual(no('refused_paused'))
  })
})

test('an exit rule by condition is no exit event', () => {
  const { graph } = starting('event_trigger', { event: 'go' }, { exitRules: [{ condition: { tag: 'gone' } }, { event: 'bye', where: [] }] })
  expect([endsJourney(graph, event('a', 'bye', NOW), '', NOW), endsJourney(graph, event('a', 'null', NOW), '', NOW)]).toEqual([true, false])
})

describe('begin', () => {
  const { graph, trigger } = starting('event_trigger', { event: 'cart.filled' })
  const start = (contactId: string, key: string, cause: string, now = NOW) => begin(graph, trigger, contactId, key, cart({}), { a: 1 }, cause, now)

  test('rests at the trigger, with nothing behind it', () => {
    const state = start(FACTS.contact.id, 'c', 'e-1')
    expect(state).toEqual({
      id: state.id,
      journeyId: 'journey',
      versionId: 'version',
      contactId: FACTS.contact.id,
      key: 'c',
      enteredAt: NOW,
      trigger: { node: 'start', event: cart({}) },
      status: 'ACTIVE',
      endReason: null,
      endedAt: null,
      node: 'start',
      visit: 0,
      since: NOW,
      dueAt: null,
      memo: null,
      memory: {},
      vars: { a: 1 },
      messages: {},
      goals: {},
      seq: 0,
    })
  })

  test('the id is of the contact’s lane, and the same only for the same key, cause and instant', () => {
    const part = fc.constantFrom('a', 'b', 'c')
    fc.assert(
      fc.property(fc.tuple(part, part, fc.nat(2)), fc.tuple(part, part, fc.nat(2)), (one, two) => {
        const id = ([key, cause, later]: [string, string, number]) => start(FACTS.contact.id, key, cause, NOW + later).id
        expect(laneOf(id(one))).toBe(laneOf(FACTS.contact.id))
        expect(id(one) === id(two)).toBe(one.join() === two.join())
      }),
    )
  })
})
