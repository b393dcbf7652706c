import type { PgBoss } from 'pg-boss'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { dispatchNow, enqueueSends, type Finisher, openFinisher, workSends } from '../../jobs/send.ts'
import { type Dispatcher, openDispatcher } from '../../src/lanes/dispatch.ts'
import { openBoss } from '../../src/queue/boss.ts'
import { inTransaction } from '../../src/store/sql.ts'
import { chain, email, LANES, on, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const world = testRing()
const workspace = testWorkspace(world)
let boss: PgBoss
let dispatcher: Dispatcher
let finisher: Finisher
/** What reached the provider. */
const sent: string[] = []
const errors: unknown[] = []
let failing = 0

beforeAll(async () => {
  boss = openBoss(world.database.url, { supervise: false, onError: (error) => errors.push(error) })
  await boss.start()
  finisher = openFinisher(boss, (error) => errors.push(error))
})
afterAll(() => boss.stop({ graceful: false }))
beforeEach(async () => {
  await workspace.connect('email')
  sent.length = 0
  errors.length = 0
  failing = 0
  const { worker } = world.database
  dispatcher = openDispatcher({
    // Refuses as many transactions as `failing` says; what is asked for by a query goes through.
    pool: Object.assign(Object.create(worker), {
      query: worker.query.bind(worker),
      connect: () => (failing-- > 0 ? Promise.reject(new TypeError('no connection')) : worker.connect()),
    }),
    lanes: LANES,
    sockets: 8,
    send: async (message) => {
      sent.push(message.id)
      return { type: 'ok', providerMessageId: message.id }
    },
    onError: (error) => errors.push(error),
  })
})
afterEach(async () => {
  await boss.offWork('send')
  await dispatcher.drain()
  await finisher.flush()
  await world.rows(`DELETE FROM pgboss.job WHERE name = 'send'`)
  await world.rows('DELETE FROM inbox')
})

const jobs = () => world.rows<{ id: string; state: string; data: unknown }>(`SELECT id, state, data FROM pgboss.job WHERE name = 'send'`)
const stateIs = (state: string) => until(async () => (await jobs())[0]?.state === state)
/** The head start is over, and no retry is waited for. */
const due = () => world.rows(`UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE name = 'send' AND state IN ('created', 'retry')`)

/** As many planned messages, with their job on the queue: what a tick leaves behind. */
async function planned(n: number): Promise<{ jobId: string; ids: string[] }> {
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  for (let i = 0; i < n; i++) await workspace.contact(`contact-${i}`, ['email'])
  world.planned.length = 0
  await workspace.post(...Array.from({ length: n }, (_, i) => workspace.event(`contact-${i}`, 'seen')))
  const ids = [...world.planned]
  return { jobId: await inTransaction(world.database.worker, (client) => enqueueSends(boss, client, ids)), ids }
}

test('the job is put on the queue by the transaction that plans, or not at all, and waits for the worker that planned', async () => {
  const rolledBack = inTransaction(world.database.worker, async (client) => {
    await enqueueSends(boss, client, ['a'])
    throw new TypeError('the tick failed')
  })
  await expect(rolledBack).rejects.toThrow('the tick failed')
  expect(await jobs()).toEqual([])
  const id = await inTransaction(world.database.worker, (client) => enqueueSends(boss, client, ['a', 'b']))
  expect(await jobs()).toEqual([{ id, state: 'created', data: { ids: ['a', 'b'] } }])
  expect(await world.rows(`SELECT round(extract(epoch FROM start_after - created_on))::int AS wait FROM pgboss.job WHERE id = $1`, [id])).toEqual([
    { wait: 10 },
  ])
})

test('dispatched at once, the batch reaches the provider and its job is off the queue before its head start ends', async () => {
  const batch = await planned(3)
  dispatchNow(finisher, dispatcher, batch)
  await dispatcher.drain()
  await stateIs('completed')
  expect([sent.sort(), errors]).toEqual([batch.ids.sort(), []])
})

test('where marking fails the job stays, and the net sends what is still planned', async () => {
  const batch = await planned(2)
  failing = 1
  dispatchNow(finisher, dispatcher, batch)
  await dispatcher.drain()
  expect([sent, errors, (await jobs())[0]?.state]).toEqual([[], [new TypeError('no connection')], 'created'])
  await due()
  await workSends(boss, dispatcher)
  await stateIs('completed')
  await dispatcher.drain()
  expect(sent.sort()).toEqual(batch.ids.sort())
})

test('the net takes what a dead worker left, tries again where it cannot mark, and sends nothing twice', async () => {
  const batch = await planned(2)
  failing = 1
  await due()
  await workSends(boss, dispatcher)
  await stateIs('retry')
  expect(sent).toEqual([])
  await due()
  await stateIs('completed')
  dispatchNow(finisher, dispatcher, batch)
  await dispatcher.drain()
  expect(sent.sort()).toEqual(batch.ids.sort())
})

test('the worker that planned and the net may take the same batch at the same moment', async () => {
  const batch = await planned(20)
  await due()
  await workSends(boss, dispatcher)
  await until(async () => (await jobs())[0]?.state !== 'created')
  dispatchNow(finisher, dispatcher, batch)
  await stateIs('completed')
  await dispatcher.drain()
  expect([sent.sort(), errors]).toEqual([batch.ids.sort(), []])
})

test('a batch without a job is dispatched all the same', async () => {
  const { ids } = await planned(1)
  dispatchNow(finisher, dispatcher, { jobId: '', ids })
  await dispatcher.drain()
  expect([sent, errors, (await jobs())[0]?.state]).toEqual([ids, [], 'created'])
})
