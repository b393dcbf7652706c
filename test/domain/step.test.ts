import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { memoOfNode } from '../../src/domain/journey/message-memo.ts'
import { nodeOfSlot } from '../../src/domain/journey/plan-message.ts'
import { step } from '../../src/domain/step.ts'
import { event, FACTS, factsOf, graphs, HOUR, happenings, NOW } from './journey/arbitrary.ts'
import { compiled, journey, life, type Played, planned, plannedCalls, play } from './journey/play.ts'

/** What a law says of one life: the whole of it, step by step. */
function law(name: string, check: (played: Played[], graph: ReturnType<typeof compiled>) => void, numRuns = 1000): void {
  test(name, () => {
    fc.assert(
      fc.property(graphs, factsOf, happenings, (graph, facts, happened) => {
        const ready = compiled(graph)
        check(play(ready, facts, happened), ready)
      }),
      { numRuns },
    )
  })
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const each of Object.values(value)) frozen(each)
  return value
}

const isActive = ({ status }: Played['state']) => status === 'ACTIVE'

describe('the step function', () => {
  test('gives the same answer to the same arguments, whoever compiled the graph and wherever the state was kept', () => {
    fc.assert(
      fc.property(graphs, factsOf, happenings, (graph, facts, happened) => {
        const ready = compiled(graph)
        const again = compiled(structuredClone(graph))
        for (const { before, input, facts: known, now, state, effects, trace } of play(ready, facts, happened)) {
          const stored = JSON.parse(JSON.stringify({ before, input, known }))
          expect(step(again, stored.before, stored.input, stored.known, now)).toEqual({ state, effects, trace })
        }
      }),
    )
  })

  law('changes nothing it was given', (played, graph) => {
    for (const { before, input, facts, now } of played)
      step(graph, frozen(structuredClone(before)), frozen(input), frozen(structuredClone(facts)), now)
  })

  law('counts every input once', (played) => {
    expect(played.map(({ state }) => state.seq)).toEqual(played.map((_, index) => index + 1))
  })

  law('never acts again once it has ended', (played) => {
    for (const { before, input, state, effects, trace } of played) {
      if (isActive(before)) continue
      expect(effects).toEqual([])
      expect(trace.filter((each) => each.code !== 'signal')).toEqual([])
      expect({ ...state, seq: 0, messages: {} }).toEqual({ ...before, seq: 0, messages: {} })
      if (input.type !== 'signal') expect(state.messages).toEqual(before.messages)
    }
  })

  law('ends with nothing left to wait for, and says so once', (played) => {
    for (const { before, state, trace, now } of played) {
      const ends = trace.filter((each) => ['completed', 'converted', 'exited', 'failed'].includes(each.code))
      expect(ends.map((each) => each.code)).toEqual(isActive(before) && !isActive(state) ? [state.status.toLowerCase()] : [])
      if (ends.length === 0) continue
      expect(state).toMatchObject({ node: null, dueAt: null, memo: null, endedAt: now })
      expect(trace.at(-1)).toBe(ends[0])
    }
  })

  law('never fails on a graph that may be published', (played) => {
    expect(played.map(({ state }) => state).filter((state) => state.status === 'FAILED')).toEqual([])
  })
})

describe('the token', () => {
  law('is in one place: each visit is left once, by one port, along its edge', (played, graph) => {
    for (const { before, state, trace } of played) {
      let at = before.node
      let left = false
      let visits = before.visit
      for (const { code, node, port } of trace) {
        if (code === 'left') {
          expect([node, left]).toEqual([at, false])
          left = true
          const edges = graph.nodes.get(at ?? '')?.edges
          const through = port === 'error' ? 'success' : port === 'failed' || port === 'suppressed' ? 'next' : ''
          at = edges?.get(port ?? '') ?? edges?.get(through) ?? null
        }
        if (code === 'arrived') {
          expect([node, left]).toEqual([at, true])
          left = false
          visits++
        }
      }
      expect(state.visit).toBe(visits)
      if (isActive(state)) expect([state.node, left]).toEqual([at, false])
    }
  })

  law('moves only with an entry in the trace', (played) => {
    for (const { before, state, trace } of played) {
      if (before.node !== state.node || before.visit !== state.visit) expect(trace).not.toEqual([])
      if (before.visit === state.visit && isActive(state)) expect([state.node, state.since]).toEqual([before.node, before.since])
    }
  })

  law('is never stranded: it has a time to leave at, or its message is not accepted yet, or its call not answered', (played, graph) => {
    for (const [index, { state }] of played.entries()) {
      if (!isActive(state) || state.dueAt !== null) continue
      if (graph.nodes.get(state.node ?? '')?.kind.kind === 'webhook') {
        expect(state.memo).toEqual({ callId: plannedCalls(played.slice(0, index + 1)).at(-1)?.id })
        continue
      }
      // Of an escalation the last rung is waited for, whatever became of those before.
      const last = (state.memo as { sent?: string[] }).sent?.at(-1)
      const waitedFor =
        last === undefined ? memoOfNode(state.messages, state.node ?? '') : Object.values(state.messages).find(({ id }) => id === last)
      expect(waitedFor).toMatchObject({ acceptedAt: null })
    }
  })

  law('is never told to leave at a time that has gone', (played, graph) => {
    for (const { before, input, state, facts, now } of played) {
      if (!isActive(state) || state.dueAt === null || facts.paused) continue
      // Told late of an acceptance, an escalation leaves the rest to its timer: an open heard in the same tick comes before that.
      if (input.type === 'signal' && graph.nodes.get(state.node ?? '')?.kind.kind === 'escalation') continue
      if (input.type === 'timer' || state.dueAt !== before.dueAt) expect(state.dueAt).toBeGreaterThan(now)
    }
  })

  law('stays where it is when the timer comes early, or while the journey is paused', (played, graph) => {
    for (const { before, facts, now } of played) {
      const asked = graph.hasExitConditions ? [] : [{ facts: { ...facts, paused: true }, now }]
      if (!graph.hasExitConditions && (before.dueAt === null || before.dueAt > now)) asked.push({ facts, now })
      for (const each of asked) {
        const result = step(graph, before, { type: 'timer' }, each.facts, each.now)
        expect(result).toEqual({ state: { ...before, seq: before.seq + 1 }, effects: [], trace: [] })
      }
    }
  })
})

describe('messages', () => {
  law('are planned once per visit and channel, each with an id of its own, and the key of de-duplication on the first that passes', (played) => {
    const messages = planned(played)
    expect(new Set(messages.map((each) => each.id)).size).toBe(messages.length)
    expect(new Set(messages.map((each) => `${each.visit} ${each.channel}`)).size).toBe(messages.length)
    const keyed = messages.filter((each) => each.dedupeKey !== null && each.verdict.type !== 'suppress')
    expect(new Set(keyed.map((each) => each.visit)).size).toBe(keyed.length)
  })

  law('are remembered of a node’s last visit alone', (played) => {
    for (const [index, { state }] of played.entries()) {
      const messages = planned(played.slice(0, index + 1))
      for (const [slot, memo] of Object.entries(state.messages)) {
        const message = messages.find((each) => each.id === memo.id)
        expect(message?.node).toBe(nodeOfSlot(slot))
        expect(message?.visit).toBe(messages.findLast((each) => each.node === message?.node)?.visit)
      }
    }
  })

  law('let the token go by `failed` where all that left have failed, and by `suppressed` where none may leave', (played, graph) => {
    for (const { state, trace } of played) {
      trace.forEach(({ code, node, port }, index) => {
        if (code !== 'left' || graph.nodes.get(node ?? '')?.kind.category !== 'message') return
        // Where the same step comes back to the node, what is remembered is of the new visit.
        if (trace.slice(index).some((each) => each.code === 'arrived' && each.node === node)) return
        const memos = Object.entries(state.messages).flatMap(([slot, memo]) => (nodeOfSlot(slot) === node ? [memo] : []))
        if (port === 'suppressed') expect(memos.every((each) => each.withheld)).toBe(true)
        if (port === 'failed') expect(memos.filter((each) => !each.withheld).map((each) => each.failed)).not.toContain(false)
      })
    }
  })

  law('leave a decision each, saying what became of them', (played) => {
    const said = { send: 'message_planned', defer: 'message_deferred', suppress: 'message_suppressed' }
    for (const { effects, trace } of played) {
      const decided = trace.filter((each) => each.code.startsWith('message_')).map(({ code, node, data }) => [code, node, data?.messageId])
      const messages = planned([{ effects } as Played])
      expect(decided).toEqual(messages.map((each) => [said[each.verdict.type], each.node, each.id]))
    }
  })

  law('are held back while the journey is paused', (played) => {
    for (const one of played) if (one.facts.paused) expect(planned([one]).filter((each) => each.verdict.type === 'send')).toEqual([])
  })

  law('are withdrawn when somebody is taken out, and not when the graph comes to an end', (played) => {
    for (const one of played) {
      const { status, endReason } = one.state
      const takenOut =
        isActive(one.before) && (status === 'CONVERTED' || (status === 'EXITED' && !['exit_node', 'undeliverable'].includes(endReason ?? '')))
      const withdrawn = one.effects.flatMap((each) => (each.type === 'withdraw' && each.reason !== 'engaged' ? [each.reason] : []))
      expect(withdrawn).toEqual(takenOut ? ['enrollment_ended'] : [])
    }
  })
})

describe('what ends a journey', () => {
  const ending = graphs.map(
    (graph): Graph => ({
      ...graph,
      exitRules: [{ event: 'stop', matchKey: 'key' }],
      goals: [{ name: 'constructor', event: 'buy', matchKey: 'key', window: 'P90Y', valueProperty: 'total' }],
    }),
  )
  const WITHDRAWN = { type: 'withdraw', reason: 'enrollment_ended' }

  test('comes before the timer that is due with it, and takes back what is not on its way', () => {
    fc.assert(
      fc.property(ending, factsOf, happenings, fc.boolean(), (graph, facts, happened, paused) => {
        const ready = compiled(graph)
        const last = play(ready, facts, happened).at(-1)
        if (last === undefined || !isActive(last.state)) return
        const now = Math.max(last.now, last.state.dueAt ?? 0)
        const known = { ...facts, paused }
        const properties = { key: 'k', total: 12 }
        for (const [name, status, endReason, effects] of [
          ['stop', 'EXITED', 'exit_event:stop', [WITHDRAWN]],
          ['buy', 'CONVERTED', 'constructor', [{ type: 'conversion', goal: 'constructor', value: 12, eventId: 'e', at: now }, WITHDRAWN]],
        ] as const) {
          const heard = step(ready, last.state, { type: 'event', event: event('e', name, now, properties) }, known, now)
          expect(heard).toMatchObject({ state: { status, endReason, endedAt: now, node: null, dueAt: null }, effects })
          const woken = step(ready, heard.state, { type: 'timer' }, known, now)
          expect(woken).toEqual({ state: { ...heard.state, seq: heard.state.seq + 1 }, effects: [], trace: [] })
          const other = step(ready, last.state, { type: 'event', event: event('e', name, now, { key: 'other' }) }, known, now)
          expect(other).toMatchObject({ state: { status: 'ACTIVE', node: last.state.node }, effects: [] })
        }
      }),
      { numRuns: 1000 },
    )
  })

  const pausing = (rest: Partial<Graph>) => journey({ pause: ['delay', { duration: 'P1D' }, { next: 'end' }], end: ['exit', {}] }, rest)
  const bought = (rest: object = {}) => pausing({ goals: [{ name: 'bought', event: 'buy', window: 'PT2H', ...rest }] })

  test.each([
    ['at the end of its window', NOW + 2 * HOUR, 'CONVERTED'],
    ['after its window', NOW + 2 * HOUR + 1, 'ACTIVE'],
    ['with the event that started the journey, heard in the same tick', NOW - 1000, 'CONVERTED'],
    ['before the event that started the journey', NOW - 1001, 'ACTIVE'],
  ])('a goal %s', (_, occurredAt, status) => {
    expect(life(bought()).hear(NOW + 3 * HOUR, event('b', 'buy', occurredAt)).state.status).toBe(status)
  })

  test('a goal is no goal by the event that started the journey, or where its filter does not hold', () => {
    expect(life(bought()).hear(NOW, event('trigger', 'buy', NOW)).effects).toEqual([])
    expect(life(bought({ where: [{ path: 'total', op: 'GT', value: 10 }] })).hear(NOW, event('b', 'buy', NOW, { total: 10 })).effects).toEqual([])
  })

  test('a goal that is only recorded is recorded once, and the journey goes on', () => {
    const one = life(bought({ name: 'valueOf', onReached: 'RECORD' }))
    const { effects, trace } = one.hear(NOW + 5, event('b', 'buy', NOW + 5))
    expect(effects).toEqual([{ type: 'conversion', goal: 'valueOf', value: null, eventId: 'b', at: NOW + 5 }])
    expect(trace).toEqual([{ code: 'goal_reached', node: 'pause', data: { goal: 'valueOf', eventId: 'b' } }])
    expect(one.hear(NOW + 6, event('c', 'buy', NOW + 6))).toMatchObject({
      effects: [],
      trace: [],
      state: { goals: { valueOf: NOW + 5 }, node: 'pause' },
    })
  })

  test('an exit condition is asked after everything that happens', () => {
    const graph = pausing({ exitRules: [{ condition: { tag: 'gone' } }] })
    for (const input of [{ type: 'contact' }, { type: 'timer' }, { type: 'event', event: event('x', 'x', NOW) }] as const) {
      const one = life(graph)
      expect(one.fold(NOW, input).state.status).toBe('ACTIVE')
      one.know({ contact: { ...FACTS.contact, tags: ['gone'] } })
      expect(one.fold(NOW, input)).toMatchObject({ state: { status: 'EXITED', endReason: 'exit_condition' }, effects: [WITHDRAWN] })
    }
    expect(life(graph, { contact: { ...FACTS.contact, tags: ['gone'] } }).state()).toMatchObject({ status: 'EXITED', visit: 1 })
  })

  test('an exit rule has the reason it was given, and the first that fits is taken', () => {
    const rules = [
      { event: 'x', where: [{ path: 'n', op: 'EQ' as const, value: 1 }], reason: 'one' },
      { event: 'x', reason: 'any' },
    ]
    for (const [n, reason] of [
      [1, 'one'],
      [2, 'any'],
    ] as const) {
      expect(life(pausing({ exitRules: rules })).hear(NOW, event('x', 'x', NOW, { n })).state.endReason).toBe(reason)
    }
    expect(life(pausing({ exitRules: rules })).hear(NOW, event('trigger', 'x', NOW)).state.status).toBe('ACTIVE')
  })
})

test('what a node changes, the next one sees', () => {
  const graph = journey({
    mark: ['update', { addTags: ['x'], removeTags: ['y'], attributes: [{ name: 'n', value: 1 }], unset: ['m'] }, { next: 'ask' }],
    ask: [
      'branch',
      {
        branches: [
          {
            name: 'yes',
            when: {
              all: [
                { tag: 'x' },
                { not: { tag: 'y' } },
                { attribute: { path: 'n', op: 'EQ', value: 1 } },
                { attribute: { path: 'm', op: 'NOT_EXISTS' } },
              ],
            },
          },
        ],
      },
      { yes: 'end' },
    ],
    end: ['exit', { reason: 'seen' }],
  })
  const one = life(graph, { contact: { ...FACTS.contact, tags: ['y'], attributes: { m: 1 } } })
  expect(one.state().endReason).toBe('seen')
})

test('what is heard of a message after the end is remembered, and why', () => {
  const one = life(journey({ mail: ['email', { templateId: 't-email' }] }))
  one.signal(NOW, 'SENT')
  const ended = one.state()
  const messageId = ended.messages.mail?.id ?? ''
  const heard = one.fold(NOW, { type: 'signal', messageId, signal: 'FAILED', human: true, at: NOW, reason: 'mailbox full' })
  expect(heard).toMatchObject({ state: { ...ended, seq: 3, messages: { mail: { rank: 1, failed: true } } }, effects: [] })
  expect(heard.trace).toEqual([{ code: 'signal', node: 'mail', data: { signal: 'FAILED', reason: 'mailbox full' } }])
  // Told again it is no news.
  expect(one.fold(NOW, { type: 'signal', messageId, signal: 'FAILED', human: true, at: NOW }).trace).toEqual([])
})

test('one after the other, two repeats that are over at once end the journey and do not fail it', () => {
  const one = life(
    journey({
      first: ['repeat', { every: 'P1D', times: 1 }, { body: 'a', done: 'second' }],
      a: ['update', { addTags: ['a'] }, { next: 'first' }],
      second: ['repeat', { every: 'P1D', times: 1 }, { body: 'b' }],
      b: ['update', { addTags: ['b'] }, { next: 'second' }],
    }),
  )
  expect(one.state().status).toBe('COMPLETED')
})

test('a graph that slipped past the checks fails and does not spin', () => {
  const spinning = life(journey({ a: ['update', { addTags: ['a'] }, { next: 'a' }] }))
  expect(spinning.state()).toMatchObject({ status: 'FAILED', endReason: 'loop', node: null })
  const torn = life(journey({ a: ['update', { addTags: ['a'] }, { next: 'nowhere' }] }))
  expect(torn.state()).toMatchObject({ status: 'FAILED', endReason: 'node_missing' })
})
