import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { resumeJourney } from '../../jobs/resume.ts'
import { ThroughlineError } from '../../src/errors.ts'
import type { Renderer } from '../../src/services/rendering/renderer.ts'
import { CALLS_CHANNEL, claimCalls, settleCalls } from '../../src/store/queries/webhook-calls.ts'
import { type CallStage, openCallStage } from '../support/calls.ts'
import { LANES } from '../support/ring.ts'
import { until } from '../support/until.ts'

let stage: CallStage
beforeAll(async () => {
  stage = await openCallStage()
})
beforeEach(() => stage.renew())
afterAll(() => stage.close())

test('what cannot be rendered just now is tried again, and that counts as no attempt', async () => {
  const { journeyId } = await stage.planned('unavailable', {})
  const away = { renderCall: () => Promise.reject(new ThroughlineError('UNAVAILABLE', 'not now')) }
  for (const _time of [1, 2]) {
    await stage.due(journeyId)
    const runner = stage.caller(undefined, away)
    await until(async () => (await stage.calls(journeyId))[0]?.failure_code === 'RENDERER_AWAY' && (await stage.calls(journeyId))[0]?.attempt === 0)
    await runner.stop()
    expect([await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([[['PENDING', 0, null, 'RENDERER_AWAY']], [null]])
    await stage.world.rows(`UPDATE webhook_call SET failure_code = NULL WHERE journey_id = $1`, [journeyId])
  }
  await stage.due(journeyId)
  await stage.callAll()
  expect([await stage.brief(journeyId), await stage.ends(journeyId), stage.hooks.at('/unavailable').length]).toEqual([
    [['SUCCEEDED', 1, 200, null]],
    ['fine'],
    1,
  ])
})

test('what was ready so late that its claim may run out meanwhile is left alone, and is no attempt', async () => {
  const { journeyId } = await stage.planned('late', {})
  const now = performance.now.bind(performance)
  const slow: Renderer['renderCall'] = async (...given) => {
    const rendered = await stage.renderer.renderCall(...given)
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 30_000)
    return rendered
  }
  const runner = stage.caller(undefined, { renderCall: slow })
  await until(async () => (await stage.calls(journeyId))[0]?.failure_code !== null)
  await runner.stop()
  vi.restoreAllMocks()
  expect([await stage.brief(journeyId), stage.hooks.at('/late')]).toEqual([[['PENDING', 0, null, 'READY_LATE']], []])
  await stage.due(journeyId)
  await stage.callAll()
  expect(await stage.brief(journeyId)).toEqual([['SUCCEEDED', 1, 200, null]])
})

describe('whoever is let out while a call is planned', () => {
  test('takes it back, in the transaction that lets them out', async () => {
    const { journeyId } = await stage.planned('let-out', {})
    const [enrollment] = await stage.world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM enrollment WHERE journey_id = $1', [
      journeyId,
    ])
    const exit = { kind: 'exit', data: { enrollmentId: enrollment?.id ?? '', reason: 'asked' } } as const
    await stage.workspace.post({ ...exit, workspaceId: stage.workspace.id, contactId: enrollment?.contact_id ?? '' })
    await stage.callAll()
    expect([stage.hooks.at('/let-out'), await stage.brief(journeyId)]).toEqual([[], [['CANCELLED', 0, null, null]]])
  })

  test('in the same tick never planned one', async () => {
    const { journeyId } = await stage.workspace.publish({ ...stage.graph('quick', {}), exitRules: [{ event: 'stop' }] })
    await stage.workspace.contact('quick')
    await stage.workspace.post(stage.workspace.event('quick', 'quick'), stage.workspace.event('quick', 'stop'))
    expect([await stage.calls(journeyId), await stage.ends(journeyId)]).toEqual([[], ['exit_event:stop']])
  })

  test('while it is under way hears no answer, and what came of it is kept', async () => {
    const { journeyId, id } = await stage.planned('under-way', {})
    await stage.world.rows(`UPDATE webhook_call SET attempt = 1, due_at = now() + interval '1 minute' WHERE id = $1`, [id])
    const [row] = await stage.world.rows<{ lane: number }>('SELECT lane FROM webhook_call WHERE id = $1', [id])
    await stage.world.rows(`UPDATE webhook_call SET status = 'CANCELLED', due_at = NULL WHERE id = $1`, [id])
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
    expect(await settleCalls(stage.world.database.worker, [settlement])).toEqual(new Set())
    expect(await stage.brief(journeyId)).toEqual([['CANCELLED', 1, 200, null]])
  })
})

describe('a worker that dies', () => {
  test('leaves its call to another, when its claim is over; its own late report changes nothing', async () => {
    const { journeyId, id } = await stage.planned('died', {})
    const everyLane = Array.from({ length: LANES }, (_, lane) => lane)
    const { calls: taken } = await claimCalls(stage.world.database.worker, everyLane, 10, 60_000)
    expect(taken.map((call) => [call.id, call.attempt])).toEqual([[id, 1]])
    expect((await claimCalls(stage.world.database.worker, everyLane, 10, 60_000)).calls).toEqual([])
    await stage.due(journeyId)
    await stage.callAll()
    expect(stage.hooks.at('/died').map((hook) => hook.headers['webhook-id'])).toEqual([id])
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
    expect(await settleCalls(stage.world.database.worker, [late])).toEqual(new Set())
    expect([await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([[['SUCCEEDED', 2, 200, null]], ['fine']])
  })

  test('and many at once take each call once', async () => {
    const { journeyId } = await stage.workspace.publish(stage.graph('crowd', {}))
    const names = Array.from({ length: 40 }, (_, n) => `crowd-${n}`)
    for (const name of names) await stage.workspace.contact(name)
    await stage.workspace.post(...names.map((name) => stage.workspace.event(name, 'crowd')))
    const crowd = [stage.caller(), stage.caller(), stage.caller()]
    await until(async () => (await stage.calls(journeyId)).every((call) => call.status === 'SUCCEEDED'))
    for (const runner of crowd) await runner.stop()
    expect(new Set(stage.hooks.at('/crowd').map((hook) => hook.headers['webhook-id'])).size).toBe(40)
    expect(stage.hooks.at('/crowd')).toHaveLength(40)
    expect(await stage.ends(journeyId)).toEqual(names.map(() => 'fine'))
  })
})

describe('a pause', () => {
  const setStatus = (journeyId: string, status: string) => stage.world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])
  const resume = (journeyId: string, policy: 'RESCHEDULE' | 'SKIP') =>
    resumeJourney(stage.world.database.worker, LANES, { workspaceId: stage.workspace.id, journeyId, policy })

  test('holds calls, unmade, until the journey goes on', async () => {
    const { journeyId } = await stage.planned('paused', {})
    await setStatus(journeyId, 'PAUSED')
    await stage.callAll()
    expect([stage.hooks.at('/paused'), await stage.brief(journeyId)]).toEqual([[], [['HELD', 0, null, null]]])
    await setStatus(journeyId, 'LIVE')
    await resume(journeyId, 'RESCHEDULE')
    await stage.due(journeyId)
    await stage.callAll()
    expect([await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([[['SUCCEEDED', 1, 200, null]], ['fine']])
  })

  test('that skips what it held gives calls up: they leave by error', async () => {
    const { journeyId } = await stage.planned('skipped', {})
    await setStatus(journeyId, 'PAUSED')
    await stage.callAll()
    await setStatus(journeyId, 'LIVE')
    await resume(journeyId, 'SKIP')
    expect([stage.hooks.at('/skipped'), await stage.brief(journeyId), await stage.ends(journeyId)]).toEqual([
      [],
      [['FAILED', 0, null, 'expired']],
      ['bad'],
    ])
  })

  test('for good, by the archive, cancels them', async () => {
    const { journeyId } = await stage.planned('archived', {})
    await setStatus(journeyId, 'ARCHIVED')
    await stage.callAll()
    expect([stage.hooks.at('/archived'), await stage.brief(journeyId)]).toEqual([[], [['CANCELLED', 0, null, null]]])
  })
})

test('workers are told at commit that calls were planned', async () => {
  const client = await stage.world.database.worker.connect()
  const heard: string[] = []
  client.on('notification', ({ channel }) => void heard.push(channel))
  await client.query(`LISTEN ${CALLS_CHANNEL}`)
  await stage.planned('told', {})
  await until(async () => {
    await client.query('SELECT 1')
    return heard.length > 0
  })
  await client.query(`UNLISTEN ${CALLS_CHANNEL}`)
  client.release()
  expect(heard).toEqual([CALLS_CHANNEL])
})
