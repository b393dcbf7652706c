import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWebhooks } from '../../jobs/webhooks.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { openRenderer } from '../../src/services/rendering/renderer.ts'
import { createVault } from '../../src/store/vault.ts'
import { type Hooks, startHooks } from '../support/hooks.ts'
import { chain, LANES, on, testRing } from '../support/ring.ts'
import { until } from '../support/until.ts'

const renderer = openRenderer()
const world = testRing()
let hooks: Hooks
beforeAll(async () => {
  hooks = await startHooks()
})
afterAll(async () => {
  await renderer.close()
  await hooks.close()
})

/** Nothing polls: what happens, happens because it was told. */
const start = (privateHosts: readonly string[]) =>
  startWebhooks({
    pool: world.database.worker,
    vault: createVault(randomBytes(32)),
    renderer,
    lanes: LANES,
    privateHosts,
    pollEvery: 600_000,
    onError: (error) => expect.fail(String(error)),
  })
const idle = () =>
  until(
    async () =>
      (await world.rows(`SELECT FROM pg_stat_activity WHERE query LIKE 'WITH due AS%' AND state = 'idle' AND datname = current_database()`)).length >
      0,
  )

async function plan(path: string): Promise<void> {
  const workspace = await world.workspace()
  const call = { key: 'call', kind: 'webhook', config: { method: 'POST', url: `${hooks.url}/${path}` } } as Graph['nodes'][number]
  await workspace.publish(chain([on('go'), call]))
  await workspace.contact('ada')
  await workspace.post(workspace.event('ada', 'go'))
}

test('a call is made when its channel is notified, and when somebody lost count', async () => {
  const webhooks = start([hooks.host])
  await idle()
  await plan('notified')
  webhooks.channels.throughline_calls?.()
  await until(async () => hooks.at('/notified').length === 1)
  await plan('looked')
  webhooks.lookAgain()
  await until(async () => hooks.at('/looked').length === 1)
  await webhooks.stop()
  await plan('stopped')
  webhooks.lookAgain()
  expect(hooks.at('/stopped')).toEqual([])
})

test('private hosts are reached only where the operator names them', async () => {
  await plan('private')
  const webhooks = start([])
  await until(async () => (await world.rows(`SELECT FROM webhook_call WHERE failure_code = 'ADDRESS_REFUSED'`)).length > 0)
  await webhooks.stop()
  expect(hooks.at('/private')).toEqual([])
})
