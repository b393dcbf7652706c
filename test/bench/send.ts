import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, request } from 'undici'
import { adapterFor } from '../../src/channels/registry.ts'
import type { OutgoingMessage } from '../../src/domain/delivery.ts'
import { derivedId } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { type SandboxProvider, sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { sandboxSubscription } from '../../src/sandbox/web-push-accounts.ts'
import { compared, type Figure } from './figure.ts'
import { startSandboxProcess } from './processes.ts'
import { openBareMail } from './send-mail.ts'

export interface SendSize {
  messages: number
  rounds: number
}

/** As many at a time as a worker sends. */
const SOCKETS = 32

const SUBJECTS = {
  fcm: { address: 'ignorer-device-0-0123456789abcdef', content: { title: 'Still thinking?', body: 'Your teapot is waiting.' } },
  sendgrid: { address: 'ignorer.1@shop.example', content: { subject: 'Your cart', html: '<p>Your teapot is waiting.</p>' } },
  smtp: { address: 'ignorer.1@shop.example', content: { subject: 'Your cart', html: '<p>Your teapot is waiting.</p>' } },
  twilio: { address: '+15005551001', content: { body: 'Your teapot is waiting.' } },
  webpush: {
    address: JSON.stringify(sandboxSubscription('bench', sandboxCredentials('bench').webpush.settings.publicKey, 'https://fcm.googleapis.com')),
    content: { title: 'Still thinking?', body: 'Your teapot is waiting.' },
  },
} as const satisfies Partial<Record<SandboxProvider, { address: string; content: JsonObject }>>
type Provider = keyof typeof SUBJECTS
export const SEND_PROVIDERS = Object.keys(SUBJECTS) as Provider[]

/** Sends one message; rejects where it is not accepted. */
type SendOne = (n: number) => Promise<void>

/**
 * Messages accepted a second by the stand-in, a process of its own: through the adapter and its SDK, against a bare
 * client that sends the very bytes the adapter sent, over as many sockets. Of web push these are encrypted already: what
 * the encryption costs, a key agreement for every message, is the adapter's alone.
 */
export async function benchSend(provider: Provider, size: SendSize): Promise<Figure[]> {
  const sandbox = await startSandboxProcess()
  const sender = connect(provider, sandbox.url)
  const bare = await (provider === 'smtp' ? openBareMail(serverOf(sandbox.url), SUBJECTS.smtp) : openBare(provider, sandbox.url))
  try {
    const through = (count: number) =>
      together(count, async (n) => {
        const { type } = await sender.send(message(provider, n))
        if (type !== 'ok') throw new Error(`${provider} answered ${type}`)
      })
    const limit = (count: number) => together(count, bare.send)
    await through(Math.min(500, size.messages))
    await limit(Math.min(500, size.messages))
    const rounds: { value: number; baseline: number }[] = []
    for (let round = 0; round < size.rounds; round++) {
      if (round % 2 === 0) rounds.push({ value: await through(size.messages), baseline: await limit(size.messages) })
      else {
        const baseline = await limit(size.messages)
        rounds.push({ value: await through(size.messages), baseline })
      }
    }
    return [compared(`send-${provider}`, 'messages/s', rounds, { floor: 0.4, aim: 0.7 })]
  } finally {
    await Promise.all([sender.close(), bare.close()])
    await sandbox.stop()
  }
}

/** Where the sandbox at this URL takes mail: one port further on. */
function serverOf(sandboxUrl: string): { host: string; port: number } {
  const { hostname, port } = new URL(sandboxUrl)
  return { host: hostname, port: Number(port) + 1 }
}

/** A bare HTTP client that posts one recorded request again and again. */
async function openBare(provider: Provider, sandboxUrl: string): Promise<{ send: SendOne; close(): Promise<void> }> {
  const recorder = await startRecorder(sandboxUrl)
  const recorded = connect(provider, recorder.url)
  const outcome = await recorded.send(message(provider, 0))
  await Promise.all([recorded.close(), recorder.close()])
  const request = recorder.last()
  if (outcome.type !== 'ok' || request === null) throw new Error(`${provider} did not accept: ${JSON.stringify(outcome)}`)
  const pool = new Pool(sandboxUrl, { connections: SOCKETS, pipelining: 1 })
  return {
    async send() {
      const answer = await pool.request(request)
      await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`the bare client got ${answer.statusCode}`)
    },
    close: () => pool.close(),
  }
}

function connect(provider: Provider, baseUrl: string) {
  const { credentials, settings } = sandboxCredentials('bench')[provider]
  const { host, port } = serverOf(baseUrl)
  const callbackUrl = 'http://127.0.0.1:9/none'
  return adapterFor(provider).connect({
    id: 'bench',
    workspaceId: 'bench',
    provider,
    baseUrl,
    callbackUrl,
    credentials: { ...credentials },
    settings: provider === 'smtp' ? { ...settings, port } : { ...settings },
    privateHosts: [`${host}:${port}`],
  })
}

function message(provider: Provider, n: number): OutgoingMessage {
  const { address, content } = SUBJECTS[provider]
  return {
    id: derivedId(1_750_000_000_000, 7, provider, String(n)),
    workspaceId: 'bench',
    attempt: 1,
    channel: adapterFor(provider).channel,
    purpose: 'TRANSACTIONAL',
    address,
    platform: null,
    content,
    unsubscribeUrl: null,
  }
}

/** So many of these, SOCKETS at a time; how many a second. */
async function together(count: number, one: (n: number) => Promise<void>): Promise<number> {
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      while (next < count) await one(next++)
    }),
  )
  return (count / (performance.now() - started)) * 1_000
}

interface Recorded {
  method: 'POST'
  path: string
  headers: Record<string, string>
  body: Buffer
}

/** The host is kept: it is what a VAPID token was signed for. */
const HOP = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive'])

/** Passes requests on, and keeps the last. */
async function startRecorder(target: string): Promise<{ url: string; last(): Recorded | null; close(): Promise<void> }> {
  let last: Recorded | null = null
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', async () => {
      const path = incoming.url ?? '/'
      const passed = { method: 'POST' as const, headers: kept(incoming.headers), body: Buffer.concat(chunks) }
      last = { path, ...passed }
      const answer = await request(target + path, passed)
      response.writeHead(answer.statusCode, answer.headers).end(await answer.body.text())
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    last: () => last,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function kept(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (HOP.has(name) || value === undefined ? [] : [[name, String(value)]])))
}
