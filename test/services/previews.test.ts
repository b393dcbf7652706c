import { afterAll, beforeAll, expect, test } from 'vitest'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller } from '../../src/services/context.ts'
import { previewTemplate } from '../../src/services/previews.ts'
import { createTemplate } from '../../src/services/templates.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
let id: string
const BODY =
  '{{ contact.externalId }} {{ contact.name }} {{ contact.attributes.name }} {{ contact.plan }} {{ contact.tags | join: "+" }} {{ contact.locale }} {{ event.id }} {{ vars.shop }} {{ shop }} {{ key }}'

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  const contact = { externalId: 'ada' }
  await upsertContact(here.services, caller, { contact, attributes: { name: 'Ada', plan: 'pro' }, tags: ['new', 'vip'], locale: 'de-AT' })
  const variants = ['en', 'de'].map((locale) => ({ locale, content: { body: `${locale}: ${BODY}` } }))
  const variables = [{ name: 'shop', required: true, default: 'Ours' }]
  id = await createTemplate(here.services, caller, { name: 'Preview', channel: 'sms', variants, variables })
})
afterAll(() => here.close())

const said = async (input: { contact?: { externalId: string }; locale?: string; data?: object }) =>
  (await previewTemplate(here.services, caller, { id, locale: null, data: {}, ...input } as never)).content.body

test('with a contact its attributes, tags and locale are read, and variables have their defaults', async () => {
  expect(await said({ contact: { externalId: 'ada' } })).toBe('de: ada Ada Ada pro new+vip de-AT  Ours Ours ')
})

test('what is given goes before what is the contact’s, attribute by attribute', async () => {
  const data = { contact: { attributes: { name: 'Bob' } }, event: { id: 7 }, vars: { shop: 'Theirs' }, key: 'k' }
  expect(await said({ contact: { externalId: 'ada' }, locale: 'en', data })).toBe('en: ada Bob Bob pro new+vip de-AT 7 Theirs Theirs k')
})

test('without a contact there is what is given', async () => {
  expect(await said({ data: { contact: { name: 'Eve' } } })).toBe('en:  Eve      Ours Ours ')
})

test('a contact or a template that is not there is told', async () => {
  const ask = (input: object) => faultOf(previewTemplate(here.services, caller, { id, locale: null, data: {}, ...input }))
  expect(await ask({ contact: { externalId: 'nobody' } })).toEqual({ code: 'NOT_FOUND', path: ['contact'] })
  expect(await ask({ id: 'x' })).toEqual({ code: 'NOT_FOUND', path: ['id'] })
})
