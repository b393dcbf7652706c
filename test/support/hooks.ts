import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Hook {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

/** What the server does with a request. Anything after the last one given is that one again. */
export type Behaviour = { status?: number; headers?: Record<string, string>; body?: unknown } | 'reset' | 'hang'

export interface Hooks {
  url: string
  /** `host:port`, as the operator names it. */
  host: string
  /** Every request, in order of arrival. */
  seen: Hook[]
  /** Those under a path, whatever their query. */
  at(path: string): Hook[]
  /** How requests under a path are answered, one after the other; 200 and `{}` where nothing is said. */
  on(path: string, ...behaviours: Behaviour[]): void
  close(): Promise<void>
}

/** Somebody's server: what webhooks call. */
export async function startHooks(): Promise<Hooks> {
  const seen: Hook[] = []
  const plans = new Map<string, Behaviour[]>()
  const bare = (path: string) => path.replace(/\?.*$/, '')
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const path = incoming.url ?? ''
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
      seen.push({ method: incoming.method ?? '', path, headers, body: Buffer.concat(chunks).toString() })
      const plan = plans.get(bare(path)) ?? [{}]
      const behaviour = plan.length > 1 ? plan.shift() : plan[0]
      if (behaviour === 'hang') return
      if (behaviour === 'reset') return incoming.socket.resetAndDestroy()
      const { status = 200, headers: own = {}, body = {} } = behaviour ?? {}
      response.writeHead(status, { 'content-type': 'application/json', ...own }).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    seen,
    at: (path) => seen.filter((hook) => bare(hook.path) === path),
    on: (path, ...behaviours) => void plans.set(path, behaviours),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
