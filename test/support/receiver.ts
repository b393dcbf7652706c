import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CallbackRequest } from '../../src/channels/channel.ts'

export interface Receiver {
  url: string
  /** What came, in order, as an adapter would be given it. */
  requests: CallbackRequest[]
  /** Statuses of the next answers; 204 once they are used up. */
  answers: number[]
  close(): Promise<void>
}

/**
 * Keeps the raw callbacks that a provider posts to it.
 *
 * @param files by path, what whoever fetches them gets: they are no callbacks.
 */
export async function startReceiver(files: Readonly<Record<string, string>> = {}): Promise<Receiver> {
  const requests: CallbackRequest[] = []
  const answers: number[] = []
  let base = ''
  const server = createServer((incoming, response) => {
    const file = incoming.method === 'GET' ? files[incoming.url ?? ''] : undefined
    if (file !== undefined) return void response.end(file)
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
      )
      requests.push({ headers, body: Buffer.concat(chunks), url: base + incoming.url })
      response.writeHead(answers.shift() ?? 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: base,
    requests,
    answers,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
