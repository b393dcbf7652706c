import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startDeliveries } from '../../jobs/webhooks-deliveries.ts'
import type { Runner } from '../../jobs/webhooks-runner.ts'
import type { WebhookEvent } from '../../src/domain/webhook-delivery.ts'
import { isSigned, makeSigningSecret } from '../../src/services/webhooks-signature.ts'
import { claimDeliveries, DELIVERIES_CHANNEL, replayDeliveries, settleDeliveries } from '../../src/store/queries/webhook-deliveries.ts'
import { createVault, type WorkspaceKeys } from '../../src/store/vault.ts'
import { type Hook, type Hooks, startHooks } from '../support/hooks.ts'
import { chain, email, LANES, on, type TestWorkspace, testRing } from '../support/ring.ts'
import { until } from '../support/until.ts'

const vault = createVault(randomBytes(32))
const world = testRing()
let hooks: Hooks
let workspace: TestWorkspace
let keys: WorkspaceKeys
const runners: Runner[] = []

beforeAll(async () => {
  hooks = await startHooks()
})
beforeEach(async () => {
  workspace = await world.workspace()
  const wrapped = vault.createDataKey()
  await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, wrapped])
  keys = vault.workspaceKeys(workspace.id, wrapped)
})
afterAll(async () => {
  for (const runner of runners) await runner.stop()
  await hooks.close()
})

interface Row {
  id: string
  type: string
  status: string
  attempt: number
  tries: number
  due_in: number | null
  attempts: { status: number | null; code: string | null; millis: number }[]
}

async function endpoint(path: string, types: WebhookEvent[]): Promise<{ id: string; secret: string; path: string }> {
  const [id, secret] = [randomUUID(), makeSigningSecret()]
  await world.rows('INSERT INTO webhook_endpoint (id, workspace_id, url, event_types, secret) VALUES ($1, $2, $3, $4, $5)', [
    id,
    workspace.id,
    `${hooks.url}/${path}`,
    types,
    keys.seal(secret),
  ])
  return { id, secret, path: `/${path}` }
}
const deliveries = (endpointId: string) =>
  world.rows<Row>(
    `SELECT id, type, status, attempt, tries, attempts, (extract(epoch FROM due_at - now()) * 1000)::float8 AS due_in FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY type DESC, created_at, id`,
    [endpointId],
  )
const stand = async (endpointId: string) =>
  (
    await world.rows<{ disabled: boolean; reason: string | null; failing: boolean }>(
      'SELECT disabled_at IS NOT NULL AS disabled, disabled_reason AS reason, failing_since IS NOT NULL AS failing FROM webhook_endpoint WHERE id = $1',
      [endpointId],
    )
  )[0]
const due = (endpointId: string) =>
  world.rows('UPDATE webhook_delivery SET due_at = now() WHERE endpoint_id = $1 AND due_at IS NOT NULL', [endpointId])
/** Somebody who enters a journey and is at its end at once. */
async function pass(...names: string[]): Promise<void> {
  await workspace.publish(chain([on('go', { matchKey: 'cartId' }), { key: 'end', kind: 'exit', config: { reason: 'over' } }]))
  for (const name of names) await workspace.contact(name)
  await workspace.post(...names.map((name) => workspace.event(name, 'go', { cartId: `cart of ${name}` })))
}

function teller(privateHosts: readonly string[] = [hooks.host]): Runner {
  const policy = { privateHosts, httpsOnly: true }
  const runner = startDeliveries({
    pool: world.database.worker,
    vault,
    lanes: LANES,
    policy,
    sockets: 16,
    pollEvery: 600_000,
    onError: (error) => expect.fail(String(error)),
  })
  runners.push(runner)
  return runner
}
/** Makes every delivery that is due and stops. */
async function tellAll(privateHosts?: readonly string[]): Promise<void> {
  const runner = teller(privateHosts)
  await until(
    async () =>
      (
        await world.rows(
          `SELECT FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id WHERE d.due_at <= now() AND e.disabled_at IS NULL LIMIT 1`,
        )
      ).length === 0,
  )
  await runner.stop()
}
const verified = ({ headers, body }: Hook, secret: string) => isSigned(secret, headers, Buffer.from(body), Date.now())

describe('an endpoint is told', () => {
  test('what it asked for, signed, and nothing else', async () => {
    const { id, secret, path } = await endpoint('told', ['enrollment.started', 'enrollment.ended'])
    const other = await endpoint('other', ['goal.reached'])
    await pass('ada')
    const planned = await deliveries(id)
    expect(planned.map(({ type, status }) => [type, status])).toEqual([
      ['enrollment.started', 'PENDING'],
      ['enrollment.ended', 'PENDING'],
    ])
    await tellAll()
    const seen = hooks.at(path)
    expect(seen.map((hook) => [hook.method, hook.headers['content-type'], verified(hook, secret), verified(hook, other.secret)])).toEqual(
      Array(2).fill(['POST', 'application/json', true, false]),
    )
    expect(seen.map((hook) => hook.headers['webhook-id']).sort()).toEqual(planned.map((row) => row.id).sort())
    const bodies = seen.map((hook) => JSON.parse(hook.body)).sort((a, b) => (a.type < b.type ? 1 : -1))
    expect(bodies).toMatchObject([
      { type: 'enrollment.started', data: { contact: { externalId: 'ada' }, enrollment: { key: 'cart of ada' } } },
      { type: 'enrollment.ended', data: { contact: { externalId: 'ada' }, enrollment: { key: 'cart of ada', state: 'EXITED', endReason: 'over' } } },
    ])
    expect(bodies[0].data.enrollment.id).toBe(bodies[1].data.enrollment.id)
    expect((await deliveries(id)).map(({ status, attempt, due_in }) => [status, attempt, due_in])).toEqual(Array(2).fill(['DELIVERED', 1, null]))
    expect((await deliveries(id))[0]?.attempts).toMatchObject([{ status: 200, code: null }])
    expect(hooks.at(other.path)).toEqual([])
  })

  test('of goals and of messages, with what is known of them and no address', async () => {
    const { id } = await endpoint('more', ['goal.reached', 'message.updated'])
    const template = await workspace.template('email')
    const goals = [{ name: 'bought', event: 'paid', window: 'P1D', valueProperty: 'total' }]
    await workspace.publish(chain([on('go'), email(template, { nextAfter: 'P1D' })], { goals }))
    await workspace.contact('grace', ['email'])
    await workspace.contact('alan')
    await workspace.post(workspace.event('grace', 'go'), workspace.event('alan', 'go'))
    await workspace.post(workspace.event('grace', 'paid', { total: 12.5 }))
    const rows = await world.rows<{ type: string; data: Record<string, unknown> }>(
      'SELECT type, data FROM webhook_delivery WHERE endpoint_id = $1 ORDER BY type',
      [id],
    )
    expect(rows).toMatchObject([
      { type: 'goal.reached', data: { goal: 'bought', value: 12.5 } },
      { type: 'message.updated', data: { channel: 'email', node: 'mail', status: 'SUPPRESSED', detail: { reason: 'unreachable' } } },
    ])
  })

  test('nothing of another workspace', async () => {
    const { id } = await endpoint('foreign', ['enrollment.started'])
    workspace = await world.workspace()
    await pass('ada')
    expect(await deliveries(id)).toEqual([])
  })

  test('with both secrets while it changes over, and with one after that', async () => {
    const { id, secret, path } = await endpoint('rotated', ['enrollment.ended'])
    const next = makeSigningSecret()
    await world.rows(`UPDATE webhook_endpoint SET previous_secret = secret, secret = $2, previous_until = now() + interval '1 hour' WHERE id = $1`, [
      id,
      keys.seal(next),
    ])
    await pass('ada')
    await tellAll()
    await world.rows(`UPDATE webhook_endpoint SET previous_until = now() - interval '1 second' WHERE id = $1`, [id])
    await world.rows(`UPDATE webhook_delivery SET status = 'PENDING', due_at = now() WHERE endpoint_id = $1`, [id])
    await tellAll()
    expect(hooks.at(path).map((hook) => [verified(hook, secret), verified(hook, next)])).toEqual([
      [true, true],
      [false, true],
    ])
  })
})

describe('what is not taken', () => {
  test('is told again under the same id, later each time, and signed anew', async () => {
    const { id, secret, path } = await endpoint('later', ['enrollment.ended'])
    hooks.on(path, { status: 500 }, 'reset', { status: 302, headers: { location: `${hooks.url}/inside` } }, { status: 204 })
    await pass('ada')
    const pauses: number[] = []
    for (let n = 0; n < 3; n++) {
      await tellAll()
      const [row] = await deliveries(id)
      expect([row?.status, row?.attempt, (await stand(id))?.failing]).toEqual(['PENDING', n + 1, true])
      pauses.push(Math.round((row?.due_in ?? 0) / 1_000))
      await due(id)
    }
    await tellAll()
    for (const [index, least] of [5, 300, 1_800].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least - 5)
      expect(pauses[index]).toBeLessThanOrEqual(least * 1.1)
    }
    const [row] = await deliveries(id)
    expect([row?.status, row?.attempt, row?.due_in, await stand(id)]).toEqual([
      'DELIVERED',
      4,
      null,
      { disabled: false, reason: null, failing: false },
    ])
    expect(row?.attempts.map(({ status, code }) => [status, code])).toEqual([
      [500, 'HTTP_500'],
      [null, expect.stringMatching(/UND_ERR_SOCKET|ECONNRESET/)],
      [302, 'HTTP_302'],
      [204, null],
    ])
    expect(hooks.at(path).map((hook) => [hook.headers['webhook-id'], verified(hook, secret)])).toEqual(Array(4).fill([row?.id, true]))
    expect(hooks.at('/inside')).toEqual([])
  })

  test('is given up after ten tries', async () => {
    const { id, path } = await endpoint('given-up', ['enrollment.ended'])
    hooks.on(path, { status: 500 })
    await pass('ada')
    await world.rows('UPDATE webhook_delivery SET tries = 9, attempt = 9 WHERE endpoint_id = $1', [id])
    await tellAll()
    expect((await deliveries(id)).map(({ status, attempt, due_in }) => [status, attempt, due_in])).toEqual([['FAILED', 10, null]])
  })

  test('at a private address, or without TLS, is not told', async () => {
    const { id, path } = await endpoint('private', ['enrollment.ended'])
    await pass('ada')
    await tellAll([])
    expect([hooks.at(path), (await deliveries(id))[0]?.attempts.map(({ code }) => code)]).toEqual([[], ['ADDRESS_REFUSED']])
  })
})

describe('an endpoint is told no more', () => {
  test('when it says that it is gone; nothing is planned for it either', async () => {
    const { id, path } = await endpoint('gone', ['enrollment.ended'])
    hooks.on(path, { status: 410 })
    await pass('ada')
    await tellAll()
    expect([await stand(id), (await deliveries(id))[0]?.status]).toEqual([{ disabled: true, reason: 'GONE', failing: true }, 'FAILED'])
    await workspace.post(workspace.event('ada', 'go', { cartId: 'another' }))
    expect(await deliveries(id)).toHaveLength(1)
  })

  test('when it has taken nothing for five days, and not a moment before', async () => {
    const { id, path } = await endpoint('dead', ['enrollment.ended'])
    hooks.on(path, { status: 503 })
    await pass('ada')
    await tellAll()
    await world.rows(`UPDATE webhook_endpoint SET failing_since = now() - interval '119 hours' WHERE id = $1`, [id])
    await due(id)
    await tellAll()
    expect(await stand(id)).toEqual({ disabled: false, reason: null, failing: true })
    await world.rows(`UPDATE webhook_endpoint SET failing_since = now() - interval '121 hours' WHERE id = $1`, [id])
    await due(id)
    await tellAll()
    expect(await stand(id)).toMatchObject({ disabled: true, reason: 'FAILING' })
    expect((await deliveries(id))[0]?.status).toBe('PENDING')
  })

  test('but one that takes something in between is not failing', async () => {
    const { id, path } = await endpoint('shaky', ['enrollment.ended'])
    hooks.on(path, { status: 503 }, { status: 200 })
    await pass('ada', 'grace')
    await world.rows(`UPDATE webhook_endpoint SET failing_since = now() - interval '121 hours' WHERE id = $1`, [id])
    const rows = await deliveries(id)
    const line = { at: new Date().toISOString(), status: 503, code: 'HTTP_503', millis: 1 }
    const claimed = (await claimDeliveries(world.database.worker, [], 8, 8, 60_000)).filter((row) => row.endpoint_id === id)
    expect(claimed).toHaveLength(rows.length)
    const settled = claimed.map((row, n) => ({
      ...row,
      endpoint: id,
      status: n === 0 ? 'PENDING' : 'DELIVERED',
      pause: n === 0 ? 5_000 : null,
      line,
      gone: false,
    }))
    await settleDeliveries(world.database.worker, settled, 432_000_000)
    expect(await stand(id)).toEqual({ disabled: false, reason: null, failing: false })
  })
})

test('a dead endpoint keeps nobody else waiting', async () => {
  const dead = await endpoint('hangs', ['enrollment.started'])
  const alive = await endpoint('alive', ['enrollment.started'])
  hooks.on(dead.path, 'hang')
  await pass(...Array.from({ length: 30 }, (_, n) => `person-${n}`))
  const runner = teller()
  await until(async () => (await deliveries(alive.id)).every((row) => row.status === 'DELIVERED'))
  await until(async () => hooks.at(dead.path).length >= 8)
  expect(hooks.at(alive.path)).toHaveLength(30)
  expect(runner.inFlight).toBeLessThanOrEqual(8)
  expect((await deliveries(dead.id)).filter((row) => row.status !== 'PENDING')).toEqual([])
  await world.rows('DELETE FROM webhook_endpoint WHERE id = $1', [dead.id])
  await runner.stop()
})

test('a worker that dies leaves its deliveries to another, and its late report changes nothing', async () => {
  const { id, path } = await endpoint('died', ['enrollment.ended'])
  await pass('ada')
  const [taken] = (await claimDeliveries(world.database.worker, [], 8, 8, 60_000)).filter((row) => row.endpoint_id === id)
  expect((await claimDeliveries(world.database.worker, [], 8, 8, 60_000)).filter((row) => row.endpoint_id === id)).toEqual([])
  await due(id)
  await tellAll()
  expect(hooks.at(path)).toHaveLength(1)
  const line = { at: new Date().toISOString(), status: 500, code: 'HTTP_500', millis: 1 }
  const late = { lane: taken?.lane ?? 0, id: taken?.id ?? '', endpoint: id, attempt: 1, status: 'FAILED', pause: null, line, gone: true }
  await settleDeliveries(world.database.worker, [late], 432_000_000)
  expect((await deliveries(id)).map(({ status, attempt, attempts }) => [status, attempt, attempts.length])).toEqual([['DELIVERED', 2, 1]])
  expect((await stand(id))?.disabled).toBe(false)
})

test('what is asked for again is told under its id, with the schedule begun anew', async () => {
  const { id, path } = await endpoint('replayed', ['enrollment.started', 'enrollment.ended'])
  hooks.on(path, { status: 500 }, { status: 200 })
  await pass('ada')
  await world.rows('UPDATE webhook_delivery SET tries = 9, attempt = 9 WHERE endpoint_id = $1', [id])
  await tellAll()
  const before = await deliveries(id)
  expect(before.map((row) => row.status).sort()).toEqual(['DELIVERED', 'FAILED'])
  const failed = before.find((row) => row.status === 'FAILED')
  const ask = (what: { states: string[]; ids?: string[]; since?: number }) =>
    replayDeliveries(world.database.worker, { endpointId: id, ids: null, since: null, most: 10, ...what })
  expect(await ask({ states: ['FAILED'], since: Date.now() + 60_000 })).toBe(0)
  expect(await ask({ states: ['FAILED'], since: Date.now() - 60_000 })).toBe(1)
  expect(await ask({ states: ['DELIVERED'], ids: [failed?.id ?? ''] })).toBe(0)
  hooks.on(path, { status: 500 })
  await tellAll()
  const [again] = (await deliveries(id)).filter((row) => row.id === failed?.id)
  expect(again).toMatchObject({ status: 'PENDING', attempt: 11, tries: 1 })
  expect(again?.attempts).toHaveLength(2)
  expect(again?.due_in).toBeLessThan(6_000)
  expect(hooks.at(path).filter((hook) => hook.headers['webhook-id'] === failed?.id)).toHaveLength(2)
})

test('workers are told at commit that there is something to deliver', async () => {
  await endpoint('notified', ['enrollment.started'])
  const client = await world.database.worker.connect()
  const heard: string[] = []
  client.on('notification', ({ channel }) => void heard.push(channel))
  await client.query(`LISTEN ${DELIVERIES_CHANNEL}`)
  await pass('ada')
  await until(async () => {
    await client.query('SELECT 1')
    return heard.length > 0
  })
  await client.query(`UNLISTEN ${DELIVERIES_CHANNEL}`)
  client.release()
  expect(heard).toEqual([DELIVERIES_CHANNEL])
})
