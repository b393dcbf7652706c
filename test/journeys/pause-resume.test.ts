import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasEnded, heard, numbers, refusals, type Seen, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** A journey is paused while people wait in it: nothing is sent, what ends it still does; then it goes on by each policy, and never in a burst. */
let stage: Stage
let email: string

beforeAll(async () => {
  stage = await openStage()
  email = await stage.template('EMAIL', { subject: 'News', html: '<p>of today</p>' })
})
afterAll(() => stage.close())

const pause = (id: string) => stage.client.run('mutation ($id: ID!) { pauseJourney(input: { id: $id }) { userErrors { message } } }', { id })
const resume = (id: string, overdue: string) =>
  stage.client.run(
    'mutation ($id: ID!, $overdue: OverduePolicy) { resumeJourney(input: { id: $id, overdue: $overdue }) { userErrors { message } } }',
    {
      id,
      overdue,
    },
  )
const mails = (address: string) => stage.sandbox.log.entries().filter((entry) => entry.to === address).length

/** Two ways to a mail: after a delay, or when asked for. Events are named after the journey. */
const news = (name: string) =>
  stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'soon', config: { eventTrigger: { event: `${name}.soon` } } },
      { key: 'delay', config: { delay: { duration: 'PT2S' } } },
      { key: 'asked', config: { eventTrigger: { event: `${name}.asked` } } },
      { key: 'wait', config: { wait: { events: [{ name: 'go', event: `${name}.go` }], timeout: 'P1D' } } },
      { key: 'mail', config: { email: { templateId: email } } },
      { key: 'after', config: { update: { addTags: ['told'] } } },
    ],
    edges: [
      { from: 'soon', port: 'next', to: 'delay' },
      { from: 'delay', port: 'next', to: 'mail' },
      { from: 'asked', port: 'next', to: 'wait' },
      { from: 'wait', port: 'go', to: 'mail' },
      { from: 'mail', port: 'next', to: 'after' },
    ],
    exitRules: [{ event: `${name}.stopped`, reason: 'stopped' }],
    goals: [{ name: 'bought', event: `${name}.bought`, window: 'P1D' }],
  })

/** A journey that was paused with one in its delay, whose time has come since, and one whose mail was asked for since. */
async function held(name: string): Promise<string> {
  const id = await news(name)
  for (const who of ['delayed', 'asker']) await stage.contact(`${name}-${who}`, { email: `ignorer.${name.toLowerCase()}-${who}@mail.example` })
  await stage.event(`${name}-asker`, `${name}.asked`)
  await seen(stage, id, `${name}-asker`)
  await stage.event(`${name}-delayed`, `${name}.soon`)
  await seen(stage, id, `${name}-delayed`, (one) => one.node === 'delay')
  await pause(id)
  await stage.event(`${name}-asker`, `${name}.go`)
  await seen(stage, id, `${name}-asker`, (one) => one.messages[0]?.status === 'DEFERRED')
  // The timer fell due, and was put on ice where it was.
  await seen(stage, id, `${name}-delayed`, (one) => one.dueAt === null)
  return id
}

const brief = ({ state, path, messages }: Seen) => ({ state, path, messages: messages.map((each) => each.failure?.code ?? each.status) })

describe('while it is paused', () => {
  test('timers and sends freeze, nobody enters, and leaving goes on', async () => {
    const id = await news('frozen')
    const people = ['stopper', 'buyer', 'waiter']
    for (const who of people) await stage.contact(who, { email: `ignorer.${who}@mail.example` })
    await Promise.all(people.map((who) => stage.event(who, 'frozen.soon')))
    await until(async () => (await numbers(stage, id)).started === 3)
    await pause(id)
    await stage.event('newcomer', 'frozen.soon')
    await heard(stage, 'newcomer', 1)
    expect(await refusals(stage, 'newcomer')).toEqual([{ code: 'refused_paused', data: null }])
    expect(brief(await seen(stage, id, 'waiter', (one) => one.dueAt === null))).toEqual({
      state: 'ACTIVE',
      path: ['soon:next', 'delay'],
      messages: [],
    })
    await stage.event('stopper', 'frozen.stopped')
    await stage.event('buyer', 'frozen.bought')
    expect(brief(await seen(stage, id, 'stopper', hasEnded))).toEqual({ state: 'EXITED', path: ['soon:next', 'delay'], messages: [] })
    expect(brief(await seen(stage, id, 'buyer', hasEnded))).toEqual({ state: 'CONVERTED', path: ['soon:next', 'delay'], messages: [] })
    expect(people.map((who) => mails(`ignorer.${who}@mail.example`))).toEqual([0, 0, 0])
  })
})

describe('resumed', () => {
  const journeys: Record<string, string> = {}
  let resumedAt = 0

  beforeAll(async () => {
    const policies = ['RESCHEDULE', 'SEND_LATE', 'SKIP']
    await Promise.all(policies.map(async (policy) => (journeys[policy] = await held(policy))))
    resumedAt = Date.now()
    await Promise.all(policies.map((policy) => resume(journeys[policy] ?? '', policy)))
  })

  async function ends(policy: string): Promise<{ delayed: Seen; asker: Seen }> {
    const [delayed, asker] = await Promise.all(['delayed', 'asker'].map((who) => seen(stage, journeys[policy] ?? '', `${policy}-${who}`, hasEnded)))
    return { delayed: delayed ?? expect.fail(), asker: asker ?? expect.fail() }
  }
  const sent = (policy: string) => ['delayed', 'asker'].map((who) => mails(`ignorer.${policy.toLowerCase()}-${who}@mail.example`))

  test('SEND_LATE ends the waits, and sends what the pause held back', async () => {
    const { delayed, asker } = await ends('SEND_LATE')
    expect(delayed.path).toEqual(['soon:next', 'delay:next', 'mail:next', 'after:next'])
    expect(asker.path).toEqual(['asked:next', 'wait:go', 'mail:next', 'after:next'])
    expect(sent('SEND_LATE')).toEqual([1, 1])
  })

  test('SKIP gives up what the pause held back; the journey goes on behind it', async () => {
    const { delayed, asker } = await ends('SKIP')
    expect(delayed.path).toEqual(['soon:next', 'delay:next', 'mail:next', 'after:next'])
    expect(brief(asker)).toEqual({ state: 'COMPLETED', path: ['asked:next', 'wait:go', 'mail:suppressed', 'after:next'], messages: ['expired'] })
    expect(sent('SKIP')).toEqual([1, 0])
  })

  test('RESCHEDULE begins the waits anew', async () => {
    const { delayed, asker } = await ends('RESCHEDULE')
    expect(delayed.path).toEqual(['soon:next', 'delay:next', 'mail:next', 'after:next'])
    expect(Date.parse(delayed.visits[1]?.leftAt ?? '')).toBeGreaterThanOrEqual(resumedAt + 2_000)
    expect(asker.path).toEqual(['asked:next', 'wait:go', 'mail:next', 'after:next'])
    expect(sent('RESCHEDULE')).toEqual([1, 1])
  })

  test('people may enter again', async () => {
    await stage.event('SKIP-asker', 'SKIP.asked')
    await seen(stage, journeys.SKIP ?? '', 'SKIP-asker', (one) => one.node === 'wait')
  })
})

test('a crowd whose time came together comes back spread over half a second: two hundred a second', async () => {
  const id = await news('crowd')
  await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
    events: Array.from({ length: 100 }, (_, n) => ({ messageId: `crowd-${n}`, name: 'crowd.soon', contact: { externalId: `crowd-${n}` } })),
  })
  await until(async () => (await numbers(stage, id)).started === 100)
  await pause(id)
  const due = async () => {
    const answer = await stage.client.run<{ enrollments: { edges: { node: { dueAt: string | null } }[] } }>(
      'query ($id: ID!) { enrollments(journeyId: $id, first: 100) { edges { node { dueAt } } } }',
      { id },
    )
    return answer.enrollments.edges.flatMap(({ node }) => (node.dueAt === null ? [] : [Date.parse(node.dueAt)])).sort((a, b) => a - b)
  }
  await until(async () => (await due()).length === 0)
  await resume(id, 'RESCHEDULE')
  const back = await until(async () => {
    const all = await due()
    return all.length === 100 && all
  })
  const [first, last] = [back[0] ?? 0, back.at(-1) ?? 0]
  expect(last - first).toBeGreaterThan(400)
  expect(last - first).toBeLessThanOrEqual(500)
  // Even shares are twenty to a tenth of a second; a hash strays, though never to twice as many and a half.
  const most = Math.max(...back.map((from) => back.filter((at) => at >= from && at < from + 100).length))
  expect(most).toBeLessThan(50)
})
