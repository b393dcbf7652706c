import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ThroughlineError } from '../errors.ts'

export interface EmbeddedDatabase {
  /** Of the maintenance database `postgres`; replace the path for another. */
  url: string
  /** Shuts the cluster down (fast mode) and resolves when it has ended. */
  stop(): Promise<void>
}

/** Starts, and on first use creates, the PostgreSQL under this directory. Throws UNAVAILABLE with the server's own words. */
export async function startEmbedded(directory: string, options: { durable: boolean }): Promise<EmbeddedDatabase> {
  const script = import.meta.url.endsWith('.ts') ? './embedded-server.ts' : './embedded-server.js'
  // Detached: out of the terminal's process group, so that Ctrl-C reaches the parent first.
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [directory, options.durable ? 'durable' : 'fast'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const answer = await new Promise<{ url?: string; fault?: string }>((done) => {
    child.once('message', (message) => done(message as { url?: string; fault?: string }))
    child.once('exit', (code) => done({ fault: `the embedded PostgreSQL's process ended with ${code}` }))
  })
  if (answer.url === undefined) throw new ThroughlineError('UNAVAILABLE', answer.fault)
  child.unref()
  child.channel?.unref()
  return {
    url: answer.url,
    async stop() {
      // Waiting for its end must hold the event loop, or a script that stops last ends first.
      child.ref()
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
