import { sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

const { sendgrid, twilio, fcm } = sandboxCredentials('demo')
let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

async function post(
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(sandbox.url + path, { method: 'POST', headers, body })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

describe('the SendGrid stand-in', () => {
  const MAIL = {
    personalizations: [{ to: [{ email: 'ada@shop.example' }] }],
    from: { email: 'a@b.example' },
    subject: 'Hi',
    content: [
      { type: 'text/plain', value: 'x' },
      { type: 'text/html', value: 'x' },
    ],
  }
  const send = (mail: unknown, headers: Record<string, string> = {}) =>
    post(
      '/v3/mail/send',
      { authorization: `Bearer ${sendgrid.credentials.apiKey}`, 'content-type': 'application/json', ...headers },
      typeof mail === 'string' ? mail : JSON.stringify(mail),
    )

  it('accepts a sound mail with an id and no body', async () => {
    const answer = await send(MAIL)
    expect([answer.status, answer.body]).toEqual([202, {}])
    expect(answer.headers.get('x-message-id')).toMatch(/^\w{22}$/)
  })

  it.each([
    ['no key', {}, { authorization: '' }, 401, null],
    ["a key that is none of the sandbox's", {}, { authorization: `Bearer SG.${'a'.repeat(22)}.${'b'.repeat(43)}` }, 401, null],
    ['another type', {}, { 'content-type': 'text/plain' }, 415, null],
    ['nobody', { personalizations: [] }, {}, 400, 'personalizations'],
    [
      'a recipient without address',
      { personalizations: [{ to: [{ email: 'a@b.example' }, { name: 'x' }] }] },
      {},
      400,
      'personalizations.0.to.1.email',
    ],
    ['too many', { personalizations: [{ to: Array.from({ length: 1_001 }, () => ({ email: 'a@b.example' })) }] }, {}, 400, 'personalizations'],
    ['a file without a name', { attachments: [{ content: 'QUJD' }] }, {}, 400, 'attachments.0.filename'],
    ['a file that is no base64', { attachments: [{ filename: 'a', content: 'QUJ' }] }, {}, 400, 'attachments.0.content'],
    ['no sender', { from: { email: 'a' } }, {}, 400, 'from.email'],
    ['a sender that reads as a list', { from: { email: 'a@b.example', name: 'A, B' } }, {}, 400, 'from.name'],
    ['no subject', { subject: '' }, {}, 400, 'subject'],
    ['no content', { content: [] }, {}, 400, 'content'],
    ['an empty content', { content: [{ type: 'text/html', value: '' }] }, {}, 400, 'content.0.value'],
    ['plain text last', { content: MAIL.content.toReversed() }, {}, 400, 'content'],
    ['too many custom arguments', { custom_args: { a: 'x'.repeat(10_000) } }, {}, 400, 'custom_args'],
    ['a reserved header', { headers: { 'Reply-To': 'x' } }, {}, 400, 'headers'],
  ])('refuses %s', async (_what, change, headers, status, field) => {
    const answer = await send({ ...MAIL, ...change }, headers as Record<string, string>)
    expect([answer.status, (answer.body.errors as { field: unknown }[])[0]?.field]).toEqual([status, field])
  })

  it('refuses what is no mail at all, or 30 MB of one', async () => {
    expect((await send('{')).status).toBe(400)
    expect((await send({ ...MAIL, content: [{ type: 'text/html', value: 'x'.repeat(30 * 1024 * 1024) }] })).status).toBe(413)
  })
})

describe('the Twilio stand-in', () => {
  const { accountSid, authToken } = twilio.credentials
  const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` })
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`
  const send = (fields: Record<string, string>, headers: Record<string, string> = basic(accountSid, authToken)) =>
    post(
      path,
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      new URLSearchParams({ To: '+15551230004', From: '+15005550006', Body: 'x', ...fields }).toString(),
    )

  it('accepts a sound SMS as queued', async () => {
    const { status, body } = await send({})
    expect([status, body.status, body.to, body.date_sent, body.error_code]).toEqual([201, 'queued', '+15551230004', null, null])
    expect(body.sid).toMatch(/^SM[0-9a-f]{32}$/)
  })

  it.each([
    [20003, {}, basic(accountSid, 'wrong')],
    [20003, {}, basic(sandboxCredentials('other').twilio.credentials.accountSid, authToken)],
    [21604, { To: '' }, undefined],
    [21211, { To: '5551230004' }, undefined],
    [21603, { From: '' }, undefined],
    [21212, { From: 'SHOP!' }, undefined],
    [20404, { From: '', MessagingServiceSid: 'MG1' }, undefined],
    [21602, { Body: '' }, undefined],
    [21617, { Body: 'x'.repeat(1_601) }, undefined],
    [21609, { StatusCallback: 'not a url' }, undefined],
    [21612, { To: '+15005550002' }, undefined],
  ])('refuses with %i: %o', async (code, fields, headers) => {
    const { status, body } = await send(fields, headers)
    expect(body).toMatchObject({ code, status })
    expect(status).toBe(code === 20003 ? 401 : code === 20404 ? 404 : 400)
  })

  it('lists by number, to its own account only', async () => {
    await send({ To: '+15559990004' })
    const list = (headers: Record<string, string>) =>
      fetch(`${sandbox.url}${path}?To=%2B15559990004&PageSize=5`, { headers }).then(async (answer) => ({
        status: answer.status,
        body: (await answer.json()) as { messages?: { to: string }[] },
      }))
    expect((await list(basic(accountSid, authToken))).body.messages?.map(({ to }) => to)).toEqual(['+15559990004'])
    expect((await list(basic(accountSid, 'wrong'))).status).toBe(401)
  })
})

describe('the FCM stand-in', () => {
  const { projectId, clientEmail, privateKey } = fcm.credentials
  const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1_000)
  const CLAIMS = { iss: clientEmail, scope: 'https://www.googleapis.com/auth/firebase.messaging', aud: 'http://x/token', iat: now, exp: now + 60 }

  async function grant(claims: object, key = privateKey): Promise<{ status: number; token: unknown }> {
    const unsigned = `${segment({ alg: 'RS256' })}.${segment(claims)}`
    const assertion = `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString()
    const answer = await post('/token', { 'content-type': 'application/x-www-form-urlencoded' }, body)
    return { status: answer.status, token: answer.body.access_token }
  }

  async function push(message: unknown, project = projectId, token?: string): Promise<{ status: number; code: unknown }> {
    const bearer = token ?? String((await grant(CLAIMS)).token)
    const answer = await post(`/v1/projects/${project}/messages:send`, { authorization: `Bearer ${bearer}` }, JSON.stringify({ message }))
    const error = answer.body.error as { status: string; details: { errorCode?: string; fieldViolations?: { field: string }[] }[] } | undefined
    return {
      status: answer.status,
      code: error && (error.details.flatMap((each) => each.fieldViolations?.[0]?.field ?? [])[0] ?? error.details[0]?.errorCode ?? error.status),
    }
  }

  it('grants tokens for sound assertions alone', async () => {
    expect((await grant(CLAIMS)).status).toBe(200)
    for (const change of [
      { iss: 'somebody@gmail.com' },
      { scope: 'https://www.googleapis.com/auth/drive' },
      { aud: 'http://x/other' },
      { exp: now - 1 },
    ]) {
      expect((await grant({ ...CLAIMS, ...change })).status).toBe(400)
    }
    expect((await post('/token', {}, 'assertion=a.b.c')).status).toBe(400)
  })

  const MESSAGE = { token: 'device-token-1', notification: { title: 'a', body: 'b' }, data: { a: 'b' }, android: { ttl: '60s' } }
  it('accepts a sound push, and only with a token of its project', async () => {
    expect(await push(MESSAGE)).toEqual({ status: 200, code: undefined })
    expect(await push(MESSAGE, 'sandbox-other')).toEqual({ status: 401, code: 'UNAUTHENTICATED' })
    expect(await push(MESSAGE, projectId, 'ya29.made.up')).toEqual({ status: 401, code: 'UNAUTHENTICATED' })
  })

  it.each([
    [{ token: undefined }, 400, 'message'],
    [{ token: 'short' }, 400, 'INVALID_ARGUMENT'],
    [{ token: 'unregistered-1' }, 404, 'UNREGISTERED'],
    [{ token: 'mismatch-1' }, 403, 'SENDER_ID_MISMATCH'],
    [{ data: { from: 'x' } }, 400, 'message.data'],
    [{ data: { 'google.x': 'x' } }, 400, 'message.data'],
    [{ data: { a: 1 } }, 400, 'message.data'],
    [{ android: { ttl: '1h' } }, 400, 'message.android.ttl'],
    [{ apns: { headers: { 'apns-collapse-id': 'x'.repeat(65) } } }, 400, 'message.apns.headers'],
    [{ data: { a: 'x'.repeat(4_097) } }, 400, 'message'],
  ])('refuses %o', async (change, status, code) => {
    expect(await push({ ...MESSAGE, ...change })).toEqual({ status, code })
  })
})
