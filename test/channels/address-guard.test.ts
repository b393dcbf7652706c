import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openGuard, type Resolve } from '../../src/channels/address-guard.ts'
import { type Exchange, openTransport } from '../../src/channels/http.ts'
import type { OutgoingPolicy } from '../../src/domain/public-address.ts'

let server: Server
let port: number
let connections = 0
const seen: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host}${request.url}`)
    if (request.url === '/moved') response.writeHead(307, { location: `http://127.0.0.1:${port}/inside` }).end()
    else if (request.url === '/close') response.writeHead(200, { connection: 'close' }).end()
    else response.end('ok')
  }).on('connection', () => connections++)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  port = (server.address() as AddressInfo).port
})
beforeEach(() => {
  connections = 0
  seen.length = 0
})
afterAll(() => {
  server.closeAllConnections()
  return new Promise((done) => server.close(done))
})

/** A name server whose answers come one after the other, the last one over and over. */
function answering(...answers: string[][]): { resolve: Resolve; asked: string[] } {
  const asked: string[] = []
  const resolve: Resolve = async (hostname) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { resolve, asked }
}

async function get(urls: string | string[], policy: Partial<OutgoingPolicy> = {}, resolve?: Resolve): Promise<Exchange[]> {
  const connect = openGuard({ privateHosts: [], httpsOnly: false, ...policy }, { timeout: 2_000, ...(resolve ? { resolve } : {}) })
  const transport = openTransport({ timeout: 3_000, connect })
  const exchanges: Exchange[] = []
  for (const url of [urls].flat()) exchanges.push(await transport.exchange({ method: 'GET', url, headers: {} }))
  await transport.close()
  return exchanges
}
const brief = (exchange: Exchange | undefined) => (exchange?.type === 'answer' ? exchange.status : [exchange?.type, exchange?.code])
const REFUSED = ['unsent', 'ADDRESS_REFUSED']

describe('no connection is made', () => {
  test.each(['127.0.0.1', '[::ffff:127.0.0.1]', '[::1]', '0', '2130706433', '0x7f.1', 'localhost'])('to %s', async (host) => {
    expect(brief((await get(`http://${host}:${port}/`))[0])).toEqual(REFUSED)
    expect([connections, seen]).toEqual([0, []])
  })

  test.each([[['127.0.0.1']], [['169.254.169.254']], [['8.8.8.8', '127.0.0.1']], [['::1', '2606:4700:4700::1111']], [['::ffff:127.0.0.1']], [[]]])(
    'to a name that leads to %j',
    async (addresses) => {
      const { resolve, asked } = answering(addresses)
      expect(brief((await get(`http://hooks.example:${port}/`, {}, resolve))[0])).toEqual(REFUSED)
      expect([connections, asked]).toEqual([0, ['hooks.example']])
    },
  )

  test('without TLS where that is asked for', async () => {
    const { resolve, asked } = answering(['8.8.8.8'])
    expect(brief((await get('http://hooks.example/', { httpsOnly: true }, resolve))[0])).toEqual(REFUSED)
    expect(asked).toEqual([])
  })

  test('to a host the operator named with another port', async () => {
    expect(brief((await get(`http://127.0.0.1:${port}/`, { privateHosts: [`127.0.0.1:${port + 1}`] }))[0])).toEqual(REFUSED)
    expect(connections).toBe(0)
  })
})

describe('a host the operator named', () => {
  test('is reached although private, and under its own name', async () => {
    const { resolve, asked } = answering(['127.0.0.1'])
    const named = { privateHosts: [`127.0.0.1:${port}`, 'inside.example'], httpsOnly: true }
    expect((await get([`http://127.0.0.1:${port}/a`, `http://inside.example:${port}/b`], named, resolve)).map(brief)).toEqual([200, 200])
    expect([seen, asked]).toEqual([[`GET 127.0.0.1:${port}/a`, `GET inside.example:${port}/b`], ['inside.example']])
  })

  test('may not redirect anywhere', async () => {
    expect((await get(`http://127.0.0.1:${port}/moved`, { privateHosts: ['127.0.0.1'] })).map(brief)).toEqual([307])
    expect(seen).toEqual([`GET 127.0.0.1:${port}/moved`])
  })
})

test('a name is resolved once for a connection, and again for the next one, whose answer is judged anew', async () => {
  const rebinding = answering(['127.0.0.1'], ['127.0.0.1'])
  const url = (path: string) => `http://rebinding.example:${port}${path}`
  const kept = await get([url('/'), url('/close'), url('/')], { privateHosts: [`rebinding.example:${port}`] }, rebinding.resolve)
  expect([kept.map(brief), connections, rebinding.asked.length]).toEqual([[200, 200, 200], 2, 2])
  const judged = answering(['8.8.8.8', '10.0.0.1'], ['192.168.0.1'])
  const refused = await get([url('/'), url('/')], {}, judged.resolve)
  expect([refused.map(brief), judged.asked.length]).toEqual([[REFUSED, REFUSED], 2])
})

test('a name server that fails is no answer', async () => {
  const fails: Resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
  expect(brief((await get('http://nowhere.example/', {}, fails))[0])).toEqual(['unsent', 'ENOTFOUND'])
})
