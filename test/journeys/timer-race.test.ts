import { afterAll, beforeAll, expect, test } from 'vitest'
import { allEnded, look, numbers } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** A reminder falls due for many at one instant while they are buying: who bought in time gets none, and nobody gets both. */
const PEOPLE = 100
let stage: Stage
let journeyId: string

const name = (index: number) => `racer-${index}`
const token = (externalId: string) => `ignorer-device-${externalId}`

beforeAll(async () => {
  stage = await openStage()
  const thanks = await stage.template('PUSH', { title: 'Thanks', body: 'you bought' })
  const reminder = await stage.template('PUSH', { title: 'Reminder', body: 'you did not' })
  journeyId = await stage.journey({
    settings: { purpose: 'TRANSACTIONAL' },
    nodes: [
      { key: 'start', config: { apiTrigger: {} } },
      { key: 'race', config: { wait: { events: [{ name: 'bought', event: 'order.placed' }], timeout: 'PT3S' } } },
      { key: 'thanks', config: { push: { templateId: thanks } } },
      { key: 'reminder', config: { push: { templateId: reminder } } },
    ],
    edges: [
      { from: 'start', port: 'next', to: 'race' },
      { from: 'race', port: 'bought', to: 'thanks' },
      { from: 'race', port: 'timeout', to: 'reminder' },
    ],
  })
  await Promise.all(
    Array.from({ length: PEOPLE }, (_, index) =>
      stage.client.run('mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { userErrors { message } } }', {
        input: { contact: { externalId: name(index) }, channel: 'PUSH', address: token(name(index)) },
      }),
    ),
  )
})
afterAll(() => stage.close())

/** When each one's reminder is due. */
async function reminders(): Promise<Map<string, number>> {
  await until(async () => (await numbers(stage, journeyId)).started === PEOPLE)
  const answer = await stage.client.run<{ enrollments: { edges: { node: { dueAt: string; contact: { externalId: string } } }[] } }>(
    'query ($journeyId: ID!) { enrollments(journeyId: $journeyId, first: 100) { edges { node { dueAt contact { externalId } } } } }',
    { journeyId },
  )
  return new Map(answer.enrollments.edges.map(({ node }) => [node.contact.externalId, Date.parse(node.dueAt)]))
}

/** Buys for some, a few at a time, as fast as the API takes it, and notes when each was told that it is taken. */
async function buy(told: Map<string, number>, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += 4) {
    const people = Array.from({ length: 4 }, (_, offset) => name(first + offset))
    await stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted } }', {
      events: people.map((externalId) => ({ messageId: externalId, name: 'order.placed', contact: { externalId } })),
    })
    for (const person of people) told.set(person, Date.now())
  }
}

test('timer and event at one moment: exactly one branch runs, the event’s where that was acknowledged first', async () => {
  await stage.client.run('mutation ($input: EnrollContactsInput!) { enrollContacts(input: $input) { accepted userErrors { message } } }', {
    input: { journeyId, contacts: Array.from({ length: PEOPLE }, (_, index) => ({ externalId: name(index) })) },
  })
  const due = await reminders()
  const soonest = Math.min(...due.values())
  const told = new Map<string, number>()
  await buy(told, 0, 20)
  await until(async () => Date.now() >= soonest - 80)
  await buy(told, 20, PEOPLE)
  await allEnded(stage, journeyId, PEOPLE)

  const sent = Map.groupBy(stage.sandbox.log.entries(), (entry) => entry.to)
  const outcomes = (await look(stage, journeyId)).map(({ contact: { externalId }, path, messages }) => ({
    externalId,
    path,
    messages: messages.map((each) => each.nodeKey),
    pushes: (sent.get(token(externalId)) ?? []).map((each) => each.subject),
    inTime: (told.get(externalId) ?? Number.POSITIVE_INFINITY) < (due.get(externalId) ?? 0),
  }))
  const bought = { path: ['start:next', 'race:bought', 'thanks:next'], messages: ['thanks'], pushes: ['Thanks'] }
  const reminded = { path: ['start:next', 'race:timeout', 'reminder:next'], messages: ['reminder'], pushes: ['Reminder'] }
  expect(outcomes).toHaveLength(PEOPLE)
  expect(outcomes).toEqual(
    outcomes.map(({ externalId, inTime, path }) => ({ externalId, inTime, ...(inTime || path[1] === 'race:bought' ? bought : reminded) })),
  )
})
