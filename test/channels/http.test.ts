import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openTransport, type Transport, type TransportOptions } from '../../src/channels/http.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function serve(handler: Parameters<typeof createServer>[1]): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    request.resume()
    handler?.(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function transport(options?: TransportOptions): Transport {
  const opened = openTransport(options)
  open.push(opened)
  return opened
}

const post = (url: string, headers: Record<string, string> = {}) => ({ method: 'POST' as const, url, headers, body: 'x' })

describe('the transport', () => {
  it('gives the whole answer, and follows no redirect', async () => {
    const { url, seen } = await serve((_request, response) => response.writeHead(302, { location: '/elsewhere', 'x-a': ['1', '2'] }).end('moved'))
    expect(await transport().exchange(post(`${url}/a?b=c`))).toMatchObject({
      type: 'answer',
      status: 302,
      headers: { location: '/elsewhere', 'x-a': '1, 2' },
      body: 'moved',
    })
    expect(seen).toEqual(['POST /a?b=c'])
  })

  it('keeps every byte of a file where it is asked to', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const { url } = await serve((_request, response) => response.end(bytes))
    const got = await transport().exchange({ method: 'GET', url, headers: {}, encoding: 'latin1' })
    expect(got.type === 'answer' && Buffer.from(got.body, 'latin1').equals(bytes)).toBe(true)
  })

  it('repeats no request of any method, and keeps to the time a request names', async () => {
    const { url, seen } = await serve((request) => {
      if (request.url === '/reset') request.socket.resetAndDestroy()
    })
    const patient = transport({ timeout: 60_000 })
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      expect(await patient.exchange({ ...post(`${url}/reset`), method })).toMatchObject({ type: 'unanswered' })
      expect(await patient.exchange({ ...post(`${url}/held`), method, timeout: 20 })).toMatchObject({ type: 'unanswered', code: 'TIMEOUT' })
    }
    expect(seen).toEqual(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [`${method} /reset`, `${method} /held`]))
  })

  it('calls a request that waits for a socket until its time is up unsent, and never sends it', async () => {
    const held: (() => void)[] = []
    const { url, seen } = await serve((request, response) => {
      if (request.url === '/held') held.push(() => response.end('late'))
      else response.end('ok')
    })
    const narrow = transport({ connections: 1, timeout: 200 })
    // Its time is up while the other one's is not, which holds the only socket.
    const queued = { ...post(`${url}/queued`), timeout: 50 }
    const [first, second] = await Promise.all([narrow.exchange(post(`${url}/held`)), narrow.exchange(queued)])
    expect(first).toMatchObject({ type: 'unanswered', code: 'TIMEOUT' })
    expect(second).toMatchObject({ type: 'unsent', code: 'TIMEOUT' })
    expect(await narrow.exchange(post(`${url}/after`))).toMatchObject({ type: 'answer', status: 200, body: 'ok' })
    expect(seen).toEqual(['POST /held', 'POST /after'])
    for (const release of held) release()
  })

  it('takes no more of an answer than the limit', async () => {
    const { url } = await serve((_request, response) => response.end('x'.repeat(2_000)))
    expect(await transport({ maxBytes: 1_999 }).exchange(post(url))).toMatchObject({ type: 'unanswered', code: 'ANSWER_TOO_LARGE' })
    expect(await transport({ maxBytes: 2_000 }).exchange(post(url))).toMatchObject({ type: 'answer' })
  })

  it('sends nothing that cannot be written', async () => {
    const { url, seen } = await serve((_request, response) => response.end())
    expect(await transport().exchange(post(url, { authorization: 'a\r\nb: c' }))).toMatchObject({ type: 'unsent', code: 'UND_ERR_INVALID_ARG' })
    expect(await transport().exchange(post('no url'))).toMatchObject({ type: 'unsent', code: 'ERR_INVALID_URL' })
    const closed = transport()
    await closed.close()
    expect(await closed.exchange(post(url))).toMatchObject({ type: 'unsent' })
    expect(seen).toEqual([])
  })

  it('leaves what was under way when it is closed in doubt', async () => {
    const closing = transport()
    const { url } = await serve(() => void closing.close())
    expect(await closing.exchange(post(url))).toMatchObject({ type: 'unanswered' })
  })
})
