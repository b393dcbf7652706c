import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../../src/sandbox/control.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { connectProvider } from '../../../src/services/connections.ts'
import { upsertContact } from '../../../src/services/contacts.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let api: TestApi
let sandbox: Sandbox
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
  sandbox = await startSandbox()
})
afterAll(async () => {
  await api.close()
  await sandbox.close()
  await database.close()
})

test('a template says for which channels it is', async () => {
  const { key } = await api.workspace()
  const CREATE =
    'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id channel channels variants { channel locale } } userErrors { code path } } }'
  const variants = [
    { locale: 'en', content: { body: 'Hi' } },
    { locale: 'en', channel: 'EMAIL', content: { subject: 'Hi', html: '<p>Hi</p>' } },
  ]
  const { template } = (await api.graphql(key, CREATE, { input: { name: 'Both', channel: 'SMS', variants } })).data.createTemplate
  expect(template).toEqual({
    id: expect.any(String),
    channel: 'SMS',
    channels: ['SMS', 'EMAIL'],
    variants: [
      { channel: 'SMS', locale: 'en' },
      { channel: 'EMAIL', locale: 'en' },
    ],
  })
  const PREVIEW =
    'query ($id: ID!) { previewTemplate(id: $id, channel: EMAIL) { content sms { segments } } templates(channel: EMAIL) { edges { node { id } } } }'
  expect((await api.graphql(key, PREVIEW, { id: template.id })).data).toEqual({
    previewTemplate: { content: { subject: 'Hi', html: '<p>Hi</p>', text: 'Hi' }, sms: null },
    templates: { edges: [{ node: { id: template.id } }] },
  })
})

test('a template is seen as a contact would get it, and tried on oneself', async () => {
  const { key, caller } = await api.workspace()
  const CREATE = 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } } }'
  const variants = ['en', 'de'].map((locale) => ({ locale, content: { body: `${locale} {{ contact.name }}` } }))
  const { id } = (await api.graphql(key, CREATE, { input: { name: 'Hi', channel: 'SMS', variants } })).data.createTemplate.template
  await upsertContact(api.services, caller, { contact: { externalId: 'ada' }, attributes: { name: 'Ada' }, locale: 'de' })
  const PREVIEW = 'query ($id: ID!, $contact: ContactRef) { previewTemplate(id: $id, contact: $contact) { content } }'
  expect((await api.graphql(key, PREVIEW, { id, contact: { externalId: 'ada' } })).data.previewTemplate).toEqual({ content: { body: 'de Ada' } })

  const SEND = `mutation ($input: SendTestMessageInput!) { sendTestMessage(input: $input) { test { outcome code message providerMessageId } userErrors { code path } } }`
  const input = { templateId: id, address: '+14155550100', data: { contact: { name: 'Me' } } }
  expect((await api.graphql(key, SEND, { input })).data.sendTestMessage).toEqual({
    test: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['connectionId'] }],
  })
  const { credentials, settings } = sandboxCredentials('test-send').twilio
  await connectProvider(api.services, caller, { provider: 'twilio', name: 'SMS', credentials, settings, baseUrl: sandbox.url })
  expect((await api.graphql(key, SEND, { input })).data.sendTestMessage).toEqual({
    test: { outcome: 'ACCEPTED', code: null, message: null, providerMessageId: expect.any(String) },
    userErrors: [],
  })
  expect(sandbox.log.entries().at(-1)?.text).toBe('en Me')
})
