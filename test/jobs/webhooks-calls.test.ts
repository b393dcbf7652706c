import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import { type CallStage, openCallStage } from '../support/calls.ts'

let stage: CallStage
beforeAll(async () => {
  stage = await openCallStage()
})
beforeEach(() => stage.renew())
afterAll(() => stage.close())

describe('a call', () => {
  test('is made as the node says, and its answer moves the token with what is kept', async () => {
    stage.hooks.on('/good', { status: 201, headers: { etag: '"7"' }, body: { score: 7, list: ['a'] } })
    const { journeyId, id } = await stage.planned(
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
    await stage.world.rows(`UPDATE contact SET attributes = '{"plan": "pro"}' WHERE workspace_id = $1`, [stage.workspace.id])
    await stage.callAll()
    expect(stage.hooks.at('/good')).toMatchObject([
      { method: 'PUT', headers: { 'x-plan': 'pro', 'content-type': 'application/json', 'webhook-id': id, 'user-agent': 'throughline-webhook/1' } },
    ])
    expect(JSON.parse(stage.hooks.at('/good')[0]?.body ?? '')).toEqual({ total: 19.5, who: 'good' })
    expect(Number(stage.hooks.at('/good')[0]?.headers['webhook-timestamp'])).toBeGreaterThan(1_700_000_000)
    expect(await stage.brief(journeyId)).toEqual([['SUCCEEDED', 1, 201, null]])
    expect([await stage.ends(journeyId), await stage.vars(journeyId)]).toEqual([
      ['fine'],
      [{ score: 7, first: 'a', etag: '"7"', status: 201, none: null }],
    ])
  })

  test('that is refused leaves by error at once', async () => {
    stage.hooks.on('/refused', { status: 422, body: { why: 'no stock' } })
    const { journeyId } = await stage.planned('refused', { retries: { times: 5 }, variables: [{ name: 'why', from: 'body.why' }] })
    await stage.callAll()
    expect(await stage.brief(journeyId)).toEqual([['FAILED', 1, 422, 'HTTP_422']])
    expect([await stage.ends(journeyId), await stage.vars(journeyId)]).toEqual([['bad'], [{ why: 'no stock' }]])
  })

  test.each([
    ['status', { status: 503, headers: { 'retry-after': '120' } }, 'HTTP_503', 503, 120_000],
    ['reset', 'reset', 'UND_ERR_SOCKET', null, 60_000],
    ['hang', 'hang', 'TIMEOUT', null, 60_000],
  ] as const)('that fails for now (%s) is made again under the same id, not before its time', async (name, behaviour, code, status, pause) => {
    const event = `again-${name}`
    stage.hooks.on(`/${event}`, behaviour, { status: 200 })
    const { journeyId, id } = await stage.planned(event, { timeout: 'PT0.1S', retries: { times: 1, pause: 'PT1M' } })
    await stage.callAll()
    const [waiting] = await stage.calls(journeyId)
    expect(waiting).toMatchObject({ status: 'PENDING', attempt: 1, answer_status: status })
    expect(waiting?.failure_code).toMatch(code === 'UND_ERR_SOCKET' ? /UND_ERR_SOCKET|ECONNRESET/ : code)
    expect(waiting?.due_in).toBeGreaterThan(pause * 0.7)
    expect(waiting?.due_in).toBeLessThan(pause * 1.3)
    expect(await stage.ends(journeyId)).toEqual([null])
    await stage.due(journeyId)
    await stage.callAll()
    expect(stage.hooks.at(`/${event}`).map((hook) => hook.headers['webhook-id'])).toEqual([id, id])
    expect([await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([[['SUCCEEDED', 2, 200, null]], ['fine']])
  })

  test('that fails as often as it may leaves by error', async () => {
    stage.hooks.on('/worn', { status: 500 })
    const { journeyId } = await stage.planned('worn', { retries: { times: 2 } })
    for (let n = 0; n < 3; n++) {
      await stage.due(journeyId)
      await stage.callAll()
    }
    expect([stage.hooks.at('/worn').length, await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([
      3,
      [['FAILED', 3, 500, 'HTTP_500']],
      ['bad'],
    ])
  })

  test('to a private address is not made, and not tried again', async () => {
    const { journeyId } = await stage.planned('private', { retries: { times: 5 } })
    await stage.callAll([])
    expect([stage.hooks.at('/private'), await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([
      [],
      [['FAILED', 1, null, 'ADDRESS_REFUSED']],
      ['bad'],
    ])
  })

  test('follows no redirect', async () => {
    stage.hooks.on('/moved', { status: 302, headers: { location: `${stage.hooks.url}/inside` } })
    const { journeyId } = await stage.planned('moved', {})
    await stage.callAll()
    expect([stage.hooks.at('/inside'), await stage.brief(journeyId)]).toEqual([[], [['FAILED', 1, 302, 'HTTP_302']]])
  })

  test.each([
    ['large', 'x'.repeat(300_000), 'ANSWER_TOO_LARGE'],
    ['long', JSON.stringify({ keep: 'x'.repeat(20_000) }), 'ANSWER_NOT_KEPT'],
  ])('whose answer is too %s leaves by error', async (name, body, code) => {
    const event = `too-${name}`
    stage.hooks.on(`/${event}`, { body })
    const { journeyId } = await stage.planned(event, { retries: { times: 5 }, variables: [{ name: 'keep', from: 'body.keep' }] })
    await stage.callAll()
    expect([(await stage.calls(journeyId))[0]?.failure_code, await stage.ends(journeyId), await stage.vars(journeyId)]).toEqual([
      code,
      ['bad'],
      [{ keep: null }],
    ])
  })
})

describe('secrets', () => {
  const authorised = { headers: [{ name: 'Authorization', value: 'Bearer {{ secrets.token }}' }] }

  test('are put into the request, and nowhere else', async () => {
    const keys = stage.vault.workspaceKeys(
      stage.workspace.id,
      (await stage.world.rows<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [stage.workspace.id]))[0]?.data_key ??
        Buffer.of(),
    )
    await stage.world.rows(`INSERT INTO workspace_secret (workspace_id, name, value) VALUES ($1, 'token', $2)`, [
      stage.workspace.id,
      keys.seal('s3cret-value'),
    ])
    stage.hooks.on('/secret', { status: 500 })
    const { journeyId } = await stage.planned('secret', authorised)
    await stage.callAll()
    expect(stage.hooks.at('/secret')[0]?.headers.authorization).toBe('Bearer s3cret-value')
    await stage.workspace.tick()
    for (const table of ['webhook_call', 'enrollment', 'journal', 'journey_version'])
      expect(JSON.stringify(await stage.world.rows(`SELECT to_json(t) AS row FROM ${table} t`))).not.toContain('s3cret-value')
    expect(await stage.brief(journeyId)).toEqual([['FAILED', 1, 500, 'HTTP_500']])
  })

  test('that are gone make the call fail, unmade', async () => {
    const { journeyId } = await stage.planned('gone', authorised)
    await stage.callAll()
    expect([stage.hooks.at('/gone'), await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([
      [],
      [['FAILED', 1, null, 'SECRET_MISSING']],
      ['bad'],
    ])
  })

  test('of another workspace are not there', async () => {
    const other = await stage.world.workspace()
    await stage.world.rows(`INSERT INTO workspace_secret (workspace_id, name, value) VALUES ($1, 'token', '')`, [other.id])
    const { journeyId } = await stage.planned('other', authorised)
    await stage.callAll()
    expect(await stage.brief(journeyId)).toEqual([['FAILED', 1, null, 'SECRET_MISSING']])
  })
})

test('of a version that cannot be run waits, unmade, and its token with it', async () => {
  const { journeyId } = await stage.planned('unread', {})
  await stage.world.rows(`UPDATE journey_version SET graph = jsonb_set(graph::jsonb, '{nodes,1,kind}', '"unheard_of"') WHERE journey_id = $1`, [
    journeyId,
  ])
  await stage.callAll()
  const [call] = await stage.calls(journeyId)
  expect([call?.status, call?.failure_code, Math.round((call?.due_in ?? 0) / 60_000)]).toEqual(['PENDING', 'VERSION_FAULT', 30])
  // However long it waits, it has all its attempts left.
  expect(call?.attempt).toBe(0)
  expect(await stage.ends(journeyId)).toEqual([null])
  expect(stage.hooks.at('/unread')).toEqual([])
})

test('what does not render fails, unmade', async () => {
  const { journeyId } = await stage.planned('unrendered', { url: `${stage.hooks.url}/{{ event.dots }}` }, { dots: '..' })
  await stage.callAll()
  expect([await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([[['FAILED', 1, null, 'RENDER_FAILED']], ['bad']])
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
    const hostile = await stage.planned(`hostile-${name}`, { body, retries: { times: 5 } }, properties as JsonObject)
    const { journeyId } = await stage.planned(`beside-${name}`, { body: { text: '{{ event.n }}' } }, { n: 7 })
    await stage.callAll()
    expect([await stage.brief(hostile.journeyId), await stage.ends(hostile.journeyId)]).toEqual([[['FAILED', 1, null, 'RENDER_FAILED']], ['bad']])
    expect((await stage.calls(hostile.journeyId))[0]?.failure_message).toMatch(message)
    expect([await stage.brief(journeyId), stage.hooks.at(`/beside-${name}`).map((hook) => hook.body), stage.hooks.at(`/hostile-${name}`)]).toEqual([
      [['SUCCEEDED', 1, 200, null]],
      ['7'],
      [],
    ])
  })
})
