import { beforeEach, expect, test } from 'vitest'
import type { SendOutcome } from '../../src/domain/delivery.ts'
import { type Dispatcher, openDispatcher, type SendOne } from '../../src/lanes/dispatch.ts'
import { chain, delay, email, LANES, on, type TestRing, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const world = testRing()
const workspace = testWorkspace(world)
let journeyId: string
const sent: string[] = []
const errors: unknown[] = []

beforeEach(async () => {
  await workspace.connect('email')
  sent.length = 0
  errors.length = 0
})

const ok: SendOne = async (message) => ({ type: 'ok', providerMessageId: message.id })

function open(options: { send?: SendOne; sockets?: number; pool?: TestRing['database']['worker'] } = {}): Dispatcher {
  const { send = ok, sockets = 8, pool = world.database.worker } = options
  return openDispatcher({
    pool,
    lanes: LANES,
    sockets,
    send(message, attempt) {
      sent.push(message.id)
      return send(message, attempt)
    },
    onError: (error) => errors.push(error),
  })
}

/** The worker's pool with what it is asked first refused: a transaction where `by` is connect, a report where it is query. */
function refusing(by: 'connect' | 'query', times: number): TestRing['database']['worker'] {
  const { worker } = world.database
  let left = times
  const method =
    (name: 'connect' | 'query') =>
    (...given: unknown[]): unknown =>
      name === by && left-- > 0 ? Promise.reject(new TypeError('the database is away')) : (worker[name] as (...all: unknown[]) => unknown)(...given)
  return Object.assign(Object.create(worker), { connect: method('connect'), query: method('query') })
}

/** As many people with a mail planned each, for a purpose that needs consent; they have given it. */
async function planned(n: number): Promise<{ id: string; contactId: string }[]> {
  const graph = chain([on('seen'), email(await workspace.template('email'), { purpose: 'PROMOTIONAL' }), delay('PT1H')])
  journeyId = (await workspace.publish(graph)).journeyId
  for (let i = 0; i < n; i++) await workspace.contact(`contact-${i}`, ['email'], { email: 'GRANTED' })
  await workspace.post(...Array.from({ length: n }, (_, i) => workspace.event(`contact-${i}`, 'seen')))
  return world.rows(`SELECT id, contact_id AS "contactId" FROM message WHERE journey_id = $1 AND status = 'PLANNED' ORDER BY id`, [journeyId])
}

/** Dispatches and waits; answers what `settled` was told. */
async function dispatch(dispatcher: Dispatcher, ids: readonly string[]): Promise<boolean[]> {
  const told: boolean[] = []
  dispatcher.add(ids, (marked) => told.push(marked))
  await dispatcher.drain()
  return told
}

const ids = (messages: readonly { id: string }[]) => messages.map((each) => each.id)
const inbox = () =>
  world.rows<{ kind: string; data: Record<string, unknown> }>('SELECT kind, data::json FROM inbox WHERE workspace_id = $1 ORDER BY seq', [
    workspace.id,
  ])

test('a message is marked before its sender is called, with what it is sent from, and its outcome goes to the ring', async () => {
  const messages = await planned(3)
  const seen: unknown[] = []
  const dispatcher = open({
    async send(message, attempt) {
      const marked = await world.rows(
        `SELECT status, attempt, template_version, provider, connection_id = $2 AS connected, dispatching_at IS NOT NULL AS dated FROM message WHERE id = $1`,
        [message.id, message.connection_id],
      )
      seen.push([attempt, ...marked])
      return { type: 'ok', providerMessageId: message.id }
    },
  })
  expect(await dispatch(dispatcher, ids(messages))).toEqual([true])
  const marked = { status: 'DISPATCHING', attempt: 1, template_version: 1, provider: 'test', connected: true, dated: true }
  expect(seen).toEqual(messages.map(() => [1, marked]))
  // Each asked the database meanwhile, and is reported when it was answered.
  const reported = (await inbox()).map(({ kind, data }) => [data.messageId, kind, data.attempt, data.outcome])
  expect(reported.sort()).toEqual(ids(messages).map((id) => [id, 'result', 1, { type: 'ok', providerMessageId: id }]))
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['SENT', 'SENT', 'SENT'])
})

/** What may have happened since a message was planned, and the reason it is then held back for. */
const CHANGES: Record<string, [reason: string, statement: string]> = {
  'contact erased': ['erased', 'UPDATE contact SET erased_at = now() WHERE id = $1'],
  'contact suppressed': ['suppressed', 'UPDATE contact SET suppressed_at = now() WHERE id = $1'],
  'journey paused': ['journey_paused', `UPDATE journey SET status = 'PAUSED' WHERE $1::text IS NOT NULL`],
  'journey archived': ['journey_archived', `UPDATE journey SET status = 'ARCHIVED' WHERE $1::text IS NOT NULL`],
  'enrollment exited': ['enrollment_ended', `UPDATE enrollment SET status = 'EXITED' WHERE contact_id = $1`],
  'enrollment failed': ['enrollment_ended', `UPDATE enrollment SET status = 'FAILED' WHERE contact_id = $1`],
  'enrollment converted by a goal': ['enrollment_ended', `UPDATE enrollment SET status = 'CONVERTED' WHERE contact_id = $1`],
  'address removed': ['unreachable', 'DELETE FROM channel_identity WHERE contact_id = $1'],
  'address bounced': ['identity_inactive', `UPDATE channel_identity SET status = 'BOUNCED' WHERE contact_id = $1`],
  'consent withdrawn': ['consent_withdrawn', `UPDATE consent SET state = 'WITHDRAWN' WHERE contact_id = $1`],
  'channel suppressed': ['suppressed', `UPDATE consent SET state = 'SUPPRESSED' WHERE contact_id = $1`],
  'consent gone': ['no_consent', 'DELETE FROM consent WHERE contact_id = $1'],
  'provider disconnected': ['no_provider', 'UPDATE provider_connection SET disabled_at = now() WHERE $1::text IS NOT NULL'],
}

test.each(Object.entries(CHANGES))('%s since it was planned: held back and not sent', async (_, [reason, statement]) => {
  const [message] = await planned(1)
  await world.rows(statement, [message?.contactId])
  expect(await dispatch(open(), [message?.id ?? ''])).toEqual([true])
  expect([sent, await inbox()]).toEqual([[], [{ kind: 'held', data: { messageId: message?.id, reason } }]])
  expect((await workspace.messages(journeyId)).map((each) => each.status)).toEqual(['PLANNED'])
  await workspace.tick()
  expect((await workspace.messages(journeyId)).map((each) => each.failure_code)).toEqual([reason])
})

test('the app’s own surface goes out with neither address nor provider, and is held back for all else', async () => {
  const card = { key: 'card', kind: 'in_app', config: { templateId: await workspace.template('in_app') } }
  journeyId = (await workspace.publish(chain([on('seen'), card, delay('PT1H')]))).journeyId
  const suppressed = await workspace.contact('suppressed')
  await workspace.contact('reached')
  await workspace.post(workspace.event('suppressed', 'seen'), workspace.event('reached', 'seen'))
  const messages = await world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM message WHERE journey_id = $1', [journeyId])
  await world.rows('UPDATE contact SET suppressed_at = now() WHERE id = $1', [suppressed])
  await dispatch(open(), ids(messages))
  const held = messages.filter((each) => each.contact_id === suppressed)
  expect([sent, (await inbox()).map(({ kind, data }) => [kind, data.messageId, data.reason ?? null])]).toEqual([
    ids(messages.filter((each) => !held.includes(each))),
    expect.arrayContaining([
      ['held', held[0]?.id, 'suppressed'],
      ['result', sent[0], null],
    ]),
  ])
})

test('an enrollment that has completed withdraws nothing', async () => {
  const [message] = await planned(1)
  await world.rows(`UPDATE enrollment SET status = 'COMPLETED' WHERE journey_id = $1`, [journeyId])
  await dispatch(open(), [message?.id ?? ''])
  expect(sent).toEqual([message?.id])
})

test.each([
  [
    'consent_withdrawn',
    `INSERT INTO consent (lane, contact_id, channel, workspace_id, state, source, purpose) SELECT lane, id, 'email', workspace_id, 'WITHDRAWN', 'test', 'marketing' FROM contact WHERE id = $1`,
  ],
  ['suppressed', 'UPDATE contact SET suppressed_at = now() WHERE id = $1'],
])('what the known half of a merged contact says counts: %s', async (reason, statement) => {
  const [message] = await planned(1)
  const known = await workspace.contact('known')
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [message?.contactId, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, message?.contactId])
  await world.rows(statement, [known])
  await dispatch(open(), [message?.id ?? ''])
  expect([sent, (await inbox()).map((each) => each.data.reason)]).toEqual([[], [reason]])
})

test('of a batch, those that may go are sent and the others are held back', async () => {
  const [first, second, third] = await planned(3)
  await world.rows(`UPDATE consent SET state = 'WITHDRAWN' WHERE contact_id = $1`, [second?.contactId])
  await dispatch(open(), [first?.id ?? '', second?.id ?? '', third?.id ?? ''])
  expect(sent.sort()).toEqual([first?.id, third?.id].sort())
})

test('no more are marked, and so in doubt, than there are sockets', async () => {
  const messages = await planned(30)
  const most = { inFlight: 0, marked: 0 }
  const open5: (() => void)[] = []
  const dispatcher = open({
    sockets: 5,
    async send(message) {
      most.inFlight = Math.max(most.inFlight, dispatcher.inFlight)
      const [row] = await world.rows<{ n: number }>(`SELECT count(*)::int AS n FROM message WHERE journey_id = $1 AND status = 'DISPATCHING'`, [
        journeyId,
      ])
      most.marked = Math.max(most.marked, (row?.n ?? 0) - (sent.length - dispatcher.inFlight))
      await new Promise<void>((done) => open5.push(done))
      return { type: 'ok', providerMessageId: message.id }
    },
  })
  const told: boolean[] = []
  dispatcher.add(ids(messages), (marked) => told.push(marked))
  for (let released = 0; released < 30; released++) {
    await until(async () => open5.length > 0)
    open5.shift()?.()
  }
  await dispatcher.drain()
  expect([most, told, sent.length, dispatcher.inFlight]).toEqual([{ inFlight: 5, marked: 5 }, [true], 30, 0])
})

test('the same message given twice, at once or later, is sent once', async () => {
  const messages = await planned(10)
  const [one, other] = [open(), open()]
  const told = await Promise.all([dispatch(one, ids(messages)), dispatch(other, ids(messages)), dispatch(one, [...ids(messages)].reverse())])
  await dispatch(other, ids(messages))
  expect([sent.sort(), told.flat()]).toEqual([ids(messages), [true, true, true]])
})

test('a mark that fails sends nothing and says so; given again, the messages go', async () => {
  const messages = await planned(2)
  const dispatcher = open({ pool: refusing('connect', 1) })
  expect(await dispatch(dispatcher, ids(messages))).toEqual([false])
  expect([sent, errors, (await workspace.messages(journeyId)).map((each) => each.status)]).toEqual([
    [],
    [new TypeError('the database is away')],
    ['PLANNED', 'PLANNED'],
  ])
  expect(await dispatch(dispatcher, ids(messages))).toEqual([true])
  expect(sent.sort()).toEqual(ids(messages))
})

test('an outcome that cannot be reported is reported later, and is not lost', async () => {
  const messages = await planned(4)
  await dispatch(open({ pool: refusing('query', 2) }), ids(messages))
  expect(errors).toHaveLength(2)
  expect((await inbox()).map((each) => each.data.messageId).sort()).toEqual(ids(messages))
})

test('a sender that throws leaves the message in doubt, and nobody else', async () => {
  const messages = await planned(2)
  const fault = new TypeError('the socket is gone')
  await dispatch(
    open({
      async send(message) {
        if (message.id === messages[0]?.id) throw fault
        return { type: 'ok', providerMessageId: message.id }
      },
    }),
    ids(messages),
  )
  expect(errors).toEqual([fault])
  await workspace.tick()
  const outcomes = Object.fromEntries((await workspace.messages(journeyId)).map((each) => [each.id, `${each.status} ${each.failure_code}`]))
  expect(outcomes).toEqual({ [messages[0]?.id ?? '']: 'UNKNOWN SENDER_FAULT', [messages[1]?.id ?? '']: 'SENT null' })
})

test('an attempt after the first has its own number', async () => {
  const [message] = await planned(1)
  const outcomes: SendOutcome[] = [
    { type: 'retry', code: '503', message: 'busy' },
    { type: 'ok', providerMessageId: 'p' },
  ]
  const attempts: number[] = []
  const dispatcher = open({
    async send(_, attempt) {
      attempts.push(attempt)
      return outcomes[attempt - 1] as SendOutcome
    },
  })
  await dispatch(dispatcher, [message?.id ?? ''])
  await workspace.tick()
  await workspace.pass(60_000)
  const { sends } = await workspace.tick()
  await dispatch(dispatcher, sends[0]?.ids ?? [])
  await workspace.tick()
  expect([attempts, (await workspace.messages(journeyId)).map((each) => each.status)]).toEqual([[1, 2], ['SENT']])
})

test('nothing to send is settled at once', () => {
  const told: boolean[] = []
  open().add([], (marked) => told.push(marked))
  expect(told).toEqual([true])
})
