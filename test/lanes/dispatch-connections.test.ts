import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { openDispatcher } from '../../src/lanes/dispatch.ts'
import { chain, delay, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'

/** Which of several connections a message is marked for. */
const world = testRing()
const workspace = testWorkspace(world)

async function connect(name: string, priority: number, change: { channel?: string; openFor?: number } = {}): Promise<string> {
  const id = randomUUID()
  await world.rows(
    `INSERT INTO provider_connection (id, workspace_id, channel, provider, name, credentials, priority) VALUES ($1, $2, $3, $4, $4, '', $5)`,
    [id, workspace.id, change.channel ?? 'email', name, priority],
  )
  if (change.openFor !== undefined)
    await world.rows(
      `INSERT INTO provider_circuit (connection_id, workspace_id, failures, open_until, code, failed_at) VALUES ($1, $2, 4, now() + $3 * interval '1 second', 'X', now())`,
      [id, workspace.id, change.openFor],
    )
  return id
}

/** Marks as many messages in one batch; through which provider each would have gone, in the batch's order, and what was known of it. */
async function through(n: number): Promise<string[]> {
  const graph = chain([on('seen'), email(await workspace.template('email')), delay('PT1H')])
  const { journeyId } = await workspace.publish(graph)
  const people = Array.from({ length: n }, () => randomUUID())
  for (const person of people) await workspace.contact(person, ['email'])
  await workspace.post(...people.map((person) => workspace.event(person, 'seen')))
  const rows = await world.rows<{ id: string }>(`SELECT id FROM message WHERE journey_id = $1 ORDER BY lane, id`, [journeyId])
  const taken = new Map<string, string>()
  const dispatcher = openDispatcher({
    pool: world.database.worker,
    lanes: LANES,
    sockets: 64,
    async send(message) {
      taken.set(message.id, `${message.provider} ${message.connection_failures}`)
      return { type: 'ok', providerMessageId: message.id }
    },
    onError: (error) => {
      throw error
    },
  })
  dispatcher.add(
    rows.map((row) => row.id),
    () => {},
  )
  await dispatcher.drain()
  return rows.map((row) => taken.get(row.id) ?? 'none')
}

test('the first by priority, each message once, whatever else there is', async () => {
  await connect('second', 2)
  await connect('first', 1)
  await connect('text', 1, { channel: 'sms' })
  expect(await through(3)).toEqual(['first 0', 'first 0', 'first 0'])
})

test('the next while the first one’s circuit is open', async () => {
  await connect('first', 1, { openFor: 60 })
  await connect('second', 2)
  await connect('third', 3)
  expect(await through(2)).toEqual(['second 0', 'second 0'])
})

test('the first of all where every circuit is open: the message waits there', async () => {
  await connect('second', 2, { openFor: 60 })
  await connect('first', 1, { openFor: 60 })
  expect(await through(2)).toEqual(['first 4', 'first 4'])
})

test('one whose time has come is tried by every eighth message; alone it takes them all', async () => {
  await connect('first', 1, { openFor: -1 })
  expect(await through(2)).toEqual(['first 4', 'first 4'])
  await connect('second', 2)
  expect(await through(10)).toEqual(['first 4', ...Array(7).fill('second 0'), 'first 4', 'second 0'])
})

test('one whose time has come before one that is open', async () => {
  await connect('first', 1, { openFor: 60 })
  await connect('second', 2, { openFor: -1 })
  expect(await through(2)).toEqual(['second 4', 'second 4'])
})
