import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { startReceiver } from '../support/receiver.ts'

const { apiKey } = sandboxCredentials().sendgrid.credentials
const { accountSid } = sandboxCredentials().twilio.credentials
const { phoneNumberId } = sandboxCredentials().meta.settings

let running: Sandbox | undefined
afterEach(() => running?.close())

async function start(options?: SandboxOptions): Promise<Sandbox> {
  running = await startSandbox(options)
  return running
}

function mail(sandbox: Sandbox, id: string, to: string): Promise<Response> {
  return fetch(`${sandbox.url}/v3/mail/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      personalizations: [{ to: [{ email: to }] }],
      from: { email: 'a@b.example' },
      subject: 'Hi <b>',
      content: [{ type: 'text/html', value: '<script>x</script>' }],
      custom_args: { throughline_message: id },
    }),
  })
}

async function ask(sandbox: Sandbox, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(sandbox.url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  return { status: response.status, body: await response.json() }
}

describe('the sandbox', () => {
  it('keeps an append-only log in memory and in a file that survives it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sandbox-'))
    const file = join(directory, 'log.jsonl')
    const first = await start({ log: { file, keep: 2 } })
    for (let i = 1; i <= 5; i++) await mail(first, `m${i}`, 'ignorer@shop.example')
    expect(first.log.entries().map(({ messageId }) => messageId)).toEqual(['m4', 'm5'])
    expect(first.log.entries(5)).toMatchObject([{ seq: 5, provider: 'sendgrid', outcome: 'accepted', to: 'ignorer@shop.example', subject: 'Hi <b>' }])
    expect(first.log.counts()).toEqual({ accepted: 5, refused: 0, lost: 0 })
    await first.close()
    const second = await start({ log: { file } })
    await mail(second, 'm6', 'nobody')
    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { messageId: string; outcome: string })
    expect(lines.map(({ messageId, outcome }) => `${messageId} ${outcome}`)).toEqual([
      'm1 accepted',
      'm2 accepted',
      'm3 accepted',
      'm4 accepted',
      'm5 accepted',
      'm6 refused',
    ])
    await rm(directory, { recursive: true })
  })

  it('is ruled from another process over its own door', async () => {
    const receiver = await startReceiver()
    const sandbox = await start({ pause: 1 })
    const door = (method: string, name: string, body?: unknown) => ask(sandbox, method, `/_sandbox/${name}`, body)
    await door('POST', 'connections', { provider: 'sendgrid', account: apiKey, callbackUrl: `${receiver.url}/sendgrid` })
    await door('POST', 'connections', { provider: 'twilio', account: accountSid, callbackUrl: `${receiver.url}/twilio` })
    await door('POST', 'connections', { provider: 'meta', account: phoneNumberId, callbackUrl: `${receiver.url}/meta` })
    await door('POST', 'personas', { 'ada@shop.example': 'bouncer' })
    await mail(sandbox, 'm1', 'ada@shop.example')
    await sandbox.settled()
    expect(
      receiver.requests
        .flatMap(({ body }) => JSON.parse(String(body)) as { event: string }[])
        .map(({ event }) => event)
        .sort(),
    ).toEqual(['bounce', 'processed'])
    receiver.requests.length = 0
    expect((await door('POST', 'reactions', { messageId: 'm1', reaction: 'click' })).status).toBe(200)
    expect((await door('POST', 'reactions', { messageId: 'm2', reaction: 'click' })).status).toBe(404)
    await door('POST', 'inbound', { account: accountSid, from: '+15551230000', to: '+15005550006', text: 'Hello' })
    expect((await door('POST', 'preferences', { account: phoneNumberId, from: '+15551230000', value: 'stop' })).status).toBe(200)
    await sandbox.settled()
    expect(receiver.requests.map(({ url }) => url.slice(receiver.url.length)).sort()).toEqual(['/meta', '/sendgrid', '/twilio'])
    await door('POST', 'faults', { kind: 'status', status: 429, retryAfter: 3, times: 1 })
    const refused = await mail(sandbox, 'm3', 'ada@shop.example')
    expect([refused.status, refused.headers.get('retry-after'), (await mail(sandbox, 'm3', 'ada@shop.example')).status]).toEqual([429, '3', 202])
    expect((await door('GET', 'counts')).body).toEqual({ accepted: 2, refused: 0, lost: 1 })
    expect((await door('GET', 'log?since=2')).body).toMatchObject([
      { seq: 2, messageId: 'm3', outcome: 'lost', fault: 'status' },
      { seq: 3, outcome: 'accepted' },
    ])
    await receiver.close()
  })

  it('refuses nonsense at its door, and knows no other', async () => {
    const sandbox = await start()
    for (const [name, body] of [
      ['faults', { kind: 'flood' }],
      ['connections', { provider: 'pigeon', account: 'a', callbackUrl: 'b' }],
      ['faults', 7],
      ['preferences', { account: phoneNumberId, from: '+15551230000', value: 'pause' }],
    ] as const) {
      expect((await ask(sandbox, 'POST', `/_sandbox/${name}`, body)).status).toBe(400)
    }
    expect((await ask(sandbox, 'POST', '/_sandbox/windows', {})).status).toBe(404)
    expect((await fetch(`${sandbox.url}/v3/other`)).status).toBe(404)
  })

  it('shows people what they received, as text', async () => {
    const sandbox = await start()
    await mail(sandbox, 'm1', 'ignorer@shop.example')
    const page = await (await fetch(sandbox.url)).text()
    expect(page).toContain('<td>ignorer@shop.example</td><td>Hi &lt;b&gt;</td>')
    expect(page).not.toContain('<script>')
  })

  it('strikes the same requests in every run of a seed', async () => {
    const statuses = async (seed: string) => {
      const sandbox = await startSandbox({ seed })
      sandbox.fault({ kind: 'status', status: 503, rate: 0.5 })
      const found: number[] = []
      for (let i = 0; i < 20; i++) found.push((await mail(sandbox, `m${i}`, 'ignorer@shop.example')).status)
      await sandbox.close()
      return found.join(' ')
    }
    const [one, again, other] = [await statuses('a'), await statuses('a'), await statuses('b')]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
    expect(new Set(one.split(' '))).toEqual(new Set(['503', '202']))
  })
})
