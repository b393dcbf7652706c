import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Connection } from '../../src/channels/channel.ts'
import { webPush } from '../../src/channels/web-push.ts'
import { MOST_WEB_PUSH_BYTES, webPushPayload } from '../../src/domain/content/web-push.ts'
import type { OutgoingMessage, SendOutcome } from '../../src/domain/delivery.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { writePushSubscription } from '../../src/domain/push-subscription.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { receiverOf, sandboxSubscription } from '../../src/sandbox/web-push-accounts.ts'
import { decryptWebPush, readVapid } from '../../src/sandbox/web-push-crypto.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = webPush as unknown as (options?: object) => ChannelAdapter
const { publicKey } = sandboxCredentials().webpush.settings
const HOST = 'https://fcm.googleapis.com'
const subscribed = (name: string, origin = HOST, key = publicKey) => writePushSubscription(sandboxSubscription(name, key, origin))
const CONTENT = { title: 'Your cart', body: 'Still there' }
const GONE = { type: 'permanent', code: 'UNREGISTERED', message: 'The browser is no longer subscribed.', identity: 'UNREGISTERED' } as const
const UNSOUND = {
  type: 'permanent',
  code: 'INVALID_SUBSCRIPTION',
  message: 'The subscription has no sound keys, or is at no known push service.',
  identity: 'INVALID',
} as const
const TOO_LARGE = { type: 'permanent', code: 'PAYLOAD_TOO_LARGE', message: 'The payload is larger than 3993 bytes.' } as const

contract({
  provider: 'webpush',
  adapter,
  address: subscribed('ignorer-browser'),
  reader: 'ignorer-browser',
  content: CONTENT,
  permanent: [
    { why: 'unsubscribed', address: subscribed('unregistered-browser'), outcome: GONE },
    { why: 'a push service nobody knows', address: subscribed('stray', 'https://push.example'), outcome: UNSOUND },
    {
      why: 'a key that is no point of the curve',
      address: subscribed('odd').replace(/"p256dh":"B[^"]{60}/, `"p256dh":"B${'A'.repeat(60)}`),
      outcome: UNSOUND,
    },
    { why: 'a payload no push service carries', content: { ...CONTENT, data: { a: 'x'.repeat(MOST_WEB_PUSH_BYTES) } }, outcome: TOO_LARGE },
  ],
  turnedAway: { type: 'retry', code: 'UNAVAILABLE', message: 'The push service is overloaded.', retryAfter: 2_000 },
})

/** A push service that keeps what it was sent, and answers as it is told. */
interface Got {
  request: IncomingMessage
  body: Buffer
}
let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 201 }
const got: Got[] = []
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    got.push({ request, body: Buffer.concat(chunks) })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
})
let origin = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

async function send(
  content: JsonObject,
  message: Partial<OutgoingMessage> = {},
  connection: Partial<Connection> = {},
  options: object = {},
): Promise<SendOutcome> {
  const sender = adapter(options).connect({ ...sandboxConnection('webpush', origin), ...connection })
  const outcome = await sender.send({ ...outgoing(adapter(), subscribed('reader'), content), id: '0197f000-0000-8007-8000-000000000001', ...message })
  await sender.close()
  return outcome
}

async function exchanged(content: JsonObject, message: Partial<OutgoingMessage> = {}) {
  got.length = 0
  answer = { status: 201, headers: { location: `${origin}/receipts/1` } }
  expect(await send(content, message)).toEqual({ type: 'ok', providerMessageId: `${origin}/receipts/1` })
  expect(got).toHaveLength(1)
  const [{ request, body }] = got as [Got]
  const { host: _, connection: __, authorization, ...headers } = request.headers
  return { method: request.method, url: request.url, headers, authorization, body }
}

describe('the request a push service is given', () => {
  it('is the golden one, encrypted for the browser and signed by the workspace', async () => {
    const { authorization, body, ...rest } = await exchanged({
      ...CONTENT,
      topic: 'cart',
      url: 'https://shop.example/cart',
      urgency: 'LOW',
      ttl: 'PT30M',
    })
    expect(rest).toEqual({
      method: 'POST',
      url: new URL((JSON.parse(subscribed('reader')) as { endpoint: string }).endpoint).pathname,
      headers: {
        ttl: '1800',
        urgency: 'low',
        // The first 32 characters of base64url(SHA-256('cart')).
        topic: 'HELdwChbnCUTW-O_NF5qBBJxt4SyKm9s',
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        'content-length': String(body.length),
      },
    })
    expect(readVapid(authorization, origin, Date.now())).toEqual({ key: publicKey })
    const claims = JSON.parse(Buffer.from(authorization?.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }
    expect(claims.sub).toBe('mailto:push@demo.example')
    const plain = decryptWebPush(body, receiverOf('reader')) ?? ''
    expect(JSON.parse(plain)).toEqual({
      ...CONTENT,
      tag: 'cart',
      data: { throughline_message: '0197f000-0000-8007-8000-000000000001', url: 'https://shop.example/cart' },
    })
    expect(body.toString('latin1')).not.toContain('Still there')
    expect(body.length).toBe(Buffer.byteLength(plain) + 103)
  })

  it('collapses on our id where the author names no topic, so that a repetition replaces it', async () => {
    const first = await exchanged(CONTENT)
    const second = await exchanged(CONTENT)
    expect(first.headers.topic).toMatch(/^[\w-]{32}$/)
    expect(second.headers.topic).toBe(first.headers.topic)
    expect((await exchanged(CONTENT, { id: '0197f000-0000-8007-8000-000000000002' })).headers.topic).not.toBe(first.headers.topic)
  })

  it('is kept as long as it is of use, and never longer than push services keep anything', async () => {
    const ttl = async (content: object, usefulFor?: number) =>
      (await exchanged({ ...CONTENT, ...content }, usefulFor === undefined ? {} : { usefulFor })).headers.ttl
    expect(await ttl({})).toBe('2419200')
    expect(await ttl({ ttl: 'P90D' })).toBe('2419200')
    expect(await ttl({}, 7_200_000)).toBe('7200')
    expect(await ttl({ ttl: 'PT1H' }, 7_200_000)).toBe('3600')
    expect(await ttl({ ttl: 'PT3H' }, 7_200_000)).toBe('7200')
    expect(await ttl({ ttl: 'PT0S' }, 7_200_000)).toBe('0')
    expect(await ttl({}, 1)).toBe('1')
  })

  it('is urgent by its purpose, unless the author says otherwise', async () => {
    const urgency = async (content: object, purpose: OutgoingMessage['purpose']) =>
      (await exchanged({ ...CONTENT, ...content }, { purpose })).headers.urgency
    expect([await urgency({}, 'TRANSACTIONAL'), await urgency({}, 'SERVICE'), await urgency({}, 'PROMOTIONAL')]).toEqual(['high', 'normal', 'normal'])
    expect(await urgency({ urgency: 'VERY_LOW' }, 'TRANSACTIONAL')).toBe('very-low')
  })

  it('fills 4,096 bytes to the last, and is not made for one more', async () => {
    const of = (a: string) => ({ ...CONTENT, data: { a } })
    const rest = MOST_WEB_PUSH_BYTES - Buffer.byteLength(webPushPayload(of(''), '0197f000-0000-8007-8000-000000000001'))
    // Counted in UTF-8: the last two bytes are one character.
    expect((await exchanged(of(`${'x'.repeat(rest - 2)}ü`))).body.length).toBe(4_096)
    got.length = 0
    expect(await send(of(`${'x'.repeat(rest - 1)}ü`))).toEqual(TOO_LARGE)
    expect(got).toEqual([])
  })

  it('signs once for a push service, not once a message', async () => {
    const sender = adapter().connect(sandboxConnection('webpush', origin))
    got.length = 0
    for (const name of ['a', 'b', 'c']) await sender.send(outgoing(adapter(), subscribed(name), CONTENT))
    await sender.close()
    expect(new Set(got.map(({ request }) => request.headers.authorization)).size).toBe(1)
    expect(got).toHaveLength(3)
  })
})

describe("a push service's answer", () => {
  it.each([
    [400, { type: 'retry', code: 'REFUSED', retryAfter: 60_000 }],
    [401, { type: 'retry', code: 'AUTH', retryAfter: 60_000 }],
    [403, { type: 'retry', code: 'AUTH', retryAfter: 60_000 }],
    [404, GONE],
    [410, GONE],
    [413, TOO_LARGE],
    [429, { type: 'retry', code: 'RATE_LIMITED' }],
    [500, { type: 'ambiguous', code: 'HTTP_500' }],
    [503, { type: 'ambiguous', code: 'UNAVAILABLE' }],
    [415, { type: 'permanent', code: 'HTTP_415' }],
  ])('%i is classed by the table', async (status, outcome) => {
    answer = { status }
    expect(await send(CONTENT)).toMatchObject(outcome)
  })

  // As Google, Mozilla and Apple say it; the endpoint is a stranger's, so that none of it may stop what goes to everybody else.
  it.each([
    [403, 'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n'],
    [403, 'the key in the authorization header does not correspond to the sender ID used to subscribe this user.'],
    [401, '{"code":401,"errno":109,"error":"Unauthorized","message":"VAPID public key mismatch"}'],
    [403, '{"reason":"VapidPkHashMismatch"}'],
    [400, 'UnauthorizedRegistration'],
  ])('%i for a browser that subscribed with other keys is that browser’s: %s', async (status, body) => {
    answer = { status, body }
    expect(await send(CONTENT)).toEqual({
      type: 'permanent',
      code: 'OTHER_KEYS',
      message: 'The browser subscribed with other VAPID keys.',
      identity: 'INVALID',
    })
  })

  it.each([
    [401, '{"code":401,"errno":109,"error":"Unauthorized","message":"Request did not validate missing authorization header"}'],
    [403, '{"reason":"BadJwtToken"}'],
  ])('%i for the token itself is the workspace’s: %s', async (status, body) => {
    answer = { status, body }
    expect(await send(CONTENT)).toMatchObject({ type: 'retry', code: 'AUTH' })
  })

  it.each([
    [201, { location: '/receipts/2' }, '/receipts/2'],
    [200, { 'apns-id': 'A-1' }, 'A-1'],
    [202, {}, '0197f000-0000-8007-8000-000000000001'],
  ])('%i with %j names the message', async (status, headers, providerMessageId) => {
    answer = { status, headers: headers as Record<string, string> }
    expect(await send(CONTENT)).toEqual({ type: 'ok', providerMessageId })
  })

  it('is not waited for with keys that are no pair', async () => {
    got.length = 0
    const outcome = await send(CONTENT, {}, { credentials: { ...sandboxCredentials('other').webpush.credentials } })
    expect(await send(CONTENT, {}, { credentials: { privateKey: 'A'.repeat(43) } })).toEqual(outcome)
    expect(outcome).toEqual({ type: 'retry', code: 'AUTH', message: 'The VAPID keys are no pair.', retryAfter: 60_000 })
    expect(got).toEqual([])
  })
})

describe('without a base URL a request goes where the subscription says', () => {
  it('if the operator names the host', async () => {
    answer = { status: 201, headers: { location: '/receipts/3' } }
    const own = { baseUrl: null, privateHosts: [new URL(origin).host] }
    expect(await send(CONTENT, { address: subscribed('inside', origin) }, own)).toEqual({ type: 'ok', providerMessageId: '/receipts/3' })
    expect(await send(CONTENT, { address: subscribed('inside', origin) }, { baseUrl: null })).toEqual(UNSOUND)
  })

  it('and not to a private address, whatever a name server says of a push service', async () => {
    got.length = 0
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const refused = { type: 'permanent', code: 'ADDRESS_REFUSED', message: 'fcm.googleapis.com leads to no public address (loopback).' }
    expect(await send(CONTENT, {}, { baseUrl: null }, { resolve })).toEqual(refused)
    expect(got).toEqual([])
  })
})
