import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChannelAdapter, Connection, Sender } from '../../src/channels/channel.ts'
import type { TransportOptions } from '../../src/channels/http.ts'
import { smtp } from '../../src/channels/smtp.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import type { Fault } from '../../src/sandbox/faults.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startTerseServer, type TerseServer } from '../support/terse-smtp.ts'
import { outgoing } from './contract.ts'

const CONTENT = { subject: 'Your cart', html: '<p>Hello</p>', text: 'Hello' }
const adapter = smtp as unknown as (options?: TransportOptions) => ChannelAdapter
const open: { close(): unknown }[] = []
let sandbox: Sandbox
let sender: Sender

function connection(settings: object = {}, credentials: object = {}): Connection {
  const account = sandboxCredentials('demo').smtp
  const whole = { ...account.settings, port: sandbox.smtpPort, ...settings }
  return {
    id: 'connection-demo',
    workspaceId: 'workspace',
    provider: 'smtp',
    baseUrl: null,
    callbackUrl: 'http://127.0.0.1:9/none',
    credentials: { ...account.credentials, ...credentials },
    settings: whole,
    privateHosts: [`${whole.host}:${whole.port}`],
  }
}
function connect(settings: object = {}, options: TransportOptions = {}, credentials: object = {}): Sender {
  const made = adapter(options).connect(connection(settings, credentials))
  open.push(made)
  return made
}
const mail = (address = 'ignorer.1@shop.example') => outgoing(adapter(), address, CONTENT)
const wire = (id: string) => sandbox.log.entries().flatMap((entry) => (entry.messageId === id ? [entry.outcome] : []))

async function listen(...how: Parameters<typeof startTerseServer>): Promise<TerseServer> {
  const server = await startTerseServer(...how)
  open.push(server)
  return server
}
const plain = { security: 'NONE' }
const noLogin = { username: undefined }

beforeAll(async () => {
  sandbox = await startSandbox()
})
beforeEach(() => {
  sandbox.clearFaults()
  sender = connect()
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})
afterAll(() => sandbox.close())

describe('smtp keeps the contract', () => {
  it('accepts its sandbox account by its own shapes and refuses a stranger to them', () => {
    const { credentials, settings } = connection()
    const faults: string[] = []
    const report = (path: readonly string[]) => {
      faults.push(path.join('.'))
    }
    expect(adapter().credentials.parse(credentials, [], report)).toEqual(credentials)
    expect(adapter().settings.parse(settings, [], report)).toEqual(settings)
    expect(faults).toEqual([])
    expect(adapter().settings.parse({ host: 'a b', port: 0, security: 'SSL' }, [], report)).toBeUndefined()
    expect(faults.sort()).toEqual(['fromEmail', 'host', 'port', 'security'])
  })

  it('reports the id under which the mail went, which is made of ours', async () => {
    const message = mail()
    const providerMessageId = `${message.id}@demo.example`
    expect(await sender.send(message)).toEqual({ type: 'ok', providerMessageId })
    expect(sandbox.log.entries().find(({ messageId }) => messageId === message.id)).toMatchObject({
      provider: 'smtp',
      outcome: 'accepted',
      to: message.address,
      subject: 'Your cart',
      text: '<p>Hello</p>\n',
      providerMessageId,
      headers: { 'List-Unsubscribe': '<https://t.example/u/1>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    })
    expect(wire(message.id)).toEqual(['accepted'])
  })

  const some = { code: expect.any(String) as string, message: expect.any(String) as string }
  const faults: [string, Fault, object, string[]][] = [
    ['451', { kind: 'status', status: 451 }, { type: 'retry', code: '451', message: some.message }, ['lost']],
    ['421', { kind: 'status', status: 421 }, { type: 'retry', code: 'RATE_LIMITED', retryAfter: 60_000 }, ['lost']],
    ['554', { kind: 'status', status: 554 }, { type: 'permanent', code: '554', message: some.message }, ['lost']],
    ['450 for the recipient', { kind: 'status', stage: 'recipient', status: 450 }, { type: 'retry', code: '450', message: some.message }, ['lost']],
    ['a reset in the middle of the mail', { kind: 'reset-before' }, { type: 'ambiguous', ...some }, ['lost']],
    ['a reset after it was taken', { kind: 'reset-after' }, { type: 'ambiguous', ...some }, ['accepted']],
  ]
  it.each(faults)('makes one transaction and the right class of %s', async (_name, fault, outcome, seen) => {
    sandbox.fault({ ...fault, provider: 'smtp' })
    const message = mail()
    expect(await sender.send(message)).toMatchObject(outcome)
    sandbox.clearFaults()
    expect((await sender.send(mail())).type).toBe('ok')
    expect(wire(message.id)).toEqual(seen)
  })

  it.each([
    ['that hangs', { kind: 'hang' }, ['lost']],
    ['that hangs although the mail was taken', { kind: 'hang', accept: true }, ['accepted']],
  ] as [string, Fault, string[]][])('gives up on an answer %s, once', async (_name, fault, seen) => {
    const hasty = connect({}, { timeout: 400 })
    expect((await hasty.send(mail())).type).toBe('ok')
    sandbox.fault({ ...fault, provider: 'smtp' })
    const message = mail()
    expect(await hasty.send(message)).toEqual({ type: 'ambiguous', code: 'TIMEOUT', message: some.message })
    sandbox.clearFaults()
    expect(wire(message.id)).toEqual(seen)
  })

  it.each([
    ['in (login)', { stage: 'login', status: 535 }, 'AUTH'],
    ['in for now (login)', { stage: 'login', status: 454 }, 'AUTH'],
    ['at all (greeting)', { stage: 'connect', status: 554 }, 'TURNED_AWAY'],
    ['for now (greeting)', { stage: 'connect', status: 421 }, 'RATE_LIMITED'],
  ] as [string, Partial<Fault>, string][])('keeps what it sends to a server that lets nobody %s', async (_how, fault, code) => {
    sandbox.fault({ kind: 'status', provider: 'smtp', ...fault })
    const message = mail()
    expect(await sender.send(message)).toEqual({ type: 'retry', code, message: some.message, retryAfter: 60_000 })
    expect(wire(message.id)).toEqual([])
  })

  it('keeps what it sends with a wrong password for a right one', async () => {
    expect(await connect({}, {}, { password: 'wrong' }).send(mail())).toMatchObject({ type: 'retry', code: 'AUTH', retryAfter: 60_000 })
    expect(await connect({}, {}, { username: undefined }).send(mail())).toMatchObject({ type: 'retry', code: 'AUTH' })
  })

  it('knows that nothing happened where no session came about', async () => {
    const before = sandbox.log.counts()
    const { port } = await listen({})
    for (const each of open.splice(-1)) await each.close()
    expect(await connect({ port }).send(mail())).toEqual({ type: 'retry', code: 'ECONNREFUSED', message: some.message })
    expect(await connect({ host: 'nowhere.invalid' }, { timeout: 2_000 }).send(mail())).toMatchObject({ type: 'retry' })
    expect(await connect({ security: 'TLS' }).send(mail())).toMatchObject({ type: 'retry' })
    const mute = await listen({}, '')
    expect(await connect({ port: mute.port }, { timeout: 100 }).send(mail())).toEqual({ type: 'retry', code: 'TIMEOUT', message: some.message })
    expect(sandbox.log.counts()).toEqual(before)
  })

  it('sends over TLS that it has checked, or not at all', async () => {
    expect(await connect({ caCertificate: undefined }).send(mail())).toMatchObject({ type: 'retry', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    const unencrypted = await listen({ STARTTLS: '502 not here' })
    expect(await connect({ port: unencrypted.port }, {}, noLogin).send(mail())).toMatchObject({ type: 'retry', code: 'TURNED_AWAY' })
    expect(unencrypted.said).not.toContain('MAIL')
    expect(await connect({ ...plain, port: unencrypted.port }, {}, noLogin).send(mail())).toMatchObject({ type: 'ok' })
  })

  it('goes to no private host that the operator has not named', async () => {
    const stranger = adapter().connect({ ...connection(), privateHosts: [] })
    open.push(stranger)
    expect(await stranger.send(mail())).toMatchObject({ type: 'retry', code: 'ADDRESS_REFUSED', retryAfter: 60_000 })
  })

  it.each([
    ['nobody there', 'bouncer.1@shop.example', { type: 'permanent', code: '5.1.1', message: 'The recipient does not exist.', identity: 'INVALID' }],
    ['a refusal', 'blocked.1@shop.example', { type: 'permanent', code: '5.7.1', message: 'The server will not deliver this mail.' }],
    ['greylisting', 'slow.1@shop.example', { type: 'retry', code: '4.7.1', message: 'Put off by greylisting.', retryAfter: 60_000 }],
    ['no address', 'a@b.example>\r\nRCPT TO:<c@d.example', { type: 'permanent', identity: 'INVALID' }],
  ])('tells of the recipient: %s', async (_why, address, outcome) => {
    const message = mail(address)
    const result = await sender.send(message)
    expect(result).toMatchObject(outcome)
    expect(JSON.stringify(result)).not.toContain('shop.example')
    expect(wire(message.id)).not.toContain('accepted')
    if (outcome.type === 'retry') expect((await sender.send(message)).type).toBe('ok')
  })

  it('says nothing of an address where it is the sender who is refused', async () => {
    const { port } = await listen({ MAIL: '550 5.1.1 who are you' })
    expect(await connect({ ...plain, port }, {}, noLogin).send(mail())).toEqual({
      type: 'permanent',
      code: '5.1.1',
      message: 'The recipient does not exist.',
    })
  })

  it('cannot build what is no mail', async () => {
    const { type, ...rest } = await sender.send(outgoing(adapter(), 'a@b.example', { subject: 'x', html: 7, attachments: [null] } as never))
    expect([type, 'code' in rest && rest.code]).toEqual(['permanent', 'INVALID_MESSAGE'])
  })

  it('sends many at once, each once, over few sessions', async () => {
    const messages = Array.from({ length: 120 }, () => mail())
    const outcomes = await Promise.all(messages.map((message) => sender.send(message)))
    expect(outcomes.map(({ type }) => type)).toEqual(messages.map(() => 'ok'))
    expect(messages.flatMap(({ id }) => wire(id))).toEqual(messages.map(() => 'accepted'))
  })

  it('loses a session that died while it was idle without doubt about the mail, and opens another', async () => {
    const relays: Socket[] = []
    const relay = createServer((socket) => {
      relays.push(socket)
      const onward = dial(sandbox.smtpPort, '127.0.0.1')
      socket.pipe(onward).pipe(socket)
      for (const each of [socket, onward]) each.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await new Promise((done) => relay.once('listening', done))
    open.push({ close: () => relay.close() })
    const through = connect({ port: (relay.address() as AddressInfo).port })
    expect((await through.send(mail())).type).toBe('ok')
    const ended = new Promise((done) => relays[0]?.once('close', done))
    relays[0]?.resetAndDestroy()
    await ended
    const message = mail()
    const outcome = await through.send(message)
    expect(['ok', 'retry']).toContain(outcome.type)
    expect(wire(message.id)).toEqual(outcome.type === 'ok' ? ['accepted'] : [])
    expect((await through.send(mail())).type).toBe('ok')
    await through.close()
  })

  it('closes its sessions, and sends nothing afterwards', async () => {
    expect((await sender.send(mail())).type).toBe('ok')
    await sender.close()
    const late = mail()
    expect(await sender.send(late)).toMatchObject({ type: 'retry', code: 'CLOSED' })
    expect(wire(late.id)).toEqual([])
  })
})
