import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { makeSigningSecret } from '../../src/services/webhooks-signature.ts'
import { createVault } from '../../src/store/vault.ts'
import { type Hooks, startHooks } from '../support/hooks.ts'
import { chain, on, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

/** Workers as they run in production, killed while somebody's server keeps them waiting: what they were at is done by the next. */
const MAIN = fileURLToPath(new URL('../../jobs/main.ts', import.meta.url))
const MASTER_KEY = randomBytes(32)
const vault = createVault(MASTER_KEY)

const world = testRing()
let hooks: Hooks
const workspace = testWorkspace(world)
let child: ChildProcess | null = null

beforeAll(async () => {
  hooks = await startHooks()
})
beforeEach(async () => {
  await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, vault.createDataKey()])
})
afterEach(kill)
afterAll(() => hooks.close())

function start(): void {
  const env = { DATABASE_URL: world.database.url, SECRET_KEY: MASTER_KEY.toString('base64'), PRIVATE_HOSTS: hooks.host, LOG_LEVEL: 'error' }
  child = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio: ['ignore', 'inherit', 'inherit'] })
}
async function kill(): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  // A killed worker's connections are closed when the server has found out.
  await until(
    async () =>
      (await world.rows(`SELECT FROM pg_stat_activity WHERE application_name LIKE 'throughline %' AND datname = current_database()`)).length === 0,
  )
}
const enter = async (graph: Graph) => {
  const { journeyId } = await workspace.publish(graph)
  await workspace.contact('ada')
  await workspace.post(workspace.event('ada', 'go'))
  return journeyId
}

test('a call under way', async () => {
  hooks.on('/call', 'hang', { body: { score: 7 } })
  const config = { method: 'POST', url: `${hooks.url}/call`, timeout: 'PT30S', variables: [{ name: 'score', from: 'body.score' }] }
  const journeyId = await enter(chain([on('go'), { key: 'call', kind: 'webhook', config } as Graph['nodes'][number]]))
  start()
  await until(async () => hooks.at('/call').length === 1)
  await kill()
  const claimed = await world.rows<{ id: string; status: string; attempt: number; waits: boolean }>(
    'SELECT id, status, attempt, due_at > now() AS waits FROM webhook_call',
  )
  expect(claimed).toMatchObject([{ status: 'PENDING', attempt: 1, waits: true }])
  await world.rows('UPDATE webhook_call SET due_at = now()')
  start()
  await until(async () => (await workspace.enrollments(journeyId))[0]?.status === 'COMPLETED')
  expect(hooks.at('/call').map((hook) => hook.headers['webhook-id'])).toEqual([claimed[0]?.id, claimed[0]?.id])
  expect(await world.rows('SELECT status, attempt FROM webhook_call')).toEqual([{ status: 'SUCCEEDED', attempt: 2 }])
  const [enrollment] = await world.rows<{ state: { vars: object } }>('SELECT state::json FROM enrollment WHERE journey_id = $1', [journeyId])
  expect(enrollment?.state.vars).toEqual({ score: 7 })
})

test('a delivery under way', async () => {
  hooks.on('/told', 'hang', { status: 200 })
  const [row] = await world.rows<{ data_key: Buffer }>('SELECT data_key FROM workspace WHERE id = $1', [workspace.id])
  const secret = vault.workspaceKeys(workspace.id, row?.data_key ?? Buffer.of()).seal(makeSigningSecret())
  await world.rows('INSERT INTO webhook_endpoint (id, workspace_id, url, event_types, secret) VALUES ($1, $2, $3, $4, $5)', [
    randomUUID(),
    workspace.id,
    `${hooks.url}/told`,
    ['enrollment.ended'],
    secret,
  ])
  await enter(chain([on('go'), { key: 'end', kind: 'exit', config: {} }]))
  start()
  await until(async () => hooks.at('/told').length === 1)
  await kill()
  await world.rows('UPDATE webhook_delivery SET due_at = now()')
  start()
  await until(async () => (await world.rows(`SELECT FROM webhook_delivery WHERE status = 'DELIVERED'`)).length === 1)
  const [first, second, ...more] = hooks.at('/told').map((hook) => hook.headers['webhook-id'])
  expect([first === second, more]).toEqual([true, []])
})
