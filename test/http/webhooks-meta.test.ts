import { createHmac } from 'node:crypto'
import { request } from 'node:http'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { disableConnection } from '../../src/services/connections.ts'
import type { Caller, OpenConnection } from '../../src/services/context.ts'
import { newId } from '../../src/store/new-id.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const SIGNATURE = 'x-hub-signature-256'
const { credentials, settings } = sandboxCredentials('callbacks').meta

interface Hook {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: Buffer
}

let here: TestServices
let caller: Caller
let port: number
let connection: OpenConnection
let message: { id: string; contactId: string }
const http = Fastify()
beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  await http.register(webhookRoutes(here.services))
  await http.listen({ port: 0, host: '127.0.0.1' })
  port = (http.server.address() as { port: number }).port
  connection = await connected(here, caller, 'meta')
  message = await handedOver(here, caller, connection, null)
})
afterAll(async () => {
  await http.close()
  await here.close()
})

/** Bytes as they are, paths included. */
function ask({ method, path, headers, body }: Hook): Promise<{ status: number; body: string; type: string | undefined }> {
  return new Promise((done, fail) => {
    const length = method === 'POST' ? { 'content-length': body.length } : {}
    const sent = request({ host: '127.0.0.1', port, agent: false, method, path, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => done({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString(), type: answer.headers['content-type'] }))
    })
    sent.on('error', fail)
    sent.end(method === 'POST' ? body : undefined)
  })
}

/** As Meta signs it. */
function signed(value: object, field = 'messages', appSecret = credentials.appSecret): Hook {
  const metadata = { display_phone_number: '15005550006', phone_number_id: settings.phoneNumberId }
  const changes = [{ field, value: { messaging_product: 'whatsapp', metadata, ...value } }]
  const entry = [{ id: settings.businessAccountId, time: 1_750_000_000, changes }]
  const body = Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry }))
  const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
  return {
    method: 'POST',
    path: `/webhooks/meta/${connection.id}`,
    headers: { 'content-type': 'application/json', [SIGNATURE]: signature },
    body,
  }
}
const status = () => ({
  statuses: [{ id: `wamid.${newId()}`, status: 'delivered', timestamp: '1750000001', recipient_id: '1', biz_opaque_callback_data: message.id }],
})
const text = (from = '4915112345678') => ({
  messages: [{ from, id: `wamid.${newId()}`, timestamp: '1750000001', type: 'text', text: { body: 'STOP' } }],
})
const refused = { status: 403, body: expect.stringContaining('SIGNATURE_INVALID') as string }
const windows = async () => (await here.database.owner.query('SELECT 1 FROM whatsapp_window')).rows.length

describe('forgeries', () => {
  test('no byte of the body or of the signature may be another: 3,000 of them', async () => {
    const genuine = signed(text())
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('body', SIGNATURE), fc.nat(), fc.integer({ min: 1, max: 255 }), async (where, at, by) => {
        const bytes = Buffer.from(where === 'body' ? genuine.body : (genuine.headers[where] ?? ''))
        const index = at % bytes.length
        const old = bytes[index] ?? 0
        // In a header a printable character gives way to another one.
        bytes[index] = where === 'body' ? (old + by) % 256 : 0x21 + ((old - 0x21 + 1 + (by % 93)) % 94)
        const forged = where === 'body' ? { ...genuine, body: bytes } : { ...genuine, headers: { ...genuine.headers, [where]: bytes.toString() } }
        expect((await ask(forged)).status).toBe(403)
      }),
      { seed: 31, numRuns: 3_000 },
    )
    expect([await arrived(here), await windows()]).toEqual([[], 0])
  })

  test('nor may it be signed by another app, be unsigned, or be meant for another connection', async () => {
    const other = await here.workspace()
    const theirs = await connected(here, other, 'meta')
    const genuine = signed(text())
    const forged = [
      signed(text(), 'messages', sandboxCredentials('stranger').meta.credentials.appSecret),
      { ...genuine, headers: { 'content-type': 'application/json' } },
      { ...genuine, headers: { ...genuine.headers, [SIGNATURE]: '' } },
      { ...genuine, headers: { ...genuine.headers, [SIGNATURE]: (genuine.headers[SIGNATURE] ?? '').replace('sha256=', '') } },
      { ...genuine, path: `/webhooks/twilio_whatsapp/${connection.id}` },
      { ...genuine, path: `/webhooks/meta/${newId()}` },
    ]
    for (const each of forged) expect(await ask(each)).toMatchObject(refused)
    await disableConnection(here.services, other, theirs.id)
    expect(await ask({ ...genuine, path: `/webhooks/meta/${theirs.id}` })).toMatchObject(refused)
    expect([await arrived(here), await windows()]).toEqual([[], 0])
  })

  test('what an app’s secret signs for another of its numbers is taken and left alone', async () => {
    const metadata = { display_phone_number: '15005550006', phone_number_id: '100000000000000' }
    expect(await ask(signed({ ...text(), ...status(), metadata }))).toMatchObject({ status: 200, body: '{"accepted":0}' })
    expect([await arrived(here), await windows()]).toEqual([[], 0])
  })
})

test('valid ones survive being shuffled and repeated: each counts once, and one window opens', async () => {
  const hooks = [signed(status()), signed(text()), signed(text()), signed(status())]
  const answers = await Promise.all([...hooks, ...hooks.toReversed(), ...hooks].map(ask))
  expect(answers.map(({ body }) => body).sort()).toEqual([...Array(8).fill('{"accepted":0}'), ...Array(4).fill('{"accepted":1}')])
  expect((await arrived(here)).map(({ kind }) => kind).sort()).toEqual(['callback', 'callback', 'contact', 'inbound', 'inbound'])
  expect(await windows()).toBe(1)
})

describe('the question whether the address is ours', () => {
  const challenge = (query: Record<string, string>, path = `/webhooks/meta/${connection.id}`): Hook => ({
    method: 'GET',
    path: `${path}?${new URLSearchParams(query)}`,
    headers: {},
    body: Buffer.alloc(0),
  })
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': credentials.verifyToken, 'hub.challenge': '<b>1158201444</b>' }

  test('is answered to who knows the token, as plain text', async () => {
    expect(await ask(challenge(right))).toEqual({ status: 200, body: '<b>1158201444</b>', type: 'text/plain; charset=utf-8' })
  })

  test('and to nobody else, nor by a provider that does not ask it', async () => {
    const twilio = await connected(here, caller, 'twilio')
    for (const hook of [
      challenge({ ...right, 'hub.verify_token': 'x' }),
      challenge({ ...right, 'hub.mode': 'unsubscribe' }),
      challenge({}),
      challenge(right, `/webhooks/meta/${newId()}`),
      challenge(right, `/webhooks/twilio/${connection.id}`),
      challenge(right, `/webhooks/twilio/${twilio.id}`),
    ])
      expect(await ask(hook)).toMatchObject(refused)
  })
})
