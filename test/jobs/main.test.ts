import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { deliver } from '../../src/lanes/inbox.ts'
import { createVault } from '../../src/store/vault.ts'
import { LANES, testRing } from '../support/ring.ts'
import { until } from '../support/until.ts'

const MAIN = fileURLToPath(new URL('../../jobs/main.ts', import.meta.url))
const MASTER_KEY = randomBytes(32)
const SECRET_KEY = MASTER_KEY.toString('base64')

const world = testRing()
let child: ChildProcess | null = null
let said = ''

afterEach(async () => {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
})

/** The worker as it runs in production, but for the build; what it says is kept. */
function start(environment: Record<string, string>): ChildProcess {
  said = ''
  const started = spawn(process.execPath, ['--import', 'tsx', MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [started.stdout, started.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child = started
  return started
}

test.each(['SIGTERM', 'SIGINT'] as const)('a worker works until it is told to end by %s, and then leaves nothing behind', async (signal) => {
  const workspace = await world.workspace()
  await world.rows('UPDATE workspace SET data_key = $2 WHERE id = $1', [workspace.id, createVault(MASTER_KEY).createDataKey()])
  const worker = start({ DATABASE_URL: world.database.url, SECRET_KEY })
  await until(async () => said.includes('worker started') || worker.exitCode !== null)
  expect(said).toContain('worker started')
  await deliver(world.database.worker, [workspace.event('ada', 'seen')], LANES)
  await until(async () => (await world.rows('SELECT 1 FROM event WHERE workspace_id = $1', [workspace.id])).length === 1)
  const shifts = async () => (await world.rows<{ state: string }>(`SELECT state FROM pgboss.job WHERE name = 'ring'`)).map((row) => row.state)
  await until(async () => (await shifts()).includes('active'))
  const ended = once(worker, 'exit')
  worker.kill(signal)
  expect(await ended).toEqual([0, null])
  expect(new Set(await shifts())).toEqual(new Set(['completed']))
  expect(await world.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'throughline %'`)).toEqual([])
})

test('without a database a worker does not start, and says what is missing', async () => {
  expect(await once(start({ SECRET_KEY }), 'exit')).toEqual([1, null])
  expect(said).toContain('CONFIG_INVALID')
  expect(said).toContain('DATABASE_URL must be set.')
})

test('in production a worker does not make up the key to what others have sealed', async () => {
  expect(await once(start({ DATABASE_URL: world.database.url, NODE_ENV: 'production' }), 'exit')).toEqual([1, null])
  expect(said).toContain('SECRET_KEY must be set in production.')
})
