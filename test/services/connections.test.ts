import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectProvider, disableConnection, listConnections } from '../../src/services/connections.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
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

test('a channel has one live connection: the next one must wait for it to be disabled, also of ten at once', async () => {
  const caller = await here.workspace()
  const answers = await Promise.all(Array.from({ length: 10 }, () => faultOf(connectProvider(here.services, caller, SENDGRID))))
  expect(answers.filter((each) => each.code === 'CONFLICT')).toEqual(Array.from({ length: 9 }, () => ({ code: 'CONFLICT', path: ['provider'] })))
  const [live] = await listConnections(here.services, caller)
  const twilio = await connectProvider(here.services, caller, {
    provider: 'twilio',
    name: 'Texts',
    credentials: TWILIO,
    settings: { from: '+15005550006' },
  })
  expect(twilio.channel).toBe('sms')
  const disabled = await disableConnection(here.services, caller, live?.id ?? '')
  expect(disabled.disabledAt).toEqual(expect.any(Date))
  expect((await disableConnection(here.services, caller, disabled.id)).disabledAt).toEqual(disabled.disabledAt)
  const next = await connectProvider(here.services, caller, SENDGRID)
  expect((await listConnections(here.services, caller)).map((each) => [each.id, each.disabledAt === null])).toEqual([
    [disabled.id, false],
    [twilio.id, true],
    [next.id, true],
  ])
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
