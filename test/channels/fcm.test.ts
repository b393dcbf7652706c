import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ChannelAdapter } from '../../src/channels/channel.ts'
import { fcm } from '../../src/channels/fcm.ts'
import type { SendOutcome } from '../../src/domain/delivery.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const adapter = fcm as unknown as (options?: object) => ChannelAdapter
const CONTENT = { title: 'Your cart', body: 'Still there' }

contract({
  provider: 'fcm',
  adapter,
  address: 'ignorer-device-token-1',
  content: CONTENT,
  permanent: [
    {
      why: 'uninstalled',
      address: 'unregistered-device-1',
      outcome: { type: 'permanent', code: 'UNREGISTERED', message: 'The app is no longer installed on this device.', identity: 'UNREGISTERED' },
    },
    {
      why: 'another project',
      address: 'mismatch-device-1',
      outcome: { type: 'permanent', code: 'SENDER_ID_MISMATCH', message: 'The token belongs to another Firebase project.', identity: 'INVALID' },
    },
    {
      why: 'a malformed token',
      address: 'invalid-device-1',
      outcome: { type: 'permanent', code: 'INVALID_ARGUMENT message.token', message: 'The token is malformed.', identity: 'INVALID' },
    },
    {
      why: 'a payload too large, which says nothing of the token',
      content: { ...CONTENT, data: { a: 'x'.repeat(4_096) } },
      outcome: { type: 'permanent', code: 'PAYLOAD_TOO_LARGE', message: 'The payload is larger than 4096 bytes.' },
    },
    {
      why: 'a payload FCM does not like, which says nothing of the token',
      content: { ...CONTENT, data: { from: 'us' } },
      outcome: { type: 'permanent', code: 'INVALID_ARGUMENT', message: 'FCM refused the payload.' },
    },
    {
      why: 'a picture that is no URL, which the SDK refuses',
      content: { ...CONTENT, imageUrl: 'cat' },
      outcome: { type: 'permanent', code: 'INVALID_MESSAGE', message: expect.any(String) as string },
    },
  ],
  // Plain text, as a proxy answers: without FCM's own code it stays in doubt.
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

interface Scripted {
  status: number
  body: string
  headers?: Record<string, string>
}

/** What FCM is sent, and what the adapter makes of an answer of its own: tokens come from a sandbox, answers from the script. */
async function exchanged(content: JsonObject, platform: string | null, answer: Scripted): Promise<{ outcome: SendOutcome; message: unknown }> {
  const sandbox = await startSandbox()
  let given = ''
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', async () => {
      const body = Buffer.concat(chunks)
      if (incoming.url === '/token') {
        const token = await fetch(`${sandbox.url}/token`, { method: 'POST', body })
        response.writeHead(token.status).end(await token.text())
      } else {
        given = body.toString()
        response.writeHead(answer.status, answer.headers).end(answer.body)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sender = adapter().connect(sandboxConnection('fcm', `http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  const outcome = await sender.send({ ...outgoing(adapter(), 'device-token-1', content), id: '0197f000-0000-8007-8000-000000000001', platform })
  await sender.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await sandbox.close()
  return { outcome, message: (JSON.parse(given) as { message: unknown }).message }
}

describe('the push FCM is given', () => {
  const given = async (content: JsonObject, platform: string | null) =>
    (await exchanged(content, platform, { status: 200, body: '{"name":"projects/p/messages/1"}' })).message

  it('carries our id and collapses on it, on both platforms where none is known', async () => {
    expect(await given(CONTENT, null)).toEqual({
      token: 'device-token-1',
      notification: CONTENT,
      data: { throughline_message: '0197f000-0000-8007-8000-000000000001' },
      android: { priority: 'high', notification: { tag: '0197f000-0000-8007-8000-000000000001' } },
      apns: {
        headers: { 'apns-priority': '10', 'apns-collapse-id': '0197f000-0000-8007-8000-000000000001' },
        payload: { aps: { sound: 'default' } },
      },
    })
  })

  it('has a block for the platform with rich media, deep link, key and time to live', async () => {
    const content = {
      ...CONTENT,
      imageUrl: 'https://a.example/1.png',
      deepLink: 'shop://cart',
      collapseKey: 'cart',
      ttl: 'PT30M',
      data: { cartId: 'c1' },
    }
    expect(await given(content, 'android')).toEqual({
      token: 'device-token-1',
      notification: { ...CONTENT, image: 'https://a.example/1.png' },
      data: { cartId: 'c1', deep_link: 'shop://cart', throughline_message: '0197f000-0000-8007-8000-000000000001' },
      android: { priority: 'high', collapse_key: 'cart', ttl: '1800s', notification: { tag: 'cart' } },
    })
    expect(await given({ ...content, ttl: 'PT0S' }, 'ios')).toMatchObject({
      apns: {
        headers: { 'apns-priority': '10', 'apns-collapse-id': 'cart', 'apns-expiration': '0' },
        payload: { aps: { sound: 'default', 'mutable-content': 1 } },
        fcmOptions: { image: 'https://a.example/1.png' },
      },
    })
  })
})

it('fills 4,096 bytes to the last, and nothing larger is sent', async () => {
  const of = (a: string) => exchanged({ ...CONTENT, data: { a } }, 'ios', { status: 200, body: '{"name":"projects/p/messages/1"}' })
  const { token: _, ...empty } = (await of('')).message as Record<string, unknown>
  const rest = 4_096 - Buffer.byteLength(JSON.stringify(empty))
  const { outcome, message } = await of(`${'x'.repeat(rest - 2)}ü`)
  const { token: __, ...full } = message as Record<string, unknown>
  expect([outcome.type, Buffer.byteLength(JSON.stringify(full))]).toEqual(['ok', 4_096])
  const sandbox = await startSandbox()
  const sender = adapter().connect(sandboxConnection('fcm', sandbox.url))
  const sent = outgoing(adapter(), 'ignorer-device-1', { ...CONTENT, data: { a: 'x'.repeat(4_096) } })
  expect(await sender.send(sent)).toMatchObject({ type: 'permanent', code: 'PAYLOAD_TOO_LARGE' })
  expect(sandbox.log.entries()).toEqual([])
  await sender.close()
  await sandbox.close()
})

describe("FCM's own words", () => {
  // Both as https://firebase.google.com/docs/cloud-messaging/error-codes shows them: of the token no field is named.
  it('tell a bad token from a bad payload, which have one code', async () => {
    const FCM_ERROR = { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'INVALID_ARGUMENT' }
    const told = async (message: string, details: object[]) => {
      const body = JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT', details } })
      return (await exchanged(CONTENT, null, { status: 400, body })).outcome
    }
    const token = { type: 'permanent', code: 'INVALID_ARGUMENT message.token', message: 'The token is malformed.', identity: 'INVALID' }
    expect(await told('The registration token is not a valid FCM registration token', [FCM_ERROR])).toEqual(token)
    const value = "Invalid value at 'message.data[0].value' (TYPE_STRING), 12"
    const violation = (field: string) => ({
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field, description: value }],
    })
    expect(await told(value, [violation('message.token')])).toEqual(token)
    const payload = { type: 'permanent', code: 'INVALID_ARGUMENT', message: 'FCM refused the payload.' }
    expect(await told(value, [violation('message.data[0].value')])).toEqual(payload)
    expect(await told('Message is too big', [FCM_ERROR])).toEqual(payload)
    expect(await told('The registration token is not a valid FCM registration token', [violation('message.data[0].value')])).toEqual(payload)
  })

  const said = async (status: number, errorCode: string | null, name: string, headers: Record<string, string> = {}) => {
    const details = errorCode === null ? [] : [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }]
    const body = JSON.stringify({ error: { code: status, message: 'theirs', status: name, details } })
    const { type, ...rest } = (await exchanged(CONTENT, null, { status, headers, body })).outcome
    return [type, 'code' in rest && rest.code, 'retryAfter' in rest ? rest.retryAfter : null]
  }

  it('decide the class, a Retry-After what UNAVAILABLE means', async () => {
    expect(await said(503, 'UNAVAILABLE', 'UNAVAILABLE')).toEqual(['ambiguous', 'UNAVAILABLE', null])
    expect(await said(503, 'UNAVAILABLE', 'UNAVAILABLE', { 'retry-after': '30' })).toEqual(['retry', 'UNAVAILABLE', 30_000])
    expect(await said(500, 'INTERNAL', 'INTERNAL')).toEqual(['ambiguous', 'INTERNAL', null])
    expect(await said(429, 'QUOTA_EXCEEDED', 'RESOURCE_EXHAUSTED')).toEqual(['retry', 'QUOTA_EXCEEDED', 60_000])
    expect(await said(401, 'THIRD_PARTY_AUTH_ERROR', 'UNAUTHENTICATED')).toEqual(['retry', 'THIRD_PARTY_AUTH_ERROR', 60_000])
    expect(await said(403, null, 'PERMISSION_DENIED')).toEqual(['retry', 'AUTH', 60_000])
    expect(await said(400, 'BRAND_NEW', 'FAILED_PRECONDITION')).toEqual(['permanent', 'BRAND_NEW', null])
  })

  it('that cannot be read leave a message in doubt', async () => {
    const outcome = async (body: string) => (await exchanged(CONTENT, null, { status: 200, body })).outcome
    expect(await outcome('<html>')).toMatchObject({ type: 'ambiguous', code: 'UNREADABLE' })
    expect(await outcome('{}')).toMatchObject({ type: 'ambiguous', code: 'UNREADABLE' })
  })
})
