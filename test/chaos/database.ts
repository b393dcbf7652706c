import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './processes.ts'

export interface CrashingDatabase {
  /** As the owner. The same before and after a crash. */
  url: string
  /** Immediate shutdown; resolves when the server is gone. */
  crash(): Promise<void>
  /** On the same data and port; resolves when it takes connections. */
  start(): Promise<void>
  close(): Promise<void>
}

/** A PostgreSQL of this run's own, running. */
export async function openCrashingDatabase(): Promise<CrashingDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'throughline-chaos-'))
  await chmod(directory, 0o755)
  const port = await freePort()
  const host = fork(fileURLToPath(new URL('./database-host.ts', import.meta.url)), [join(directory, 'postgres'), String(port), 'chaos'], {
    execArgv: ['--import', 'tsx'],
    // Out of the terminal's process group: on Ctrl-C the parent goes first, and takes this along by the channel.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(host, 'exit')
  const ask = async (what: 'start' | 'crash') => {
    const answered = once(host, 'message')
    host.send(what)
    const [answer] = await Promise.race([answered, ended.then(() => ['its host process ended'])])
    if (answer !== 'done') throw new Error(`PostgreSQL did not ${what}: ${String(answer)}`)
  }
  const close = async () => {
    if (host.connected) host.disconnect()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await ask('start')
  } catch (error) {
    await close()
    throw error
  }
  return { url: `postgres://postgres:chaos@127.0.0.1:${port}/throughline`, crash: () => ask('crash'), start: () => ask('start'), close }
}
