import { createHmac, sign } from 'node:crypto'
import { request } from 'node:http'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { webhookRoutes } from '../../src/http/webhooks.ts'
import { sandboxCredentials, webhookKeyOf } from '../../src/sandbox/accounts.ts'
import { disableConnection } from '../../src/services/connections.ts'
import type { Caller } from '../../src/services/context.ts'
import { newId } from '../../src/store/new-id.ts'
import { arrived, connected, handedOver } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const SIGNATURE = 'x-twilio-email-event-webhook-signature'
const TIMESTAMP = 'x-twilio-email-event-webhook-timestamp'
const accounts = sandboxCredentials('callbacks')

interface Hook {
  path: string
  headers: Record<string, string>
  body: Buffer
}

let here: TestServices
let caller: Caller
let port: number
let sendgrid: { id: string; message: string }
let twilio: { id: string; message: string }
const http = Fastify()

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  await http.register(webhookRoutes(here.services))
  await http.listen({ port: 0, host: '127.0.0.1' })
  port = (http.server.address() as { port: number }).port
  const [mail, text] = [await connected(here, caller, 'sendgrid'), await connected(here, caller, 'twilio')]
  sendgrid = { id: mail.id, message: (await handedOver(here, caller, mail, 'their-1')).id }
  twilio = { id: text.id, message: (await handedOver(here, caller, text, 'SM1')).id }
})
afterEach(() => void vi.useRealTimers())
afterAll(async () => {
  await http.close()
  await here.close()
})

/** Bytes as they are, paths included: `fetch` would put them in order first. A socket each, since a path that is none costs it. */
function post({ path, headers, body }: Hook): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    const sent = request(
      { host: '127.0.0.1', port, agent: false, method: 'POST', path, headers: { ...headers, 'content-length': body.length } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => done({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      },
    )
    sent.on('error', fail)
    sent.end(body)
  })
}

const seconds = (offset = 0) => String(Math.floor(Date.now() / 1_000) + offset)

/** As SendGrid signs it. */
function fromSendgrid(events: object[], timestamp = seconds(), apiKey = accounts.sendgrid.credentials.apiKey): Hook {
  const body = Buffer.from(JSON.stringify(events))
  const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), body]), { key: webhookKeyOf(apiKey), dsaEncoding: 'der' }).toString(
    'base64',
  )
  return {
    path: `/webhooks/sendgrid/${sendgrid.id}`,
    headers: { 'content-type': 'application/json', [TIMESTAMP]: timestamp, [SIGNATURE]: signature },
    body,
  }
}

/** As Twilio signs it: the public URL, whatever host it came to, then the sorted parameters. */
function fromTwilio(fields: Record<string, string>, token = accounts.twilio.credentials.authToken): Hook {
  const path = `/webhooks/twilio/${twilio.id}?message=${twilio.message}`
  const signed = `https://api.example.com${path}${Object.keys(fields)
    .sort()
    .map((name) => name + fields[name])
    .join('')}`
  const signature = createHmac('sha1', token).update(signed).digest('base64')
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }
  return { path, headers, body: Buffer.from(new URLSearchParams(fields).toString()) }
}

const delivered = () => ({
  event: 'delivered',
  sg_event_id: newId(),
  throughline_message: sendgrid.message,
  email: 'ada@example.com',
  timestamp: 1_700_000_000,
})
const sent = () => ({ MessageSid: `SM${newId()}`, MessageStatus: 'delivered', To: '+14155550177', From: '+15005550006' })
const kept = async () => (await here.database.owner.query('SELECT 1 FROM unmatched_callback')).rows.length

/** The same hook with one byte of it another; of URL and headers one that may stand there. */
function spoil(hook: Hook, where: string, at: number, by: number): Hook {
  const bytes = Buffer.from(where === 'body' ? hook.body : where === 'path' ? hook.path : (hook.headers[where] ?? ''))
  const index = at % bytes.length
  const old = bytes[index] ?? 0
  // In headers and paths a printable character gives way to another one.
  bytes[index] = where === 'body' ? (old + 1 + (by % 255)) % 256 : 0x21 + ((old - 0x21 + 1 + (by % 93)) % 94)
  if (where === 'body') return { ...hook, body: bytes }
  return where === 'path' ? { ...hook, path: bytes.toString() } : { ...hook, headers: { ...hook.headers, [where]: bytes.toString() } }
}

describe('forgeries: no byte of a signed request may be another', () => {
  const SEED = { seed: 20, numRuns: 1_500 }
  /** A path that is no webhook's, or no path at all, does not come as far as a signature. */
  const refusals = (where: string) => (where === 'path' ? [400, 403, 404] : [403])

  test('SendGrid’s body, signature, timestamp and URL', async () => {
    const genuine = fromSendgrid([delivered()])
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('body', 'path', SIGNATURE, TIMESTAMP), fc.nat(), fc.nat(), async (where, at, by) => {
        const { status } = await post(spoil(genuine, where, at, by))
        expect(refusals(where)).toContain(status)
      }),
      SEED,
    )
    expect([await arrived(here), await kept()]).toEqual([[], 0])
    expect(await post(genuine)).toEqual({ status: 200, body: '{"accepted":1}' })
    expect((await arrived(here)).map(({ data }) => data.messageId)).toEqual([sendgrid.message])
  })

  test('Twilio’s body, signature and URL, query included', async () => {
    const genuine = fromTwilio(sent())
    const meaning = (hook: Hook) => JSON.stringify([...new URLSearchParams(hook.body.toString())].sort())
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('body', 'path', 'x-twilio-signature'), fc.nat(), fc.nat(), async (where, at, by) => {
        const forged = spoil(genuine, where, at, by)
        // `%2B` and `%2b` are one parameter to Twilio's scheme, which signs them decoded.
        fc.pre(where !== 'body' || meaning(forged) !== meaning(genuine))
        const { status } = await post(forged)
        expect(refusals(where)).toContain(status)
      }),
      SEED,
    )
    expect([await arrived(here), await kept()]).toEqual([[], 0])
    expect(await post(genuine)).toEqual({ status: 200, body: '{"accepted":1}' })
    expect((await arrived(here)).map(({ data }) => data.messageId)).toEqual([twilio.message])
  })

  test('nor may it be signed by somebody else, be unsigned, or be meant for another connection', async () => {
    const other = await here.workspace()
    const theirs = await connected(here, other, 'sendgrid')
    const stranger = sandboxCredentials('stranger')
    const mail = fromSendgrid([delivered()])
    const text = fromTwilio(sent())
    const forged: Hook[] = [
      fromSendgrid([delivered()], seconds(), stranger.sendgrid.credentials.apiKey),
      fromTwilio(sent(), stranger.twilio.credentials.authToken),
      { ...mail, headers: { 'content-type': 'application/json' } },
      { ...mail, headers: { ...mail.headers, [SIGNATURE]: '' } },
      { ...text, headers: {} },
      { ...text, path: text.path.replace(/\?.*/, '') },
      { ...text, path: `${text.path}&x=1` },
      { ...mail, path: `/webhooks/twilio/${sendgrid.id}` },
      { ...mail, path: `/webhooks/sendgrid/${twilio.id}` },
      { ...mail, path: `/webhooks/fcm/${sendgrid.id}` },
      { ...mail, path: `/webhooks/nobody/${sendgrid.id}` },
      { ...mail, path: `/webhooks/sendgrid/${newId()}` },
      { ...mail, path: `/webhooks/sendgrid/${sendgrid.id.toUpperCase()}` },
    ]
    const answers = await Promise.all(forged.map(post))
    const refusal = {
      status: 403,
      body: '{"error":{"code":"SIGNATURE_INVALID","message":"A webhook was not signed by the provider it claims to come from."}}',
    }
    expect(answers).toEqual(forged.map(() => refusal))
    // Once a connection is disabled its webhooks are like those of one that never was.
    await disableConnection(here.services, other, theirs.id)
    expect(await post({ ...mail, path: `/webhooks/sendgrid/${theirs.id}` })).toEqual(refusal)
    expect([await arrived(here), await kept()]).toEqual([[], 0])
  })
})

describe('replays', () => {
  test('SendGrid’s are refused once SendGrid has given up repeating them, a day later, and from ten minutes in advance', async () => {
    const now = Date.parse('2026-03-01T12:00:00Z')
    vi.useFakeTimers({ toFake: ['Date'], now })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: -200_000, max: 100_000 }), fc.integer({ min: 595, max: 605 }), fc.integer({ min: -90_005, max: -89_995 })),
        async (offset) => {
          const { status } = await post(fromSendgrid([], seconds(offset)))
          expect([offset, status]).toEqual([offset, offset >= -90_000 && offset <= 600 ? 200 : 403])
        },
      ),
      { seed: 21, numRuns: 200 },
    )
    const hook = fromSendgrid([delivered()])
    vi.setSystemTime(now + 90_000_001)
    expect((await post(hook)).status).toBe(403)
    expect(await arrived(here)).toEqual([])
  })

  test('within the time they change nothing', async () => {
    for (const hook of [fromSendgrid([delivered()]), fromTwilio(sent())]) {
      const answers = await Promise.all([post(hook), post(hook), post(hook)])
      expect(answers.map(({ body }) => body).sort()).toEqual(['{"accepted":0}', '{"accepted":0}', '{"accepted":1}'])
      expect((await arrived(here)).length).toBe(1)
    }
  })
})

describe('what is validly signed is never refused', () => {
  test.each([
    ['nothing', []],
    ['an unknown kind', [{ event: 'teleported', sg_event_id: 'x' }]],
    ['no event at all', [null, 7, 'x', []]],
    ['an event without an id', [{ event: 'open' }]],
  ])('%s', async (_, events) => {
    expect(await post(fromSendgrid(events as object[]))).toEqual({ status: 200, body: '{"accepted":0}' })
    expect([await arrived(here), await kept()]).toEqual([[], 0])
  })

  test('about a message nobody knows: kept', async () => {
    expect((await post(fromSendgrid([{ event: 'open', sg_event_id: 'e9', sg_message_id: 'nobody’s.x' }]))).status).toBe(200)
    expect([await arrived(here), await kept()]).toEqual([[], 1])
    await here.database.owner.query('DELETE FROM unmatched_callback')
  })

  test('of any content type, or none', async () => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', undefined]) {
      const { 'content-type': _, ...headers } = fromSendgrid([delivered()]).headers
      const hook = fromSendgrid([delivered()])
      const { [SIGNATURE]: signature = '', [TIMESTAMP]: timestamp = '' } = hook.headers
      const answer = await post({
        ...hook,
        headers: { ...headers, ...(type ? { 'content-type': type } : {}), [SIGNATURE]: signature, [TIMESTAMP]: timestamp },
      })
      expect([type, answer.status]).toEqual([type, 200])
    }
    expect((await arrived(here)).length).toBe(3)
  })

  test('but four megabytes is the most, signed or not', async () => {
    const event = { ...delivered(), pad: 'x'.repeat(4 * 1024 * 1024) }
    expect((await post(fromSendgrid([event]))).status).toBe(413)
    expect((await post(fromSendgrid([{ ...event, pad: 'x'.repeat(4 * 1024 * 1024 - 1_000) }]))).status).toBe(200)
    expect((await arrived(here)).length).toBe(1)
  })
})
