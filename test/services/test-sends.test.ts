import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { connectProvider } from '../../src/services/connections.ts'
import type { Caller } from '../../src/services/context.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { sendTestMessage } from '../../src/services/test-sends.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let sandbox: Sandbox
let caller: Caller
let templateId: string
const PHONE = '+14155550100'

beforeAll(async () => {
  here = await openTestServices()
  sandbox = await startSandbox()
})
afterAll(async () => {
  await sandbox.close()
  await here.close()
})
beforeEach(async () => {
  caller = await here.workspace()
  const { credentials, settings } = sandboxCredentials('tests').twilio
  await connectProvider(here.services, caller, { provider: 'twilio', name: 'SMS', credentials, settings, baseUrl: sandbox.url })
  const variables = [{ name: 'code', required: true, default: null }]
  const variants = [
    { locale: 'en', content: { body: 'Code {{ code }}, {{ contact.name }}' } },
    { locale: 'de', content: { body: 'Kennwort {{ code }}' } },
  ]
  templateId = await createTemplate(here.services, caller, { name: 'Code', channel: 'sms', variants, variables })
})

const data = { vars: { code: 7 }, contact: { name: 'Ada' } }
const send = (change: object = {}) => sendTestMessage(here.services, caller, { templateId, address: PHONE, data, ...change })
const entries = () => sandbox.log.entries().filter((each) => each.provider === 'twilio')

test('a test goes to the address through the workspace’s connection, and is nobody’s message', async () => {
  const before = entries().length
  const result = await send()
  expect(result).toEqual({ outcome: 'ACCEPTED', code: null, message: null, providerMessageId: entries().at(-1)?.providerMessageId })
  expect(entries()).toHaveLength(before + 1)
  expect(entries().at(-1)?.text).toBe('Code 7, Ada')
  expect(await send({ locale: 'de-AT' })).toMatchObject({ outcome: 'ACCEPTED' })
  expect(entries().at(-1)?.text).toBe('Kennwort 7')
  const { rows } = await here.database.owner.query(
    'SELECT (SELECT count(*)::int FROM contact WHERE workspace_id = $1) AS contacts, (SELECT count(*)::int FROM message WHERE workspace_id = $1) AS messages',
    [caller.workspaceId],
  )
  expect(rows).toEqual([{ contacts: 0, messages: 0 }])
})

test('repeated with its key it is sent once', async () => {
  const before = entries().length
  const [first, second] = [await send({ idempotencyKey: 'once' }), await send({ idempotencyKey: 'once' })]
  expect(second).toEqual(first)
  expect(entries()).toHaveLength(before + 1)
  expect(await faultOf(send({ idempotencyKey: 'once', locale: 'de' }))).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
})

test('what the provider says against it is answered in its code', async () => {
  await connectProvider(here.services, caller, {
    provider: 'sendgrid',
    name: 'Mail',
    credentials: { ...sandboxCredentials('tests').sendgrid.credentials, apiKey: 'SG.wrong' },
    settings: sandboxCredentials('tests').sendgrid.settings,
    baseUrl: sandbox.url,
  })
  const variants = [{ locale: 'en', content: { subject: 'S', html: '<p>x</p>' } }]
  const mail = await createTemplate(here.services, caller, { name: 'Mail', channel: 'email', variants })
  expect(await send({ templateId: mail, address: 'me@example.com' })).toEqual({
    outcome: 'REFUSED',
    code: expect.stringMatching(/./),
    message: expect.any(String),
    providerMessageId: null,
  })
})

test('what cannot be sent is told before anybody is asked', async () => {
  const before = entries().length
  const inApp = await createTemplate(here.services, caller, {
    name: 'In app',
    channel: 'in_app',
    variants: [{ locale: 'en', content: { surface: 'BANNER', title: 'T', body: 'B' } }],
  })
  const push = await createTemplate(here.services, caller, {
    name: 'Push',
    channel: 'push',
    variants: [{ locale: 'en', content: { title: 'T', body: 'B' } }],
  })
  expect(await faultOf(send({ address: 'nobody' }))).toEqual({ code: 'INVALID_INPUT', path: ['address'] })
  expect(await faultOf(send({ data: {} }))).toEqual({ code: 'INVALID_INPUT', path: ['data', 'vars', 'code'] })
  expect(await faultOf(send({ templateId: newId() }))).toEqual({ code: 'NOT_FOUND', path: ['templateId'] })
  expect(await faultOf(send({ templateId: push, address: 'a'.repeat(40) }))).toEqual({ code: 'NOT_FOUND', path: ['connectionId'] })
  expect(await faultOf(send({ connectionId: newId() }))).toEqual({ code: 'NOT_FOUND', path: ['connectionId'] })
  expect(await faultOf(send({ templateId: inApp }))).toEqual({ code: 'INVALID_INPUT', path: ['templateId'] })
  expect(entries()).toHaveLength(before)
})

test('there are few of them, and one at a time', async () => {
  const answers = await Promise.all(Array.from({ length: 4 }, () => faultOf(send())))
  expect(answers.every((each) => each.code === undefined || each.code === 'RATE_LIMITED')).toBe(true)
  const before = entries().length
  let sent = answers.filter((each) => each.code === undefined).length
  while ((await faultOf(send())).code === undefined) sent++
  expect(sent).toBe(10)
  expect(entries().length - before).toBeLessThanOrEqual(10)
  await here.database.owner.query(`UPDATE idempotency SET created_at = created_at - interval '2 minutes' WHERE workspace_id = $1`, [
    caller.workspaceId,
  ])
  expect(await send()).toMatchObject({ outcome: 'ACCEPTED' })
})
