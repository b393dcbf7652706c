import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Verification } from '../../src/domain/incoming-webhook.ts'
import { incomingRoutes } from '../../src/http/incoming.ts'
import type { Caller } from '../../src/services/context.ts'
import { changeIncomingSecret, createIncoming, deleteIncoming, listIncoming, updateIncoming } from '../../src/services/webhooks-incoming.ts'
import { signatureHeaders } from '../../src/services/webhooks-signature.ts'
import { arrived } from '../support/callbacks.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
const http = Fastify()

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  await http.register(incomingRoutes(here.services))
  await http.ready()
})
beforeEach(() => arrived(here))
afterAll(async () => {
  await http.close()
  await here.close()
})

interface Own {
  id: string
  path: string
  secret: string
  verification: Verification
}

const MAPPING = { eventName: 'order.paid', contactKind: 'EXTERNAL_ID', contactPath: 'body.customer', idPath: 'body.id' }
async function webhook(verification: Verification, over: object = {}): Promise<Own> {
  const header = verification === 'HMAC_SHA256' ? 'X-Signature' : null
  const { webhook, secret } = await createIncoming(here.services, caller, { name: 'Shop', verification, header, mapping: { ...MAPPING, ...over } })
  return { id: webhook.id, path: new URL(webhook.url).pathname, secret: secret ?? '', verification }
}

interface Sent {
  headers: Record<string, string>
  body: string | Buffer
}
const order = (over: object = {}) => JSON.stringify({ id: 'evt-1', customer: 'ada', total: 12.5, ...over })
let serial = 0
/** The request as its sender would make it. */
function genuine({ verification, secret }: Own, body = order(), id = `msg-${serial++}`, at = Date.now()): Sent {
  const type = { 'content-type': 'application/json' }
  if (verification === 'STANDARD') return { headers: { ...type, ...signatureHeaders([secret], id, at, body) }, body }
  if (verification === 'BEARER') return { headers: { ...type, authorization: `Bearer ${secret}` }, body }
  return { headers: { ...type, 'x-signature': createHmac('sha256', secret).update(body).digest('hex') }, body }
}
async function post(path: string, { headers, body }: Sent): Promise<[status: number, answer: unknown]> {
  const answer = await http.inject({ method: 'POST', url: path, headers, payload: body })
  return [answer.statusCode, answer.json()]
}
const REFUSED = [403, { error: { code: 'SIGNATURE_INVALID', message: expect.any(String) } }]
const problem = async (id: string) => (await listIncoming(here.services, caller)).find((row) => row.id === id)?.lastProblem ?? null

describe.each(['STANDARD', 'HMAC_SHA256', 'BEARER'] as const)('by %s', (verification) => {
  test('a genuine request becomes an event of its contact, committed before it is answered', async () => {
    const own = await webhook(verification)
    expect(await post(own.path, genuine(own))).toEqual([200, { accepted: 1 }])
    expect(await arrived(here)).toMatchObject([
      {
        kind: 'event',
        reference: 'external:ada',
        data: { name: 'order.paid', properties: { id: 'evt-1', customer: 'ada', total: 12.5 }, occurredAt: null },
      },
    ])
  })

  test('the same one again is answered, and changes nothing', async () => {
    const own = await webhook(verification)
    const sent = genuine(own)
    expect(await post(own.path, sent)).toEqual([200, { accepted: 1 }])
    expect(await Promise.all([post(own.path, sent), post(own.path, sent)])).toEqual(Array(2).fill([200, { accepted: 0 }]))
    expect(await arrived(here)).toHaveLength(1)
  })

  test('another webhook’s ids are its own', async () => {
    const [one, two] = [await webhook(verification), await webhook(verification)]
    expect([await post(one.path, genuine(one, order(), 'same')), await post(two.path, genuine(two, order(), 'same'))]).toEqual(
      Array(2).fill([200, { accepted: 1 }]),
    )
  })

  test('nothing that somebody else made is taken', async () => {
    const [own, other] = [await webhook(verification), await webhook(verification)]
    const sent = genuine(own)
    expect(await post(own.path, { ...sent, headers: { 'content-type': 'application/json' } })).toEqual(REFUSED)
    expect(await post(own.path, genuine({ ...own, secret: other.secret }))).toEqual(REFUSED)
    expect(await post(other.path, sent)).toEqual(REFUSED)
    expect(await post('/in/AAAAAAAAAAAAAAAAAAAAAAAA', sent)).toEqual(REFUSED)
    expect(await post(`${own.path}x`, sent)).toEqual(REFUSED)
    expect(await arrived(here)).toEqual([])
  })

  test('a disabled, a deleted and a re-keyed one refuse what they took', async () => {
    const own = await webhook(verification)
    await updateIncoming(here.services, caller, { id: own.id, enabled: false })
    expect(await post(own.path, genuine(own))).toEqual(REFUSED)
    await updateIncoming(here.services, caller, { id: own.id, enabled: true })
    expect((await post(own.path, genuine(own)))[0]).toBe(200)
    const { secret } = await changeIncomingSecret(here.services, caller, { id: own.id })
    expect(await post(own.path, genuine(own))).toEqual(REFUSED)
    expect((await post(own.path, genuine({ ...own, secret: secret ?? '' })))[0]).toBe(200)
    await deleteIncoming(here.services, caller, own.id)
    expect(await post(own.path, genuine({ ...own, secret: secret ?? '' }))).toEqual(REFUSED)
  })
})

describe('forged', () => {
  test('every bit of a signed request counts', async () => {
    for (const verification of ['STANDARD', 'HMAC_SHA256'] as const) {
      const own = await webhook(verification)
      const sent = genuine(own, '{"customer":"a"}')
      const bytes = Buffer.from(sent.body)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await post(own.path, { ...sent, body: flipped })).toEqual(REFUSED)
      }
      for (let length = 0; length < bytes.length; length++)
        expect(await post(own.path, { ...sent, body: bytes.subarray(0, length) })).toEqual(REFUSED)
    }
    expect(await arrived(here)).toEqual([])
  })

  test('three thousand of them are refused, and none is a fault', async () => {
    const own = [await webhook('STANDARD'), await webhook('HMAC_SHA256'), await webhook('BEARER')] as const
    const header = fc.stringMatching(/^[\x20-\x7e]{0,80}$/)
    const forgery = fc.record({
      which: fc.constantFrom(...own),
      id: header,
      timestamp: fc.oneof(header, fc.constant(String(Math.floor(Date.now() / 1000)))),
      signature: fc.oneof(
        header,
        fc.base64String({ minLength: 44, maxLength: 44 }).map((text) => `v1,${text}`),
      ),
      authorization: fc.oneof(
        header,
        header.map((text) => `Bearer ${text}`),
      ),
      body: fc.uint8Array({ maxLength: 200 }),
    })
    await fc.assert(
      fc.asyncProperty(forgery, async ({ which, id, timestamp, signature, authorization, body }) => {
        const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature, 'x-signature': signature, authorization }
        expect(await post(which.path, { headers, body: Buffer.from(body) })).toEqual(REFUSED)
      }),
      { numRuns: 3_000 },
    )
    expect(await arrived(here)).toEqual([])
  })

  test('one that is five minutes old is a replay, whether it was taken before or not', async () => {
    const own = await webhook('STANDARD')
    expect(await post(own.path, genuine(own, order(), 'old', Date.now() - 301_000))).toEqual(REFUSED)
    expect(await post(own.path, genuine(own, order(), 'early', Date.now() + 302_000))).toEqual(REFUSED)
    expect((await post(own.path, genuine(own, order(), 'late', Date.now() - 290_000)))[0]).toBe(200)
  })

  test('one with the signature of another id, or of another time, is none', async () => {
    const own = await webhook('STANDARD')
    const sent = genuine(own)
    expect(await post(own.path, { ...sent, headers: { ...sent.headers, 'webhook-id': 'another' } })).toEqual(REFUSED)
    expect(await post(own.path, { ...sent, headers: { ...sent.headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 1) } })).toEqual(
      REFUSED,
    )
  })
})

describe('signatures', () => {
  test.each([
    ['hexadecimal', (mac: Buffer) => mac.toString('hex')],
    ['capitals', (mac: Buffer) => mac.toString('hex').toUpperCase()],
    ['base64', (mac: Buffer) => mac.toString('base64')],
    ['as GitHub writes them', (mac: Buffer) => `sha256=${mac.toString('hex')}`],
  ])('of HMAC_SHA256 may be in %s', async (_how, write) => {
    const own = await webhook('HMAC_SHA256')
    const mac = createHmac('sha256', own.secret).update(order()).digest()
    expect((await post(own.path, { headers: { 'content-type': 'application/json', 'X-Signature': write(mac) }, body: order() }))[0]).toBe(200)
    expect(await post(own.path, { headers: { 'x-signature': write(mac).slice(0, -1) }, body: order() })).toEqual(REFUSED)
  })

  test('are made with the sender’s own secret where it has one', async () => {
    const secret = `whsec_${randomBytes(24).toString('base64')}`
    const made = await createIncoming(here.services, caller, { name: 'Shop', verification: 'STANDARD', secret, mapping: MAPPING })
    expect(made.secret).toBeNull()
    const own: Own = { id: made.webhook.id, path: new URL(made.webhook.url).pathname, secret, verification: 'STANDARD' }
    expect((await post(own.path, genuine(own)))[0]).toBe(200)
  })
})

describe('what is genuine and no event', () => {
  test.each([
    ['not JSON', '{', 'the body is neither JSON nor a form'],
    ['nobody’s', '{"id":"1"}', 'there is no contact at body.customer'],
    ['too deep', order({ deep: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) }), 'must not be nested deeper than 10'],
    ['not to be kept', order({ text: '\u0000' }), 'half a surrogate pair'],
  ])('because it is %s is answered, and remembered for who set it up', async (_why, body, words) => {
    const own = await webhook('BEARER')
    expect(await post(own.path, genuine(own, body))).toEqual([200, { accepted: 0 }])
    expect(await problem(own.id)).toContain(words)
    expect(await arrived(here)).toEqual([])
    await updateIncoming(here.services, caller, { id: own.id, mapping: MAPPING })
    expect(await problem(own.id)).toBeNull()
  })

  test('because it is too large is refused before it is read', async () => {
    const own = await webhook('BEARER')
    const answer = await http.inject({ method: 'POST', url: own.path, headers: genuine(own).headers, payload: Buffer.alloc(1_048_577, 32) })
    expect(answer.statusCode).toBe(413)
  })
})

describe('a mapping', () => {
  const taken = async (over: object, sent: (own: Own) => Sent) => {
    const { eventName: _, ...rest } = MAPPING
    const own = await createIncoming(here.services, caller, {
      name: 'Any',
      verification: 'BEARER',
      mapping: { ...('eventNamePath' in over ? rest : MAPPING), ...over },
    })
    const made: Own = { id: own.webhook.id, path: new URL(own.webhook.url).pathname, secret: own.secret ?? '', verification: 'BEARER' }
    expect(await post(made.path, sent(made))).toEqual([200, { accepted: 1 }])
    return (await arrived(here))[0]
  }

  test('takes the name from a header, and the time from the body', async () => {
    const over = { eventNamePath: 'headers.x-event', occurredAtPath: 'body.at', contactKind: 'ANONYMOUS_ID' }
    const item = await taken(over, (own) => {
      const sent = genuine(own, order({ at: '2025-06-15T12:00:00Z' }))
      return { ...sent, headers: { ...sent.headers, 'x-event': 'pushed' } }
    })
    expect(item).toMatchObject({ reference: 'anonymous:ada', data: { name: 'pushed', occurredAt: 1_749_988_800_000 } })
  })

  test('reads a form as well', async () => {
    const item = await taken({}, (own) => ({
      headers: { ...genuine(own).headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'id=7&customer=grace&note=a+b%26c',
    }))
    expect(item).toMatchObject({ reference: 'external:grace', data: { properties: { id: '7', customer: 'grace', note: 'a b&c' } } })
  })

  test('without an id takes every request for news', async () => {
    const own = await webhook('BEARER', { idPath: undefined })
    const sent = genuine(own)
    expect([await post(own.path, sent), await post(own.path, sent)]).toEqual(Array(2).fill([200, { accepted: 1 }]))
  })
})
