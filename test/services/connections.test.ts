import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { connectProvider, disableConnection, listConnections, updateConnection } from '../../src/services/connections.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { recordFault } from '../../src/store/queries/circuit.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const TWILIO = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'secret' }
const SENDGRID = { provider: 'sendgrid', name: 'Mail', credentials: { apiKey: 'SG.very-secret' }, settings: { fromEmail: 'hello@example.com' } }

test('credentials go in sealed and never come out; the answer says where webhooks go', async () => {
  const caller = await here.workspace()
  const made = await connectProvider(here.services, caller, { ...SENDGRID, baseUrl: 'http://127.0.0.1:4010/sendgrid' })
  expect(made).toEqual({
    id: made.id,
    name: 'Mail',
    channel: 'email',
    provider: 'sendgrid',
    baseUrl: 'http://127.0.0.1:4010/sendgrid',
    settings: { fromEmail: 'hello@example.com' },
    callbackUrl: `https://api.example.com/webhooks/sendgrid/${made.id}`,
    priority: 1,
    health: { state: 'CLOSED', failures: 0, openUntil: null, lastFault: null },
    createdAt: made.createdAt,
    disabledAt: null,
  })
  expect(await listConnections(here.services, caller)).toEqual([made])
  const { rows } = await here.database.owner.query<{ credentials: Buffer }>('SELECT credentials FROM provider_connection WHERE id = $1', [made.id])
  const sealed = rows[0]?.credentials ?? Buffer.alloc(0)
  expect(sealed.includes('very-secret')).toBe(false)
  const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
  expect(JSON.parse(keys.open(sealed))).toEqual({ apiKey: 'SG.very-secret' })
})

const PUSH = { provider: 'fcm', name: 'Push', ...sandboxCredentials().fcm }

test('a channel whose addresses belong to their connection has one live: the next must wait for it to be disabled, also of ten at once', async () => {
  const caller = await here.workspace()
  const answers = await Promise.all(Array.from({ length: 10 }, () => faultOf(connectProvider(here.services, caller, PUSH))))
  expect(answers.filter((each) => each.code === 'CONFLICT')).toEqual(Array.from({ length: 9 }, () => ({ code: 'CONFLICT', path: ['provider'] })))
  const [live] = await listConnections(here.services, caller)
  const mail = await connectProvider(here.services, caller, SENDGRID)
  expect([mail.channel, mail.priority]).toEqual(['email', 1])
  const disabled = await disableConnection(here.services, caller, live?.id ?? '')
  expect(disabled.disabledAt).toEqual(expect.any(Date))
  expect((await disableConnection(here.services, caller, disabled.id)).disabledAt).toEqual(disabled.disabledAt)
  const next = await connectProvider(here.services, caller, PUSH)
  expect(await faultOf(updateConnection(here.services, caller, { id: disabled.id, enabled: true }))).toEqual({ code: 'CONFLICT', path: ['enabled'] })
  expect((await listConnections(here.services, caller)).map((each) => [each.id, each.disabledAt === null])).toEqual([
    [disabled.id, false],
    [mail.id, true],
    [next.id, true],
  ])
})

test('email and SMS have several, each in its place: the next free one, the one asked for, or none', async () => {
  const caller = await here.workspace()
  const connect = (change: object = {}) => connectProvider(here.services, caller, { ...SENDGRID, ...change })
  const made = await Promise.all(Array.from({ length: 8 }, () => connect()))
  expect(made.map((each) => each.priority).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect((await connect({ priority: 40 })).priority).toBe(40)
  expect(await faultOf(connect({ priority: 40 }))).toEqual({ code: 'CONFLICT', path: ['priority'] })
  for (const priority of [0, 1.5, 101]) expect(await faultOf(connect({ priority }))).toEqual({ code: 'INVALID_INPUT', path: ['priority'] })
  expect((await connect()).priority).toBe(41)
  expect(await faultOf(connect())).toEqual({ code: 'CONFLICT', path: ['provider'] })
  const text = { provider: 'twilio', name: 'Texts', credentials: TWILIO, settings: { from: '+15005550006' } }
  expect([(await connect(text)).priority, (await connect(text)).priority]).toEqual([1, 2])
})

test('a connection changes its name and its place; enabled again it begins as sound', async () => {
  const caller = await here.workspace()
  const [first, second] = [await connectProvider(here.services, caller, SENDGRID), await connectProvider(here.services, caller, SENDGRID)]
  const update = (id: string, change: object) => updateConnection(here.services, caller, { id, ...change })
  expect(await update(first.id, { name: ' Main ', priority: 3 })).toEqual({ ...first, name: 'Main', priority: 3 })
  expect(await faultOf(update(second.id, { priority: 3 }))).toEqual({ code: 'CONFLICT', path: ['priority'] })
  expect(await faultOf(update(second.id, { priority: 0 }))).toEqual({ code: 'INVALID_INPUT', path: ['priority'] })
  expect((await update(second.id, {})).priority).toBe(2)
  await recordFault(here.database.worker, first.id, { code: 'AUTH', opensAfter: 1, openFor: 60_000, atMost: 60_000 })
  const health = async () => (await listConnections(here.services, caller))[0]?.health
  expect(await health()).toEqual({ state: 'OPEN', failures: 1, openUntil: expect.any(Date), lastFault: { code: 'AUTH', at: expect.any(Date) } })
  await here.database.owner.query('UPDATE provider_circuit SET open_until = now()')
  expect((await health())?.state).toBe('HALF_OPEN')
  expect((await update(first.id, { enabled: false })).disabledAt).toEqual(expect.any(Date))
  expect((await update(second.id, { priority: 3 })).priority).toBe(3)
  expect(await faultOf(update(first.id, { enabled: true }))).toEqual({ code: 'CONFLICT', path: ['priority'] })
  expect(await update(first.id, { enabled: true, priority: 1 })).toEqual({ ...first, name: 'Main', priority: 1 })
  const other = await here.workspace()
  expect(await faultOf(updateConnection(here.services, other, { id: first.id, priority: 9 }))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
})

test('new credentials and settings take the place of the old ones, sealed as they were, and it begins as sound', async () => {
  const caller = await here.workspace()
  const made = await connectProvider(here.services, caller, SENDGRID)
  await recordFault(here.database.worker, made.id, { code: 'AUTH', opensAfter: 1, openFor: 60_000, atMost: 60_000 })
  const change = (input: object, by = caller) => updateConnection(here.services, by, { id: made.id, ...input })
  const kept = async () => {
    const { rows } = await here.database.owner.query<{ credentials: Buffer; updated_at: Date }>(
      'SELECT credentials, updated_at FROM provider_connection WHERE id = $1',
      [made.id],
    )
    const keys = await keysOf(here.services, here.database.worker, caller.workspaceId)
    return JSON.parse(keys.open(rows[0]?.credentials ?? Buffer.alloc(0)))
  }
  expect((await change({ name: 'Mail' })).health.state).toBe('OPEN')
  expect(await change({ credentials: { apiKey: 'SG.rotated' } })).toEqual(made)
  expect(await kept()).toEqual({ apiKey: 'SG.rotated' })
  const settings = { fromEmail: 'news@example.com', fromName: 'News' }
  expect((await change({ settings })).settings).toEqual(settings)
  expect(await kept()).toEqual({ apiKey: 'SG.rotated' })
  expect(await faultOf(change({ credentials: {} }))).toEqual({ code: 'INVALID_INPUT', path: ['credentials', 'apiKey'] })
  expect(await faultOf(change({ settings: { fromName: 'x' } }))).toEqual({ code: 'INVALID_INPUT', path: ['settings', 'fromEmail'] })
  expect(await faultOf(change({ credentials: { apiKey: 'SG.stolen' } }, await here.workspace()))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await kept()).toEqual({ apiKey: 'SG.rotated' })
})

test('a connection never becomes one of another account: what comes back of the old one would be lost', async () => {
  const caller = await here.workspace()
  const { id } = await connectProvider(here.services, caller, {
    provider: 'twilio',
    name: 'Texts',
    credentials: TWILIO,
    settings: { from: '+15005550006' },
  })
  const change = (credentials: object) => updateConnection(here.services, caller, { id, credentials: credentials as never })
  await change({ ...TWILIO, authToken: 'rotated' })
  expect(await faultOf(change({ ...TWILIO, accountSid: `AC${'1'.repeat(32)}` }))).toEqual({
    code: 'INVALID_INPUT',
    path: ['credentials', 'accountSid'],
  })
  const { id: browser } = await connectProvider(here.services, caller, { provider: 'webpush', name: 'Web', ...sandboxCredentials('one').webpush })
  const settings = { ...sandboxCredentials('one').webpush.settings, publicKey: `BA${'x'.repeat(85)}` }
  expect(await faultOf(updateConnection(here.services, caller, { id: browser, settings }))).toEqual({
    code: 'INVALID_INPUT',
    path: ['settings', 'publicKey'],
  })
})

test('the same key connects once, however often it is asked', async () => {
  const caller = await here.workspace()
  const input = { ...SENDGRID, idempotencyKey: 'connect-1' }
  const answers = await Promise.all(Array.from({ length: 10 }, () => connectProvider(here.services, caller, input)))
  expect(new Set(answers.map((each) => each.id)).size).toBe(1)
  expect(await faultOf(connectProvider(here.services, caller, { ...input, credentials: { apiKey: 'another' } }))).toEqual({
    code: 'IDEMPOTENCY_CONFLICT',
    path: ['idempotencyKey'],
  })
})

test.each([
  ['a provider nobody knows', { ...SENDGRID, provider: 'pigeon' }, ['provider']],
  ['credentials that are missing', { ...SENDGRID, credentials: {} }, ['credentials', 'apiKey']],
  ['credentials of another provider', { ...SENDGRID, credentials: { apiKey: 'k', authToken: 't' } }, ['credentials', 'authToken']],
  ['settings that are missing', { ...SENDGRID, settings: null }, ['settings', 'fromEmail']],
  ['a blank name', { ...SENDGRID, name: ' ' }, ['name']],
  ['an address that is none', { ...SENDGRID, baseUrl: 'somewhere' }, ['baseUrl']],
  ['an address that is no http', { ...SENDGRID, baseUrl: 'file:///etc/passwd' }, ['baseUrl']],
  [
    'an account that is none',
    { provider: 'twilio', name: 'Texts', credentials: { ...TWILIO, accountSid: 'AC1' }, settings: {} },
    ['credentials', 'accountSid'],
  ],
  ['a sender nobody could send from', { provider: 'twilio', name: 'Texts', credentials: TWILIO, settings: {} }, ['settings']],
])('%s is refused, and nothing is connected', async (_, input, path) => {
  const caller = await here.workspace()
  expect(await faultOf(connectProvider(here.services, caller, input))).toEqual({ code: 'INVALID_INPUT', path })
  expect(await listConnections(here.services, caller)).toEqual([])
})

test('another workspace’s connection is not there: neither listed nor disabled', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const made = await connectProvider(here.services, mine, SENDGRID)
  for (const id of [made.id, 'no id']) expect(await faultOf(disableConnection(here.services, other, id))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await listConnections(here.services, other)).toEqual([])
  expect((await listConnections(here.services, mine))[0]?.disabledAt).toBeNull()
})
