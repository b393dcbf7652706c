import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MessageSender, openSender } from '../../jobs/sender.ts'
import type { TemplateVariable, TemplateVariant } from '../../src/domain/template.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import type { LogEntry } from '../../src/sandbox/log.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { uploadAttachment } from '../../src/services/attachments.ts'
import { connectProvider } from '../../src/services/connections.ts'
import type { Caller } from '../../src/services/context.ts'
import { addIdentity } from '../../src/services/identities.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { readLink } from '../../src/services/tracking.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import type { Dispatchable } from '../../src/store/queries/dispatch.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

const PHONE = '+14155550100'
const MAILBOX = 'ada@example.com'

let world: TestServices
let sandbox: Sandbox
let caller: Caller
let sender: MessageSender
const connections = { sms: '', email: '' }
/** Names of the statements the sender has run. */
const asked: string[] = []

beforeAll(async () => {
  world = await openTestServices()
  sandbox = await startSandbox()
})
afterAll(async () => {
  await sandbox.close()
  await world.close()
})
beforeEach(async () => {
  caller = await world.workspace()
  const accounts = sandboxCredentials('sender')
  for (const provider of ['twilio', 'sendgrid'] as const) {
    const { credentials, settings } = accounts[provider]
    const { id } = await connectProvider(world.services, caller, { provider, name: provider, credentials, settings, baseUrl: sandbox.url })
    connections[provider === 'twilio' ? 'sms' : 'email'] = id
  }
  sender = openCountingSender()
  return () => sender.close()
})

function openCountingSender(): MessageSender {
  asked.length = 0
  const { worker } = world.database
  const pool = Object.assign(Object.create(worker), {
    query: (statement: { name: string }) => {
      asked.push(statement.name)
      return worker.query(statement as never)
    },
  })
  return openSender({ pool, vault: world.services.vault, publicUrl: world.services.config.publicUrl })
}

let templates = 0
const template = (channel: 'sms' | 'email', variants: TemplateVariant[], variables: TemplateVariable[] = []) =>
  createTemplate(world.services, caller, { name: `Template ${templates++}`, channel, variants, variables })
const text = (body: string, locale = 'en'): TemplateVariant => ({ locale, content: { body } })

/** A message as the dispatcher hands it over, having marked it. */
async function message(channel: 'sms' | 'email', templateId: string, change: Partial<Dispatchable> = {}): Promise<Dispatchable> {
  const keys = await keysOf(world.services, world.database.worker, caller.workspaceId)
  return {
    lane: 3,
    id: newLanedId(3),
    workspace_id: caller.workspaceId,
    contact_id: newLanedId(3),
    channel,
    purpose: 'PROMOTIONAL',
    topic_id: null,
    attempt: 0,
    variables: null,
    planned_at: Date.now(),
    useful_for: null,
    node: 'text',
    journey_id: newId(),
    enrollment_id: newLanedId(3),
    enrollment_status: 'ACTIVE',
    journey_status: 'LIVE',
    broadcast_status: null,
    contact_suppressed: false,
    contact_erased: false,
    external_id: 'ada',
    attributes: {},
    tags: [],
    locale: null,
    identity_id: newLanedId(3),
    identity_status: 'ACTIVE',
    platform: null,
    address: keys.seal(channel === 'sms' ? PHONE : MAILBOX),
    consents: [],
    template_id: templateId,
    template_version: 1,
    connection_id: connections[channel],
    connection_updated: 1,
    connection_failures: 0,
    provider: channel === 'sms' ? 'twilio' : 'sendgrid',
    window_open: null,
    ...change,
  }
}

/** Sends it, and what the provider was asked. */
async function sent(given: Dispatchable): Promise<LogEntry | undefined> {
  const outcome = await sender.send(given, 1)
  const entry = sandbox.log.entries().findLast((each) => each.messageId === given.id)
  expect(outcome).toEqual({ type: 'ok', providerMessageId: entry?.providerMessageId })
  return entry
}

test('a message is rendered with the contact, the event, the variables and the key of its enrollment', async () => {
  const body =
    '{{ contact.firstName }}/{{ contact.attributes.firstName }}/{{ contact.externalId }}/{{ contact.tags | join: "+" }}/{{ contact.locale }} {{ event.item.name }} {{ vars.code }}={{ code }} {{ greeting }} {{ missing }} {{ key }}'
  const id = await template(
    'sms',
    [text(body)],
    [
      { name: 'greeting', required: false, default: 'hello' },
      { name: 'code', required: false, default: 'none' },
      { name: 'missing', required: false, default: null },
    ],
  )
  const entry = await sent(
    await message('sms', id, {
      attributes: { firstName: 'Ada' },
      tags: ['vip', 'beta'],
      locale: 'en-GB',
      variables: { event: { item: { name: 'socks' } }, vars: { code: '1234' }, key: 'cart-7' },
    }),
  )
  expect(entry).toMatchObject({ to: PHONE, text: 'Ada/Ada/ada/vip+beta/en-GB socks 1234=1234 hello  cart-7', provider: 'twilio' })
})

test.each([
  ['pt-BR', 'pt-br'],
  ['pt-PT', 'pt'],
  ['PT', 'pt'],
  ['fr', 'en'],
  [null, 'en'],
])('a contact of locale %s gets the variant %s', async (locale, variant) => {
  const id = await template('sms', [text('en'), text('pt', 'pt'), text('pt-br', 'pt-BR')])
  expect((await sent(await message('sms', id, { locale })))?.text).toBe(variant)
})

const MAIL = { subject: 'For {{ contact.name }}', html: '<p>{{ contact.name }} <a href="https://shop.example/?a=1&amp;b=2">buy</a></p>' }

test('a promotional mail has links that are counted and a way out; what a person typed cannot become markup', async () => {
  const id = await template('email', [{ locale: 'en', content: MAIL }])
  const given = await message('email', id, { attributes: { name: '<b>Ada</b>' } })
  const entry = await sent(given)
  expect([entry?.subject, entry?.to]).toEqual(['For <b>Ada</b>', MAILBOX])
  const html = entry?.text ?? ''
  expect(html).toContain('<p>&lt;b&gt;Ada&lt;/b&gt; <a href="https://api.example.com/t/c/')
  const link = (path: string) => new RegExp(`https://api\\.example\\.com/${path}/([^"]+)"`).exec(html)?.[1] ?? ''
  const visit = { workspaceId: caller.workspaceId, messageId: given.id }
  expect(await readLink(world.services, 'click', link('t/c'))).toEqual({ ...visit, url: 'https://shop.example/?a=1&b=2' })
  expect(await readLink(world.services, 'open', link('t/o'))).toEqual({ ...visit, url: '' })
  expect(await readLink(world.services, 'unsubscribe', link('u'))).toEqual({ ...visit, url: '' })
  expect(entry?.headers).toMatchObject({
    'List-Unsubscribe': `<https://api.example.com/u/${link('u')}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  })
})

test('a transactional mail offers no way out', async () => {
  const id = await template('email', [{ locale: 'en', content: MAIL }])
  const entry = await sent(await message('email', id, { purpose: 'TRANSACTIONAL' }))
  expect(entry?.text).not.toContain('/u/')
  expect(entry?.headers ?? {}).not.toHaveProperty('List-Unsubscribe')
})

test('a mail carries its files; one whose file does not come waits for it, and no provider is asked', async () => {
  const file = await uploadAttachment(world.services, caller, { name: 'Terms.pdf', contentType: 'application/pdf', base64: 'QUJD' })
  const attachments = [{ file }]
  const id = await template('email', [{ locale: 'en', content: { ...MAIL, attachments } }])
  expect((await sent(await message('email', id)))?.attachments).toEqual([{ name: 'Terms.pdf', contentType: 'application/pdf', size: 3 }])
  const absent = { ...MAIL, attachments: [{ url: 'https://nowhere.invalid/{{ key }}.pdf', name: '{{ key }}.pdf' }] }
  const waiting = await message('email', await template('email', [{ locale: 'en', content: absent }]), { variables: { key: 'k' } })
  expect(await sender.send(waiting, 1)).toMatchObject({ type: 'retry', code: 'ATTACHMENT_UNAVAILABLE' })
  expect(sandbox.log.entries().some((each) => each.messageId === waiting.id)).toBe(false)
})

test('what cannot be rendered fails for good, before any provider is asked', async () => {
  const heavy = await template('sms', [text('{% for i in (1..100000000) %}x{% endfor %}')])
  const before = sandbox.log.entries().length
  const outcomes = await Promise.all([
    sender.send(await message('sms', heavy), 1),
    sender.send(await message('sms', heavy, { template_version: 9 }), 1),
    sender.send(await message('sms', newId()), 1),
  ])
  expect(outcomes).toEqual([
    { type: 'permanent', code: 'RENDER_FAILED', message: expect.stringContaining('memory') },
    { type: 'permanent', code: 'RENDER_FAILED', message: 'the template is gone' },
    { type: 'permanent', code: 'RENDER_FAILED', message: 'the template is gone' },
  ])
  expect(sandbox.log.entries()).toHaveLength(before)
})

test('template, connection and keys are read once, however many messages ask for them at the same moment', async () => {
  const id = await template('sms', [text('hello')])
  const messages = await Promise.all(Array.from({ length: 20 }, () => message('sms', id)))
  const outcomes = await Promise.all(messages.map((each) => sender.send(each, 1)))
  expect(outcomes.every((each) => each.type === 'ok')).toBe(true)
  expect([asked.filter((name) => name === 'sending_template'), asked.filter((name) => name === 'sending_connection')]).toEqual([
    ['sending_template'],
    ['sending_connection'],
  ])
})

test('a connection that was changed has a client of its own from then on', async () => {
  const id = await template('sms', [text('hello')])
  await sent(await message('sms', id))
  const elsewhere = await startSandbox()
  await world.database.owner.query('UPDATE provider_connection SET base_url = $2 WHERE id = $1', [connections.sms, elsewhere.url])
  const [same, changed] = [await message('sms', id), await message('sms', id, { connection_updated: 2 })]
  await Promise.all([sender.send(same, 1), sender.send(changed, 1)])
  expect([sandbox.log.entries().at(-1)?.messageId, elsewhere.log.entries().map((each) => each.messageId)]).toEqual([same.id, [changed.id]])
  await sender.close()
  await elsewhere.close()
})

test('a variable that is required and missing fails the message by its name; a default stands in', async () => {
  const variables = [
    { name: 'code', required: true, default: null },
    { name: 'shop', required: true, default: 'Ours' },
  ]
  const id = await template('sms', [text('{{ code }} of {{ vars.shop }}')], variables)
  const before = sandbox.log.entries().length
  expect(await sender.send(await message('sms', id, { variables: { vars: { code: null } } as never }), 1)).toEqual({
    type: 'permanent',
    code: 'MISSING_VARIABLE',
    message: 'vars.code is needed by the template',
  })
  expect(sandbox.log.entries()).toHaveLength(before)
  expect((await sent(await message('sms', id, { variables: { vars: { code: 7 } } as never })))?.text).toBe('7 of Ours')
})

test('a message takes the variants of its channel, and of these its locale’s', async () => {
  const html = (words: string) => ({ subject: words, html: `<p>${words}</p>` })
  const id = await template('sms', [
    text('words'),
    text('Worte', 'de'),
    { locale: 'en', channel: 'email', content: html('letter') },
    { locale: 'de', channel: 'email', content: html('Brief') },
  ])
  const said = async (channel: 'sms' | 'email', locale: string) => {
    const entry = await sent(await message(channel, id, { locale }))
    return channel === 'sms' ? entry?.text : entry?.subject
  }
  expect([await said('sms', 'de'), await said('email', 'de'), await said('email', 'fr'), await said('sms', 'en')]).toEqual([
    'Worte',
    'Brief',
    'letter',
    'words',
  ])
  const only = await template('sms', [text('words')])
  expect(await sender.send(await message('email', only), 1)).toMatchObject({
    code: 'RENDER_FAILED',
    message: 'the template has no variant for email',
  })
})

test('a template that would run for good fails its own message, and the others are sent', async () => {
  const [endless, fine] = [
    await template('sms', [text('{{ event.list | find_exp: "i", "event.list contains none" }}')]),
    await template('sms', [text('hi')]),
  ]
  const variables = { event: { list: Array.from({ length: 20_000 }, (_, n) => n) } } as never
  const [before, bomb, after] = [await message('sms', fine), await message('sms', endless, { variables }), await message('sms', fine)]
  const outcomes = await Promise.all([before, bomb, after].map((each) => sender.send(each, 1)))
  expect(outcomes).toMatchObject([
    { type: 'ok' },
    { type: 'permanent', code: 'RENDER_FAILED', message: 'body takes longer than 1000 ms to render' },
    { type: 'ok' },
  ])
})

test('a connection that is gone is a reason to try again, since another may take its place', async () => {
  const id = await template('sms', [text('hello')])
  expect(await sender.send(await message('sms', id, { connection_id: newId() }), 1)).toMatchObject({ type: 'retry', code: 'NO_CONNECTION' })
})

test('a look that failed leaves nothing in doubt and is forgotten: the next attempt looks again', async () => {
  const id = await template('sms', [text('hello')])
  const { worker } = world.database
  let failing = true
  const pool = Object.assign(Object.create(worker), {
    query: (statement: { name: string }) =>
      failing && statement.name.startsWith('sending_') ? Promise.reject(new TypeError('away')) : worker.query(statement as never),
  })
  const fragile = openSender({ pool, vault: world.services.vault, publicUrl: world.services.config.publicUrl })
  const before = sandbox.log.entries().length
  expect(await fragile.send(await message('sms', id), 1)).toEqual({
    type: 'retry',
    code: 'SENDER_NOT_READY',
    message: 'what it is made of could not be read',
  })
  expect(sandbox.log.entries()).toHaveLength(before)
  failing = false
  expect(await fragile.send(await message('sms', id), 1)).toMatchObject({ type: 'ok' })
  await fragile.close()
})

test('a provider that can be asked tells what became of a message; of others nothing is known', async () => {
  const contact = { externalId: 'ada' }
  const { identityId, contactId } = await addIdentity(world.services, caller, { contact, channel: 'sms', address: '+14155550111' })
  const id = await template('sms', [text('hello')])
  const keys = await keysOf(world.services, world.database.worker, caller.workspaceId)
  const given = await message('sms', id, { address: keys.seal('+14155550111') })
  const stranded = {
    lane: given.lane,
    id: given.id,
    workspace_id: caller.workspaceId,
    contact_id: contactId,
    attempt: 1,
    channel: 'sms',
    connection_id: connections.sms,
    identity_id: identityId,
    dispatching_at: Date.now(),
    connection_updated: 1,
  }
  const entry = await sent(given)
  expect(await sender.lookUp(stranded)).toEqual({ type: 'ok', providerMessageId: entry?.providerMessageId })
  expect(await sender.lookUp({ ...stranded, connection_id: connections.email })).toBeNull()
  expect(await sender.lookUp({ ...stranded, connection_id: null })).toBeNull()
  expect(await sender.lookUp({ ...stranded, identity_id: null })).toBeNull()
  expect(await sender.lookUp({ ...stranded, identity_id: newLanedId(3) })).toBeNull()
  // With what the connection has now: a token that was changed since would be refused for ever.
  const elsewhere = await startSandbox()
  await world.database.owner.query('UPDATE provider_connection SET base_url = $2 WHERE id = $1', [connections.sms, elsewhere.url])
  expect(await sender.lookUp({ ...stranded, connection_updated: 2 })).toBeNull()
  await sender.close()
  await elsewhere.close()
})

test('on the app’s own surface nobody is asked: it is rendered and shown, and looked for where it was put', async () => {
  const id = await createTemplate(world.services, caller, {
    name: 'Card',
    channel: 'in_app',
    variants: [{ locale: 'en', content: { surface: 'INBOX', title: 'Hello {{ contact.firstName }}', key: 'card-{{ event.n }}' } }],
  })
  const change = { channel: 'in_app', address: null, identity_id: null, identity_status: null, connection_id: null, provider: null }
  const given = await message('sms', id, { ...change, attributes: { firstName: 'Ada' }, variables: { event: { n: 7 } } })
  await world.database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, planned_at) VALUES (3, $1, $2, $3, 'in_app', 'SERVICE', $4, 'DISPATCHING', now())`,
    [given.id, given.workspace_id, given.contact_id, id],
  )
  const stranded = { ...given, lane: 3, attempt: 1, dispatching_at: Date.now() }
  const before = sandbox.log.entries().length
  expect(await sender.lookUp(stranded)).toMatchObject({ type: 'retry' })
  expect(await sender.send(given, 1)).toEqual({ type: 'ok', providerMessageId: given.id })
  expect(await sender.lookUp(stranded)).toEqual({ type: 'ok', providerMessageId: given.id })
  const { rows } = await world.database.owner.query('SELECT key, surface, content FROM in_app_message WHERE id = $1', [given.id])
  expect(rows).toEqual([{ key: 'card-7', surface: 'INBOX', content: { surface: 'INBOX', title: 'Hello Ada', key: 'card-7' } }])
  expect(sandbox.log.entries()).toHaveLength(before)
})

test('an address sealed for another workspace does not open, and nothing is sent', async () => {
  const id = await template('sms', [text('hello')])
  const before = sandbox.log.entries().length
  const other = await world.workspace()
  const foreign = (await keysOf(world.services, world.database.worker, other.workspaceId)).seal(PHONE)
  expect(await sender.send(await message('sms', id, { address: foreign }), 1)).toMatchObject({ type: 'retry', code: 'SENDER_NOT_READY' })
  expect(sandbox.log.entries()).toHaveLength(before)
})
