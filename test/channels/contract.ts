import { type AddressInfo, createServer, connect as dial } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Connection, Sender } from '../../src/channels/channel.ts'
import type { TransportOptions } from '../../src/channels/http.ts'
import type { OutgoingMessage, SendOutcome } from '../../src/domain/delivery.ts'
import { derivedId } from '../../src/domain/ids.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { type SandboxProvider, sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import type { Fault } from '../../src/sandbox/faults.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

export interface ContractSubject {
  /** Those that speak HTTP; SMTP keeps the same promises in smtp.test.ts. */
  provider: Exclude<SandboxProvider, 'smtp'>
  adapter: (options?: TransportOptions) => ChannelAdapter
  /** Sound for this channel; the sandbox's reader of it does nothing unusual. */
  address: string
  /** Whom the sandbox's log names as its reader, where that is not the address itself. */
  reader?: string
  content: JsonObject
  /** Addresses and contents that will never work, and what the adapter must make of the answer. */
  permanent: readonly { why: string; address?: string; content?: JsonObject; outcome: SendOutcome }[]
  /** Of a 503 with Retry-After: 2. */
  turnedAway: SendOutcome
}

/** A connection of the sandbox account `name`. */
export function sandboxConnection(
  provider: ContractSubject['provider'],
  baseUrl: string,
  callbackUrl = 'http://127.0.0.1:9/none',
  name = 'demo',
): Connection {
  const { credentials, settings } = sandboxCredentials(name)[provider]
  return {
    id: `connection-${name}`,
    workspaceId: 'workspace',
    provider,
    baseUrl,
    callbackUrl,
    credentials: { ...credentials },
    settings: { ...settings },
  }
}

let made = 0
export function outgoing(adapter: ChannelAdapter, address: string, content: JsonObject): OutgoingMessage {
  made += 1
  return {
    id: derivedId(1_750_000_000_000, 7, 'contract', String(made)),
    workspaceId: 'workspace',
    attempt: 1,
    channel: adapter.channel,
    purpose: 'PROMOTIONAL',
    address,
    platform: null,
    content,
    unsubscribeUrl: 'https://t.example/u/1',
  }
}

/** What every adapter owes, whatever its provider. `wire` counts requests by the sandbox's log: one attempt, one request. */
export function contract(subject: ContractSubject): void {
  const { provider, address, content } = subject

  describe(`${provider} keeps the contract`, () => {
    let sandbox: Sandbox
    let sender: Sender
    let hasty: Sender
    const adapter = subject.adapter()

    const wire = (id: string) =>
      sandbox.log
        .entries()
        .filter(({ messageId }) => messageId === id)
        .map(({ outcome }) => outcome)
    const sound = () => outgoing(adapter, address, content)

    beforeAll(async () => {
      sandbox = await startSandbox({ callbacks: { attempts: 1 } })
      sender = adapter.connect(sandboxConnection(provider, sandbox.url))
      // Time enough for a sound exchange on a machine that is busy with other tests; the two that take all of it run side by side.
      hasty = subject.adapter({ timeout: 2_500 }).connect(sandboxConnection(provider, sandbox.url))
      // So that no later test counts the opening of a session.
      expect((await hasty.send(sound())).type).toBe('ok')
    })
    afterAll(async () => {
      await Promise.all([sender.close(), hasty.close()])
      await sandbox.close()
    })
    beforeEach(() => {
      sandbox.clearFaults()
    })

    it('accepts its sandbox account by its own shapes and refuses a stranger to them', () => {
      const { credentials, settings } = sandboxConnection(provider, sandbox.url)
      const faults: string[] = []
      const report = (path: readonly string[]) => {
        faults.push(path.join('.'))
      }
      expect(adapter.credentials.parse(credentials, [], report)).toEqual(credentials)
      expect(adapter.settings.parse(settings, [], report)).toEqual(settings)
      expect(faults).toEqual([])
      expect(adapter.credentials.parse({}, [], report)).toBeUndefined()
      expect(faults.sort()).toEqual(Object.keys(credentials).sort())
    })

    it('reports the id under which the provider accepted', async () => {
      const message = sound()
      const outcome = await sender.send(message)
      const entry = sandbox.log.entries().find(({ messageId }) => messageId === message.id)
      expect(outcome).toEqual({ type: 'ok', providerMessageId: entry?.providerMessageId })
      expect(entry).toMatchObject({ provider, outcome: 'accepted', to: subject.reader ?? address })
      expect(wire(message.id)).toEqual(['accepted'])
    })

    const ambiguous = { type: 'ambiguous' as const, code: expect.any(String) as string, message: expect.any(String) as string }
    const retry = { ...ambiguous, type: 'retry' as const }
    const faults: [string, Fault, object, string[]][] = [
      ['503', { kind: 'status', status: 503 }, ambiguous, ['lost']],
      ['500', { kind: 'status', status: 500 }, ambiguous, ['lost']],
      ['503 for a message that was taken', { kind: 'status', status: 503, accept: true }, ambiguous, ['accepted']],
      ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: 2 }, subject.turnedAway, ['lost']],
      ['429', { kind: 'status', status: 429 }, { ...retry, code: 'RATE_LIMITED' }, ['lost']],
      ['429 with seconds', { kind: 'status', status: 429, retryAfter: 7 }, { ...retry, code: 'RATE_LIMITED', retryAfter: 7_000 }, ['lost']],
      ['429 with a past date', { kind: 'status', status: 429, retryAfter: 'Fri, 21 Nov 2014 01:00:00 GMT' }, { ...retry, retryAfter: 0 }, ['lost']],
      ['401', { kind: 'status', status: 401 }, { ...retry, code: 'AUTH', retryAfter: 60_000 }, ['lost']],
      ['403', { kind: 'status', status: 403 }, { ...retry, code: 'AUTH', retryAfter: 60_000 }, ['lost']],
      ['an unknown status', { kind: 'status', status: 418 }, { ...ambiguous, type: 'permanent', code: 'HTTP_418' }, ['lost']],
      ['a redirect', { kind: 'status', status: 307 }, { ...ambiguous, type: 'permanent', code: 'HTTP_307' }, ['lost']],
      ['a reset before it was accepted', { kind: 'reset-before' }, ambiguous, ['lost']],
      ['a reset after it was accepted', { kind: 'reset-after' }, ambiguous, ['accepted']],
      ['half a body', { kind: 'half-body' }, ambiguous, ['accepted']],
    ]
    it.each(faults)('makes one request and the right class of %s', async (_name, fault, outcome, seen) => {
      sandbox.fault({ ...fault, provider })
      const message = sound()
      expect(await sender.send(message)).toEqual(outcome)
      // The next one uses what sockets are left: nothing of the faulty exchange may leak into it, nor go out again.
      sandbox.clearFaults()
      expect((await sender.send(sound())).type).toBe('ok')
      expect(wire(message.id)).toEqual(seen)
    })

    it('gives up on an answer that hangs and on one that drips, once', async () => {
      for (const kind of ['hang', 'drip'] as const) sandbox.fault({ kind, provider, times: 1 })
      const messages = [sound(), sound()]
      const late = { ...ambiguous, code: 'TIMEOUT' }
      expect(await Promise.all(messages.map((message) => hasty.send(message)))).toEqual([late, late])
      expect((await hasty.send(sound())).type).toBe('ok')
      // Whichever came first was left hanging.
      expect(messages.map(({ id }) => wire(id)).sort()).toEqual([['accepted'], ['lost']])
    })

    it('knows that nothing happened where no connection came about', async () => {
      const closed = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => closed.once('listening', resolve))
      const { port } = closed.address() as AddressInfo
      await new Promise((resolve) => closed.close(resolve))
      const before = sandbox.log.counts()
      const refused = adapter.connect(sandboxConnection(provider, `http://127.0.0.1:${port}`))
      expect(await refused.send(sound())).toEqual({ ...retry, code: 'ECONNREFUSED' })
      const noTls = adapter.connect(sandboxConnection(provider, sandbox.url.replace('http:', 'https:')))
      expect(await noTls.send(sound())).toEqual(retry)
      const nowhere = subject.adapter({ timeout: 1_000 }).connect(sandboxConnection(provider, 'http://nowhere.invalid'))
      expect(await nowhere.send(sound())).toEqual(retry)
      await Promise.all([refused.close(), noTls.close(), nowhere.close()])
      expect(sandbox.log.counts()).toEqual(before)
    })

    it('keeps what it sends with a wrong key for a later one', async () => {
      const stranger = sandboxConnection(provider, sandbox.url)
      const wrong = sandboxCredentials('other')[provider].credentials as unknown as JsonObject
      const secret = {
        sendgrid: 'apiKey',
        twilio: 'authToken',
        fcm: 'clientEmail',
        meta: 'accessToken',
        twilio_whatsapp: 'authToken',
        twilio_rcs: 'authToken',
        webpush: 'privateKey',
      }[provider]
      const value = provider === 'sendgrid' ? `${String(stranger.credentials.apiKey).slice(0, -4)}AAAA` : (wrong[secret] ?? null)
      const impostor = adapter.connect({ ...stranger, credentials: { ...stranger.credentials, [secret]: value } })
      const message = sound()
      expect(await impostor.send(message)).toMatchObject({ type: 'retry', code: 'AUTH', retryAfter: 60_000 })
      expect(wire(message.id)).not.toContain('accepted')
      await impostor.close()
    })

    it.each(subject.permanent)('will not try again: $why', async ({ address: bad, content: other, outcome }) => {
      const message = outgoing(adapter, bad ?? address, other ?? content)
      const result = await sender.send(message)
      expect(result).toEqual(outcome)
      if (bad !== undefined) expect(JSON.stringify(result)).not.toContain(bad)
    })

    it('sends many at once, each once', async () => {
      const messages = Array.from({ length: 300 }, sound)
      const outcomes = await Promise.all(messages.map((message) => sender.send(message)))
      expect(outcomes.map(({ type }) => type)).toEqual(messages.map(() => 'ok'))
      expect(new Set(outcomes.map((outcome) => outcome.type === 'ok' && outcome.providerMessageId)).size).toBe(300)
      expect(messages.flatMap(({ id }) => wire(id))).toEqual(messages.map(() => 'accepted'))
    })

    it('closes its sockets, and sends nothing afterwards', async () => {
      const ended: Promise<unknown>[] = []
      const { port } = new URL(sandbox.url)
      const relay = createServer((socket) => {
        const onward = dial(Number(port), '127.0.0.1')
        socket.pipe(onward).pipe(socket)
        for (const each of [socket, onward]) each.on('error', () => {})
        ended.push(new Promise((resolve) => socket.once('close', resolve)))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => relay.once('listening', resolve))
      const leaving = adapter.connect(sandboxConnection(provider, `http://127.0.0.1:${(relay.address() as AddressInfo).port}`))
      expect((await leaving.send(sound())).type).toBe('ok')
      expect(ended.length).toBeGreaterThan(0)
      await leaving.close()
      await Promise.all(ended)
      const late = sound()
      expect((await leaving.send(late)).type).toBe('retry')
      expect(wire(late.id)).toEqual([])
      await new Promise((resolve) => relay.close(resolve))
    })
  })
}
