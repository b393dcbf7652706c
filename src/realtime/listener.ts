import pg from 'pg'
import { ThroughlineError } from '../errors.ts'

export interface Listener {
  /** Resolves when the first LISTEN has succeeded. */
  ready: Promise<void>
  close(): Promise<void>
}

/**
 * The one listening connection of a process: every listening connection costs the server 25–55 µs a commit.
 * A lost connection is made again with back-off; `onReconnect` says that notifications may have been missed.
 */
export function listen(
  url: string,
  channels: Readonly<Record<string, (payload: string) => void>>,
  options: { name: string; onReconnect: () => void; onError: (error: Error) => void },
): Listener {
  let closed = false
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let first = true
  let becomeReady = () => {}
  const ready = new Promise<void>((done) => {
    becomeReady = done
  })

  const retry = (failed: pg.Client, error: Error) => {
    if (closed || client !== failed) return
    client = null
    failed.removeAllListeners('notification')
    failed.end().catch(() => {})
    options.onError(error)
    timer = setTimeout(connect, Math.min(5_000, 100 * 2 ** failures++))
  }
  const connect = () => {
    const fresh = new pg.Client({ connectionString: url, application_name: options.name, keepAlive: true, connectionTimeoutMillis: 5_000 })
    client = fresh
    fresh.on('error', (error) => retry(fresh, error))
    fresh.on('end', () => retry(fresh, new ThroughlineError('UNAVAILABLE', 'the listening connection ended')))
    fresh.on('notification', (message) => channels[message.channel]?.(message.payload ?? ''))
    fresh
      .connect()
      .then(() =>
        fresh.query(
          Object.keys(channels)
            .map((channel) => `LISTEN ${channel}`)
            .join(';'),
        ),
      )
      .then(() => {
        failures = 0
        if (first) becomeReady()
        else options.onReconnect()
        first = false
      })
      .catch((error: Error) => retry(fresh, error))
  }
  connect()
  return {
    ready,
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      await client?.end().catch(() => {})
    },
  }
}
