import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { resumeJourney } from '../../jobs/resume.ts'
import { startCalls } from '../../jobs/webhooks-calls.ts'
import type { Runner } from '../../jobs/webhooks-runner.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { ThroughlineError } from '../../src/errors.ts'
import { openRenderer, type Renderer } from '../../src/services/rendering/renderer.ts'
import { CALLS_CHANNEL, claimCalls, settleCalls } from '../../src/store/queries/webhook-calls.ts'
import { createVault } from '../../src/store/vault.ts'
import { type Hooks, startHooks } from '../support/hooks.ts'
import { chain, LANES, on, openTestRing, type TestRing, type TestWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

const vault = createVault(randomBytes(32))
let world: TestRing
let hooks: Hooks
let workspace: TestWorkspace
const renderer = openRenderer()
const runners: Runner[] = []

beforeAll(async () => {
  world = await openTestRing()
  hooks = await startHooks()
})
beforeEach(async () => {
  workspace = await world.workspace()
  await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, vault.createDataKey()])
})
afterAll(async () => {
  for (const runner of runners) await runner.stop()
  await renderer.close()
  await hooks.close()
  await world.close()
})

interface Call {
  id: string
  status: string
  attempt: number
  answer_status: number | null
  failure_code: string | null
  failure_message: string | null
  due_in: number | null
}
const calls = (journeyId: string) =>
  world.rows<Call>(
    `SELECT id, status, attempt, answer_status, failure_code, failure_message, (extract(epoch FROM due_at - now()) * 1000)::float8 AS due_in
      FROM webhook_call WHERE journey_id = $1 ORDER BY planned_at, id`,
    [journeyId],
  )
const due = (journeyId: string) => world.rows(`UPDATE webhook_call SET due_at = now() WHERE journey_id = $1 AND due_at IS NOT NULL`, [journeyId])
const vars = async (journeyId: string) =>
  (await world.rows<{ state: { vars: JsonObject } }>('SELECT state::json FROM enrollment WHERE journey_id = $1', [journeyId])).map(
    ({ state }) => state.vars,
  )
const brief = async (journeyId: string) => (await calls(journeyId)).map((call) => [call.status, call.attempt, call.answer_status, call.failure_code])

/** A worker's caller; one that begins with a call or two and is stopped when the file is over. */
function caller(privateHosts: readonly string[] = [hooks.host], rendering: Pick<Renderer, 'renderCall'> = renderer): Runner {
  const policy = { privateHosts, httpsOnly: false }
  const runner = startCalls({
    pool: world.database.worker,
    vault,
    renderer: rendering,
    lanes: LANES,
    policy,
    sockets: 4,
    pollEvery: 600_000,
    onError: (error) => expect.fail(String(error)),
  })
  runners.push(runner)
  return runner
}

/** Makes every call that is due and stops. */
async function callAll(privateHosts?: readonly string[]): Promise<void> {
  const before = hooks.seen.length
  const runner = caller(privateHosts)
  await until(async () => (await world.rows(`SELECT FROM webhook_call WHERE due_at <= now() LIMIT 1`)).length === 0)
  await runner.stop()
  expect(hooks.seen.length).toBeGreaterThanOrEqual(before)
}

/** A journey of one call: `on` its success ends it, and its error is another exit. */
function graph(event: string, config: object, path = event): Graph {
  const call = { key: 'call', kind: 'webhook', config: { method: 'POST', url: `${hooks.url}/${path}`, ...config } } as Graph['nodes'][number]
  const nodes = [on(event), call, { key: 'fine', kind: 'exit', config: { reason: 'fine' } }, { key: 'bad', kind: 'exit', config: { reason: 'bad' } }]
  const edges = [
    { from: 'start', port: 'next', to: 'call' },
    { from: 'call', port: 'success', to: 'fine' },
    { from: 'call', port: 'error', to: 'bad' },
  ]
  return chain(nodes, { edges })
}

/** Lets somebody in, as far as the call that is planned for them. */
async function planned(event: string, config: object, properties: JsonObject = {}): Promise<{ journeyId: string; id: string }> {
  const { journeyId } = await workspace.publish(graph(event, config))
  await workspace.contact(event)
  await workspace.post(workspace.event(event, event, properties))
  const [call] = await calls(journeyId)
  expect(call?.status).toBe('PENDING')
  return { journeyId, id: call?.id ?? '' }
}
const ends = async (journeyId: string) => {
  await workspace.tick()
  return (await workspace.enrollments(journeyId)).map((each) => each.end_reason)
}

describe('a call', () => {
  test('is made as the node says, and its answer moves the token with what is kept', async () => {
    hooks.on('/good', { status: 201, headers: { etag: '"7"' }, body: { score: 7, list: ['a'] } })
    const { journeyId, id } = await planned(
      'good',
      {
        method: 'PUT',
        headers: [{ name: 'X-Plan', value: '{{ contact.attributes.plan }}' }],
        body: { json: { total: '{{ event.total }}', who: '{{ contact.externalId }}' } },
        variables: [
          { name: 'score', from: 'body.score' },
          { name: 'first', from: 'body.list.0' },
          { name: 'etag', from: 'headers.etag' },
          { name: 'status', from: 'status' },
          { name: 'none', from: 'body.none' },
        ],
      },
      { total: 19.5 },
    )
    await world.rows(`UPDATE contact SET attributes = '{"plan": "pro"}' WHERE workspace_id = $1`, [workspace.id])
    await callAll()
    expect(hooks.at('/good')).toMatchObject([
      { method: 'PUT', headers: { 'x-plan': 'pro', 'content-type': 'application/json', 'webhook-id': id, 'user-agent': 'throughline-webhook/1' } },
    ])
    expect(JSON.parse(hooks.at('/good')[0]?.body ?? '')).toEqual({ total: 19.5, who: 'good' })
    expect(Number(hooks.at('/good')[0]?.headers['webhook-timestamp'])).toBeGreaterThan(1_700_000_000)
    expect(await brief(journeyId)).toEqual([['SUCCEEDED', 1, 201, null]])
    expect([await ends(journeyId), await vars(journeyId)]).toEqual([['fine'], [{ score: 7, first: 'a', etag: '"7"', status: 201, none: null }]])
  })

  test('that is refused leaves by error at once', async () => {
    hooks.on('/refused', { status: 422, body: { why: 'no stock' } })
    const { journeyId } = await planned('refused', { retries: { times: 5 }, variables: [{ name: 'why', from: 'body.why' }] })
    await callAll()
    expect(await brief(journeyId)).toEqual([['FAILED', 1, 422, 'HTTP_422']])
    expect([await ends(journeyId), await vars(journeyId)]).toEqual([['bad'], [{ why: 'no stock' }]])
  })

  test.each([
    ['status', { status: 503, headers: { 'retry-after': '120' } }, 'HTTP_503', 503, 120_000],
    ['reset', 'reset', 'UND_ERR_SOCKET', null, 60_000],
    ['hang', 'hang', 'TIMEOUT', null, 60_000],
  ] as const)('that fails for now (%s) is made again under the same id, not before its time', async (name, behaviour, code, status, pause) => {
    const event = `again-${name}`
    hooks.on(`/${event}`, behaviour, { status: 200 })
    const { journeyId, id } = await planned(event, { timeout: 'PT0.1S', retries: { times: 1, pause: 'PT1M' } })
    await callAll()
    const [waiting] = await calls(journeyId)
    expect(waiting).toMatchObject({ status: 'PENDING', attempt: 1, answer_status: status })
    expect(waiting?.failure_code).toMatch(code === 'UND_ERR_SOCKET' ? /UND_ERR_SOCKET|ECONNRESET/ : code)
    expect(waiting?.due_in).toBeGreaterThan(pause * 0.7)
    expect(waiting?.due_in).toBeLessThan(pause * 1.3)
    expect(await ends(journeyId)).toEqual([null])
    await due(journeyId)
    await callAll()
    expect(hooks.at(`/${event}`).map((hook) => hook.headers['webhook-id'])).toEqual([id, id])
    expect([await brief(journeyId), await ends(journeyId)]).toEqual([[['SUCCEEDED', 2, 200, null]], ['fine']])
  })

  test('that fails as often as it may leaves by error', async () => {
    hooks.on('/worn', { status: 500 })
    const { journeyId } = await planned('worn', { retries: { times: 2 } })
    for (let n = 0; n < 3; n++) {
      await due(journeyId)
      await callAll()
    }
    expect([hooks.at('/worn').length, await brief(journeyId), await ends(journeyId)]).toEqual([3, [['FAILED', 3, 500, 'HTTP_500']], ['bad']])
  })

  test('to a private address is not made, and not tried again', async () => {
    const { journeyId } = await planned('private', { retries: { times: 5 } })
    await callAll([])
    expect([hooks.at('/private'), await brief(journeyId), await ends(journeyId)]).toEqual([[], [['FAILED', 1, null, 'ADDRESS_REFUSED']], ['bad']])
  })

  test('follows no redirect', async () => {
    hooks.on('/moved', { status: 302, headers: { location: `${hooks.url}/inside` } })
    const { journeyId } = await planned('moved', {})
    await callAll()
    expect([hooks.at('/inside'), await brief(journeyId)]).toEqual([[], [['FAILED', 1, 302, 'HTTP_302']]])
  })

  test.each([
    ['large', 'x'.repeat(300_000), 'ANSWER_TOO_LARGE'],
    ['long', JSON.stringify({ keep: 'x'.repeat(20_000) }), 'ANSWER_NOT_KEPT'],
  ])('whose answer is too %s leaves by error', async (name, body, code) => {
    const event = `too-${name}`
    hooks.on(`/${event}`, { body })
    const { journeyId } = await planned(event, { retries: { times: 5 }, variables: [{ name: 'keep', from: 'body.keep' }] })
    await callAll()
    expect([(await calls(journeyId))[0]?.failure_code, await ends(journeyId), await vars(journeyId)]).toEqual([code, ['bad'], [{ keep: null }]])
  })
})

describe('secrets', () => {
  const authorised = { headers: [{ name: 'Authorization', value: 'Bearer {{ secrets.token }}' }] }

  test('are put into the request, and nowhere else', async () => {
    const keys = vault.workspaceKeys(
      workspace.id,
      (await world.rows<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspace.id]))[0]?.data_key ?? Buffer.of(),
    )
    await world.rows(`INSERT INTO workspace_secret (workspace_id, name, value) VALUES ($1, 'token', $2)`, [workspace.id, keys.seal('s3cret-value')])
    hooks.on('/secret', { status: 500 })
    const { journeyId } = await planned('secret', authorised)
    await callAll()
    expect(hooks.at('/secret')[0]?.headers.authorization).toBe('Bearer s3cret-value')
    await workspace.tick()
    for (const table of ['webhook_call', 'enrollment', 'journal', 'journey_version'])
      expect(JSON.stringify(await world.rows(`SELECT to_json(t) AS row FROM ${table} t`))).not.toContain('s3cret-value')
    expect(await brief(journeyId)).toEqual([['FAILED', 1, 500, 'HTTP_500']])
  })

  test('that are gone make the call fail, unmade', async () => {
    const { journeyId } = await planned('gone', authorised)
    await callAll()
    expect([hooks.at('/gone'), await brief(journeyId), await ends(journeyId)]).toEqual([[], [['FAILED', 1, null, 'SECRET_MISSING']], ['bad']])
  })

  test('of another workspace are not there', async () => {
    const other = await world.workspace()
    await world.rows(`INSERT INTO workspace_secret (workspace_id, name, value) VALUES ($1, 'token', '')`, [other.id])
    const { journeyId } = await planned('other', authorised)
    await callAll()
    expect(await brief(journeyId)).toEqual([['FAILED', 1, null, 'SECRET_MISSING']])
  })
})

test('of a version that cannot be run waits, unmade, and its token with it', async () => {
  const { journeyId } = await planned('unread', {})
  await world.rows(`UPDATE journey_version SET graph = jsonb_set(graph::jsonb, '{nodes,1,kind}', '"unheard_of"') WHERE journey_id = $1`, [journeyId])
  await callAll()
  const [call] = await calls(journeyId)
  expect([call?.status, call?.failure_code, Math.round((call?.due_in ?? 0) / 60_000)]).toEqual(['PENDING', 'VERSION_FAULT', 30])
  // However long it waits, it has all its attempts left.
  expect(call?.attempt).toBe(0)
  expect(await ends(journeyId)).toEqual([null])
  expect(hooks.at('/unread')).toEqual([])
})

test('what does not render fails, unmade', async () => {
  const { journeyId } = await planned('unrendered', { url: `${hooks.url}/{{ event.dots }}` }, { dots: '..' })
  await callAll()
  expect([await brief(journeyId), await ends(journeyId)]).toEqual([[['FAILED', 1, null, 'RENDER_FAILED']], ['bad']])
})

describe('a hostile call', () => {
  const list = Array.from({ length: 20_000 }, (_, n) => n)
  let deep: unknown[] = []
  for (let level = 0; level < 1_000; level++) deep = [deep]
  test.each([
    ['loops', { text: '{% for i in (1..1000000000) %}{{ i }}{% endfor %}' }, {}, /^body\.text .*limit exceeded/],
    [
      'searches',
      { text: '{{ event.list | find_exp: "i", "event.list contains none" }}' },
      { list },
      /^body\.text takes longer than 1000 ms to render$/,
    ],
    [
      'swells',
      { json: ['{{ event.tree | json: 10 }}'] },
      { tree: Array(100).fill(deep) },
      /^body\.json\.0 takes (longer than 1000 ms|too much memory) to render$/,
    ],
  ])('that %s fails, unmade, and the others of its worker are made', async (name, body, properties, message) => {
    const hostile = await planned(`hostile-${name}`, { body, retries: { times: 5 } }, properties as JsonObject)
    const { journeyId } = await planned(`beside-${name}`, { body: { text: '{{ event.n }}' } }, { n: 7 })
    await callAll()
    expect([await brief(hostile.journeyId), await ends(hostile.journeyId)]).toEqual([[['FAILED', 1, null, 'RENDER_FAILED']], ['bad']])
    expect((await calls(hostile.journeyId))[0]?.failure_message).toMatch(message)
    expect([await brief(journeyId), hooks.at(`/beside-${name}`).map((hook) => hook.body), hooks.at(`/hostile-${name}`)]).toEqual([
      [['SUCCEEDED', 1, 200, null]],
      ['7'],
      [],
    ])
  })
})

test('what cannot be rendered just now is tried again, and that counts as no attempt', async () => {
  const { journeyId } = await planned('unavailable', {})
  const away = { renderCall: () => Promise.reject(new ThroughlineError('UNAVAILABLE', 'not now')) }
  for (const _time of [1, 2]) {
    await due(journeyId)
    const runner = caller(undefined, away)
    await until(async () => (await calls(journeyId))[0]?.failure_code === 'RENDERER_AWAY' && (await calls(journeyId))[0]?.attempt === 0)
    await runner.stop()
    expect([await brief(journeyId), await ends(journeyId)]).toEqual([[['PENDING', 0, null, 'RENDERER_AWAY']], [null]])
    await world.rows(`UPDATE webhook_call SET failure_code = NULL WHERE journey_id = $1`, [journeyId])
  }
  await due(journeyId)
  await callAll()
  expect([await brief(journeyId), await ends(journeyId), hooks.at('/unavailable').length]).toEqual([[['SUCCEEDED', 1, 200, null]], ['fine'], 1])
})

test('what was ready so late that its claim may run out meanwhile is left alone, and is no attempt', async () => {
  const { journeyId } = await planned('late', {})
  const now = performance.now.bind(performance)
  const slow: typeof renderer.renderCall = async (...given) => {
    const rendered = await renderer.renderCall(...given)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 30_000)
    return rendered
  }
  const runner = caller(undefined, { renderCall: slow })
  await until(async () => (await calls(journeyId))[0]?.failure_code !== null)
  await runner.stop()
  vi.restoreAllMocks()
  expect([await brief(journeyId), hooks.at('/late')]).toEqual([[['PENDING', 0, null, 'READY_LATE']], []])
  await due(journeyId)
  await callAll()
  expect(await brief(journeyId)).toEqual([['SUCCEEDED', 1, 200, null]])
})

describe('whoever is let out while a call is planned', () => {
  test('takes it back, in the transaction that lets them out', async () => {
    const { journeyId } = await planned('let-out', {})
    const [enrollment] = await world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM enrollment WHERE journey_id = $1', [
      journeyId,
    ])
    const exit = { kind: 'exit', data: { enrollmentId: enrollment?.id ?? '', reason: 'asked' } } as const
    await workspace.post({ ...exit, workspaceId: workspace.id, contactId: enrollment?.contact_id ?? '' })
    await callAll()
    expect([hooks.at('/let-out'), await brief(journeyId)]).toEqual([[], [['CANCELLED', 0, null, null]]])
  })

  test('in the same tick never planned one', async () => {
    const { journeyId } = await workspace.publish({ ...graph('quick', {}), exitRules: [{ event: 'stop' }] })
    await workspace.contact('quick')
    await workspace.post(workspace.event('quick', 'quick'), workspace.event('quick', 'stop'))
    expect([await calls(journeyId), await ends(journeyId)]).toEqual([[], ['exit_event:stop']])
  })

  test('while it is under way hears no answer, and what came of it is kept', async () => {
    const { journeyId, id } = await planned('under-way', {})
    await world.rows(`UPDATE webhook_call SET attempt = 1, due_at = now() + interval '1 minute' WHERE id = $1`, [id])
    const [row] = await world.rows<{ lane: number }>('SELECT lane FROM webhook_call WHERE id = $1', [id])
    await world.rows(`UPDATE webhook_call SET status = 'CANCELLED', due_at = NULL WHERE id = $1`, [id])
    const settlement = {
      lane: row?.lane ?? 0,
      id,
      attempt: 1,
      status: 'SUCCEEDED',
      unmade: false,
      pause: null,
      answer: 200,
      code: null,
      message: null,
    } as const
    expect(await settleCalls(world.database.worker, [settlement])).toEqual(new Set())
    expect(await brief(journeyId)).toEqual([['CANCELLED', 1, 200, null]])
  })
})

describe('a worker that dies', () => {
  test('leaves its call to another, when its claim is over; its own late report changes nothing', async () => {
    const { journeyId, id } = await planned('died', {})
    const everyLane = Array.from({ length: LANES }, (_, lane) => lane)
    const { calls: taken } = await claimCalls(world.database.worker, everyLane, 10, 60_000)
    expect(taken.map((call) => [call.id, call.attempt])).toEqual([[id, 1]])
    expect((await claimCalls(world.database.worker, everyLane, 10, 60_000)).calls).toEqual([])
    await due(journeyId)
    await callAll()
    expect(hooks.at('/died').map((hook) => hook.headers['webhook-id'])).toEqual([id])
    const late = {
      lane: taken[0]?.lane ?? 0,
      id,
      attempt: 1,
      status: 'FAILED',
      unmade: false,
      pause: null,
      answer: 500,
      code: 'HTTP_500',
      message: '',
    } as const
    expect(await settleCalls(world.database.worker, [late])).toEqual(new Set())
    expect([await brief(journeyId), await ends(journeyId)]).toEqual([[['SUCCEEDED', 2, 200, null]], ['fine']])
  })

  test('and many at once take each call once', async () => {
    const { journeyId } = await workspace.publish(graph('crowd', {}))
    const names = Array.from({ length: 40 }, (_, n) => `crowd-${n}`)
    for (const name of names) await workspace.contact(name)
    await workspace.post(...names.map((name) => workspace.event(name, 'crowd')))
    const crowd = [caller(), caller(), caller()]
    await until(async () => (await calls(journeyId)).every((call) => call.status === 'SUCCEEDED'))
    for (const runner of crowd) await runner.stop()
    expect(new Set(hooks.at('/crowd').map((hook) => hook.headers['webhook-id'])).size).toBe(40)
    expect(hooks.at('/crowd')).toHaveLength(40)
    expect(await ends(journeyId)).toEqual(names.map(() => 'fine'))
  })
})

describe('a pause', () => {
  const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])
  const resume = (journeyId: string, policy: 'RESCHEDULE' | 'SKIP') =>
    resumeJourney(world.database.worker, LANES, { workspaceId: workspace.id, journeyId, policy })

  test('holds calls, unmade, until the journey goes on', async () => {
    const { journeyId } = await planned('paused', {})
    await setStatus(journeyId, 'PAUSED')
    await callAll()
    expect([hooks.at('/paused'), await brief(journeyId)]).toEqual([[], [['HELD', 0, null, null]]])
    await setStatus(journeyId, 'LIVE')
    await resume(journeyId, 'RESCHEDULE')
    await due(journeyId)
    await callAll()
    expect([await brief(journeyId), await ends(journeyId)]).toEqual([[['SUCCEEDED', 1, 200, null]], ['fine']])
  })

  test('that skips what it held gives calls up: they leave by error', async () => {
    const { journeyId } = await planned('skipped', {})
    await setStatus(journeyId, 'PAUSED')
    await callAll()
    await setStatus(journeyId, 'LIVE')
    await resume(journeyId, 'SKIP')
    expect([hooks.at('/skipped'), await brief(journeyId), await ends(journeyId)]).toEqual([[], [['FAILED', 0, null, 'expired']], ['bad']])
  })

  test('for good, by the archive, cancels them', async () => {
    const { journeyId } = await planned('archived', {})
    await setStatus(journeyId, 'ARCHIVED')
    await callAll()
    expect([hooks.at('/archived'), await brief(journeyId)]).toEqual([[], [['CANCELLED', 0, null, null]]])
  })
})

test('workers are told at commit that calls were planned', async () => {
  const client = await world.database.worker.connect()
  const heard: string[] = []
  client.on('notification', ({ channel }) => void heard.push(channel))
  await client.query(`LISTEN ${CALLS_CHANNEL}`)
  await planned('told', {})
  await until(async () => {
    await client.query('SELECT 1')
    return heard.length > 0
  })
  await client.query(`UNLISTEN ${CALLS_CHANNEL}`)
  client.release()
  expect(heard).toEqual([CALLS_CHANNEL])
})
