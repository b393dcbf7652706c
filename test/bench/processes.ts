import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { until } from '../support/until.ts'

export interface Process {
  url: string
  stop(): Promise<void>
}

/** As in production where the benchmark itself is built; tsx where it runs from its source, as in the tests. */
const SOURCE = import.meta.url.endsWith('.ts')

function forkScript(script: string, environment: Record<string, string>): ChildProcess {
  return fork(fileURLToPath(new URL(`${script}.${SOURCE ? 'ts' : 'js'}`, import.meta.url)), [], {
    execArgv: SOURCE ? ['--import', 'tsx'] : [],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

const PRODUCTION = { LOG_LEVEL: 'error', NODE_ENV: 'production' }

/** The providers' stand-ins in a process of their own, so that their CPU is not the worker's. */
export const startSandboxProcess = (): Promise<Process> => start('../../src/sandbox/main', 'SANDBOX_PORT', '/_sandbox/counts', {})

/** The API as in production: a process of its own. */
export const startApiProcess = (environment: Record<string, string>): Promise<Process> =>
  start('../../src/main', 'PORT', '/health/ready', { ...PRODUCTION, RATE_LIMIT_PER_MINUTE: '1000000000', ...environment })

/** A worker as in production: a process of its own, pg-boss and all. It turns once its `ring` job is under way. */
export async function startWorkerProcess(owner: pg.Pool, environment: Record<string, string>): Promise<{ stop(): Promise<void> }> {
  const child = forkScript('../../jobs/main', { ...PRODUCTION, ...environment })
  const end = once(child, 'exit')
  await until(async () => (await owner.query(`SELECT FROM pgboss.job WHERE name = 'ring' AND state = 'active'`)).rowCount)
  return {
    async stop() {
      child.kill('SIGTERM')
      await end
    },
  }
}

export interface Ticker {
  /** Ticks until nothing is due; answers how many steps that were. */
  run(): Promise<number>
  stop(): Promise<void>
}

/** A worker's ticks over these shares of the lanes, side by side, in a process of their own. */
export async function startTicker(databaseUrl: string, shares: readonly (readonly number[])[]): Promise<Ticker> {
  const child = forkScript('./ticker', { DATABASE_URL: databaseUrl, SHARES: JSON.stringify(shares) })
  const answer = () =>
    new Promise<unknown>((done, fail) => {
      const ended = () => fail(new Error('the ticker ended'))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        done(message)
      })
    })
  await answer()
  return {
    async run() {
      child.send('run')
      return (await answer()) as number
    },
    async stop() {
      const end = once(child, 'exit')
      child.disconnect()
      await end
    },
  }
}

const PORTS_TRIED = 3

async function start(script: string, portVariable: string, probe: string, environment: Record<string, string>): Promise<Process> {
  for (let attempt = 1; ; attempt++) {
    const started = await startOn(await freePort(), script, portVariable, probe, environment)
    if (started !== null) return started
    // Between finding the port free and listening on it somebody else may have taken it.
    if (attempt === PORTS_TRIED) throw new Error(`${script} ended before it listened`)
  }
}

/** null where it ends before it listens. */
async function startOn(
  port: number,
  script: string,
  portVariable: string,
  probe: string,
  environment: Record<string, string>,
): Promise<Process | null> {
  const child = forkScript(script, { ...environment, [portVariable]: String(port) })
  const end = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const ended = () => child.exitCode !== null || child.signalCode !== null
  await until(async () => ended() || (await fetch(url + probe).catch(() => null))?.ok)
  if (ended()) return null
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await end
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
