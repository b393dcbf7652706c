import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADAPTERS, adapterFor, type Provider } from '../../src/channels/registry.ts'
import { buildMail } from '../../src/channels/smtp-mail.ts'
import type { OutgoingMessage } from '../../src/domain/delivery.ts'
import { isObject, type JsonObject } from '../../src/domain/json.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { receiverOf, sandboxSubscription } from '../../src/sandbox/web-push-accounts.ts'
import { decryptWebPush } from '../../src/sandbox/web-push-crypto.ts'
import { contentSid } from '../../src/sandbox/whatsapp-templates.ts'

/**
 * The whole request each provider is given, as it stands in golden/: method, path, headers and body; of SMTP the mail. Left out is what
 * differs from run to run or from one version of Node or an SDK to the next; what is secret, or encrypted, stands there by its kind.
 */
const FOLDER = 'test/channels/golden'
const ID = '0197f000-0000-8007-8000-000000000001'
const CALLBACKS = 'https://t.example/webhooks'

interface Golden {
  method: string
  path: string
  headers: Record<string, string>
  body: unknown
}

let sandbox: Sandbox
let url: string
let got: { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer }[] = []

/** Keeps every request, and passes it on as it is: a VAPID signature is over the host, too. */
const server = createServer((incoming, response) => {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const { method = '', url: path = '', headers } = incoming
    got.push({ method, path, headers, body: Buffer.concat(chunks) })
    const { hostname, port } = new URL(sandbox.url)
    const onward = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.end(Buffer.concat(chunks))
  })
})
beforeAll(async () => {
  sandbox = await startSandbox()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  await sandbox.close()
})

const TEMPLATE = { name: 'order_update', language: 'en_US' }
const CARDS = { title: 'Your cart', description: 'Still there', media: 'https://cdn.example/1.png' }
const SUBJECTS: Readonly<Record<Exclude<Provider, 'smtp'>, { address(): string; content: JsonObject }>> = {
  sendgrid: {
    address: () => 'ada@shop.example',
    content: {
      subject: 'Your cart',
      html: '<p>Still there? <img src="cid:logo"></p>',
      text: 'Still there?',
      replyTo: 'help@shop.example',
      attachments: [
        { name: 'Terms.pdf', contentType: 'application/pdf', content: 'QUJD' },
        { name: 'logo.png', contentType: 'image/png', content: 'QUJDRA==', contentId: 'logo' },
      ],
    },
  },
  twilio: {
    address: () => '+15551230004',
    content: { body: 'Still there? Ä & €', mediaUrls: ['https://cdn.example/1.png', 'https://cdn.example/2.png'] },
  },
  fcm: {
    address: () => 'ignorer-device-golden-1',
    content: {
      title: 'Your cart',
      body: 'Still there?',
      imageUrl: 'https://cdn.example/1.png',
      deepLink: 'shop://cart',
      collapseKey: 'cart',
      data: { cartId: 'c1' },
    },
  },
  webpush: {
    address: () =>
      JSON.stringify(sandboxSubscription('golden', sandboxCredentials('golden').webpush.settings.publicKey, 'https://fcm.googleapis.com')),
    content: { title: 'Your cart', body: 'Still there?', url: 'https://shop.example/cart', topic: 'cart', ttl: 'PT30M' },
  },
  meta: {
    address: () => '+15551230004',
    content: { template: { ...TEMPLATE, body: ['Ada', '7'], buttons: [{ index: 0, type: 'URL', value: '7' }] } },
  },
  twilio_whatsapp: { address: () => '+15551230004', content: { template: { sid: contentSid(TEMPLATE), variables: { 1: 'Ada', 2: '7', 3: '7' } } } },
  twilio_rcs: { address: () => '+15551230004', content: { body: 'Still there?', card: CARDS } },
}

const message = (provider: Provider, address: string, content: JsonObject): OutgoingMessage => ({
  id: ID,
  workspaceId: 'workspace',
  attempt: 1,
  channel: ADAPTERS[provider].channel,
  purpose: 'PROMOTIONAL',
  address,
  platform: null,
  content,
  unsubscribeUrl: 'https://t.example/u/1',
})

it.each(Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[])('%s is given the golden request, and no other', async (provider) => {
  const { address, content } = SUBJECTS[provider]
  const { credentials, settings } = sandboxCredentials('golden')[provider]
  const connection = { id: 'connection', workspaceId: 'workspace', provider, baseUrl: url, callbackUrl: `${CALLBACKS}/${provider}/connection` }
  const sender = adapterFor(provider).connect({ ...connection, credentials: { ...credentials }, settings: { ...settings } })
  got = []
  expect(await sender.send(message(provider, address(), content))).toMatchObject({ type: 'ok' })
  await sender.close()
  expect(got.filter(({ path }) => path !== '/token').map(golden)).toEqual(JSON.parse(readFileSync(`${FOLDER}/${provider}.json`, 'utf8')))
})

it('smtp is given the golden mail', async () => {
  const { address, content } = SUBJECTS.sendgrid
  const { bytes } = await buildMail(message('smtp', address(), content), { email: 'hello@golden.example', name: 'Throughline' })
  const lines = bytes.toString().split('\r\n')
  expect(lines.filter((line) => line.includes('\n'))).toEqual([])
  const mail = lines
    .join('\n')
    .replace(/^Date: .+$/m, 'Date: …')
    .replace(/--_NmP-[0-9a-f]+-/g, '--_NmP-…-')
  expect(mail).toBe(readFileSync(`${FOLDER}/smtp.eml`, 'utf8'))
})

it('stands there for every provider there is, and for nobody else', () => {
  const expected = Object.keys(ADAPTERS).map((provider) => (provider === 'smtp' ? 'smtp.eml' : `${provider}.json`))
  expect(readdirSync(FOLDER).sort()).toEqual(expected.sort())
})

/** Written by Node and its HTTP client, or naming versions. */
const PASSING = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'user-agent',
  'accept-charset',
  'x-goog-api-client',
  'x-firebase-client',
])

function golden({ method, path, headers, body }: (typeof got)[number]): Golden {
  const kept = Object.entries(headers).flatMap(([name, value]) => (PASSING.has(name) ? [] : [[name, kindOf(String(value))] as const]))
  return {
    method,
    path,
    headers: Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))),
    body: readBody(String(headers['content-type']), body),
  }
}

/** Credentials by their kind; that they are the right ones is the sandbox's to say, and it has. */
const kindOf = (value: string) => value.replace(/^(Bearer|Basic) .+$/, '$1 …').replace(/^vapid t=[^,]+, ?k=.+$/, 'vapid t=…, k=…')

function readBody(contentType: string, body: Buffer): unknown {
  if (contentType === 'application/octet-stream') return JSON.parse(decryptWebPush(body, receiverOf('golden')) ?? 'null')
  if (contentType.startsWith('application/json')) return JSON.parse(body.toString())
  const fields = [...new URLSearchParams(body.toString())].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return fields.map(([name, value]) => [name, asJson(value)])
}

function asJson(value: string): unknown {
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? parsed : value
  } catch {
    return value
  }
}
