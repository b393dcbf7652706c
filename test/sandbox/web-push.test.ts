import { createECDH, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import webpush from 'web-push'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Receiver, receiverOf } from '../../src/sandbox/web-push-accounts.ts'
import { decryptWebPush, readVapid } from '../../src/sandbox/web-push-crypto.ts'

const account = sandboxCredentials('demo').webpush
const other = sandboxCredentials('other').webpush

/** Appendix A of RFC 8291, letter by letter. */
test('a browser reads the message of RFC 8291', () => {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94', 'base64url')
  const receiver: Receiver = { name: 'rfc', curve, auth: Buffer.from('BTBZMqHH6r4Tts7J_aSIgg', 'base64url') }
  const body = Buffer.from(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    'base64url',
  )
  expect(decryptWebPush(body, receiver)).toBe('When I grow up, I want to be a watermelon')
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body)
    changed[at] = (changed[at] ?? 0) ^ 1
    // A larger record size says nothing else of this one record.
    if (at < 16 || at > 19) expect([at, decryptWebPush(changed, receiver)]).toEqual([at, null])
  }
  for (let length = 0; length < body.length; length++) expect(decryptWebPush(body.subarray(0, length), receiver)).toBeNull()
  expect(decryptWebPush(body, receiverOf('somebody else'))).toBeNull()
})

describe('a VAPID token', () => {
  const now = 1_750_000_000_000
  const signed = (audience = 'http://push.example', subject = 'mailto:a@b.example', expiration = now / 1_000 + 3_600, keys = account) =>
    webpush.getVapidHeaders(audience, subject, keys.settings.publicKey, keys.credentials.privateKey, 'aes128gcm', expiration).Authorization
  const read = (header: string | undefined) => readVapid(header, 'http://push.example', now)

  it('is believed for a day at most, and by its audience alone', () => {
    expect(read(signed())).toEqual({ key: account.settings.publicKey })
    expect(read(signed('http://push.example', 'mailto:a@b.example', now / 1_000 + 86_400))).toEqual({ key: account.settings.publicKey })
    expect(read(signed('http://push.example', 'mailto:a@b.example', now / 1_000 + 86_401))).toEqual({ fault: 'exp' })
    expect(read(signed('http://push.example', 'mailto:a@b.example', now / 1_000))).toEqual({ fault: 'exp' })
    expect(read(signed('http://other.example'))).toEqual({ fault: 'aud' })
  })

  it('is not believed once a character of it is another', () => {
    const header = signed()
    for (let at = 'vapid t='.length; at < header.length; at++) {
      const swapped = header[at] === 'A' ? 'B' : 'A'
      if (/[.,= k]/.test(header[at] ?? '')) continue
      const changed = `${header.slice(0, at)}${swapped}${header.slice(at + 1)}`
      // The last character of a part has bits that no byte holds.
      const bytes = (text: string) =>
        text
          .split(/[ .,=]/)
          .map((part) => Buffer.from(part, 'base64url').toString('hex'))
          .join()
      if (bytes(changed) !== bytes(header)) expect([at, 'fault' in read(changed)]).toEqual([at, true])
    }
    expect(read(undefined)).toEqual({ fault: 'no VAPID token' })
    expect(read(header.replace(account.settings.publicKey, other.settings.publicKey))).toEqual({ fault: 'signature' })
  })
})

describe('the push service', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox.close())
  beforeEach(() => sandbox.clearFaults())

  const subscribe = async (body: object) => {
    const response = await fetch(`${sandbox.url}/web-push/subscriptions`, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, subscription: (await response.json()) as webpush.PushSubscription }
  }
  const subscribed = async (name: string) => (await subscribe({ name, applicationServerKey: account.settings.publicKey })).subscription
  interface Change {
    keys?: typeof account
    audience?: string
    headers?: Record<string, string | undefined>
    body?: Buffer
  }
  const push = async (subscription: webpush.PushSubscription, { keys = account, audience = sandbox.url, headers = {}, body }: Change = {}) => {
    const payload = JSON.stringify({ title: 'Hi', body: 'There', data: { throughline_message: 'm1' } })
    const details = webpush.generateRequestDetails(subscription, payload, { TTL: 60, topic: 'cart', urgency: 'low' })
    const authorization = webpush.getVapidHeaders(
      audience,
      keys.settings.subject,
      keys.settings.publicKey,
      keys.credentials.privateKey,
      'aes128gcm',
    ).Authorization
    const { 'Content-Length': _, ...rest } = details.headers as Record<string, string>
    const all = Object.entries({ ...rest, authorization, ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const given = { method: 'POST', headers: Object.fromEntries(all) as Record<string, string>, body: new Uint8Array(body ?? details.body) }
    const response = await fetch(subscription.endpoint, given)
    return [response.status, sandbox.log.entries().at(-1)?.code ?? null]
  }

  it('answers a subscription that is the same after a restart, and shows what it carried', async () => {
    const subscription = await subscribed('ada')
    expect(subscription).toEqual(await subscribed('ada'))
    expect(subscription.endpoint).toMatch(new RegExp(`^${sandbox.url}/web-push/messages/ada\\.[\\w-]{22}$`))
    expect(await push(subscription)).toEqual([201, null])
    const entry = sandbox.log.entries().at(-1)
    expect(entry).toMatchObject({
      provider: 'webpush',
      account: account.settings.publicKey,
      outcome: 'accepted',
      to: 'ada',
      messageId: 'm1',
      subject: 'Hi',
      text: 'There',
      payload: { title: 'Hi', body: 'There', data: { throughline_message: 'm1' } },
      headers: { ttl: '60', urgency: 'low', topic: 'cart' },
    })
    expect(entry?.providerMessageId).toMatch(/\/web-push\/receipts\/[0-9a-f-]{36}$/)
    expect(await (await fetch(`${sandbox.url}/`)).text()).toContain('<td>ada</td><td>Hi</td><td>There</td>')
  })

  it('refuses what a push service refuses', async () => {
    const subscription = await subscribed('ada')
    expect(await push(subscription, { headers: { authorization: undefined } })).toEqual([401, 'VAPID no VAPID token'])
    expect(await push(subscription, { audience: 'http://push.example' })).toEqual([403, 'VAPID aud'])
    // A sound signature, of somebody else.
    expect(await push(subscription, { keys: other })).toEqual([403, 'VAPID key'])
    expect(await push(subscription, { keys: { ...account, credentials: other.credentials } })).toEqual([403, 'VAPID signature'])
    expect(await push(subscription, { headers: { TTL: undefined } })).toEqual([400, 'TTL'])
    expect(await push(subscription, { headers: { TTL: '-1' } })).toEqual([400, 'TTL'])
    expect(await push(subscription, { headers: { Urgency: 'now' } })).toEqual([400, 'URGENCY'])
    expect(await push(subscription, { headers: { Topic: 'x'.repeat(33) } })).toEqual([400, 'TOPIC'])
    expect(await push(subscription, { headers: { 'Content-Encoding': undefined } })).toEqual([400, 'CONTENT_ENCODING'])
    expect(await push(subscription, { body: randomBytes(4_097) })).toEqual([413, 'TOO_LARGE'])
    expect(await push(subscription, { body: randomBytes(4_096) })).toEqual([400, 'UNREADABLE'])
    expect(await push({ ...(await subscribed('bob')), endpoint: subscription.endpoint })).toEqual([400, 'UNREADABLE'])
  })

  it('knows who has unsubscribed', async () => {
    const subscription = await subscribed('eve')
    expect(await push(subscription)).toEqual([201, null])
    expect((await fetch(subscription.endpoint, { method: 'DELETE' })).status).toBe(204)
    expect(await push(subscription)).toEqual([410, 'GONE'])
    expect(await push(await subscribed('unregistered-1'))).toEqual([410, 'GONE'])
  })

  it('subscribes nobody without a key, or under a name that is none', async () => {
    const key = account.settings.publicKey
    expect((await subscribe({})).status).toBe(400)
    expect((await subscribe({ applicationServerKey: 'short' })).status).toBe(400)
    expect((await subscribe({ applicationServerKey: key, name: 'a/b' })).status).toBe(400)
    expect((await subscribe({ applicationServerKey: key })).subscription.endpoint).toMatch(/\/[0-9a-f-]{36}\.[\w-]{22}$/)
  })
})
