import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const CREATE = `mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id name channel version whenUnknown variants { locale content } variables { name required default } } userErrors { code path } } }`
const UPDATE = `mutation ($input: UpdateTemplateInput!) { updateTemplate(input: $input) { template { id version variants { content } } userErrors { code path } } }`
const PREVIEW =
  'query ($id: ID!, $locale: String, $data: JSONObject!) { previewTemplate(id: $id, locale: $locale, data: $data) { content sms { encoding units segments left } } }'
const hello = (body: string) => [{ locale: 'en', content: { body } }]

test('a template is made, previewed with data, and changed into a next version', async () => {
  const { key } = await api.workspace()
  const variants = [
    { locale: 'en', content: { body: 'Hi {{ contact.attributes.name }}' } },
    { locale: 'de', content: { body: 'Hallo {{ contact.attributes.name }}' } },
  ]
  const made = (
    await api.graphql(key, CREATE, { input: { name: 'Welcome', channel: 'SMS', variants, variables: [{ name: 'code', required: true }] } })
  ).data.createTemplate
  expect(made).toEqual({
    template: {
      id: expect.any(String),
      name: 'Welcome',
      channel: 'SMS',
      version: 1,
      whenUnknown: 'HOLD',
      variants,
      variables: [{ name: 'code', required: true, default: null }],
    },
    userErrors: [],
  })
  const id = made.template.id
  const data = { contact: { attributes: { name: 'Ada' } } }
  expect((await api.graphql(key, PREVIEW, { id, locale: 'de-AT', data })).data.previewTemplate).toEqual({
    content: { body: 'Hallo Ada' },
    sms: { encoding: 'GSM_7', units: 9, segments: 1, left: 151 },
  })
  expect((await api.graphql(key, PREVIEW, { id, data })).data.previewTemplate.content).toEqual({ body: 'Hi Ada' })
  expect((await api.graphql(key, UPDATE, { input: { id, variants: hello('Bye') } })).data.updateTemplate).toEqual({
    template: { id, version: 2, variants: [{ content: { body: 'Bye' } }] },
    userErrors: [],
  })
})

test('what would fail when sent is refused when saved, with the way to it', async () => {
  const { key } = await api.workspace()
  const attempt = async (more: object) =>
    (await api.graphql(key, CREATE, { input: { name: 'T', channel: 'SMS', variants: hello('x'), ...more } })).data.createTemplate
  expect(await attempt({ variants: [] })).toEqual({ template: null, userErrors: [{ code: 'TEMPLATE_INVALID', path: ['variants'] }] })
  expect(await attempt({ variants: hello('{% if %}') })).toEqual({
    template: null,
    userErrors: [{ code: 'TEMPLATE_INVALID', path: ['variants', '0', 'content', 'body'] }],
  })
  expect(await attempt({ variants: [{ locale: 'en', content: { text: 'x' } }] })).toMatchObject({
    template: null,
    userErrors: expect.arrayContaining([{ code: 'INVALID_INPUT', path: ['variants', '0', 'content', 'body'] }]),
  })
  expect((await api.graphql(key, '{ templates { edges { node { id } } } }')).data.templates.edges).toEqual([])
})

test('templates are listed newest first, by channel, and another workspace’s are not there', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const make = async (name: string, channel: string, content: object) =>
    (await api.graphql(mine.key, CREATE, { input: { name, channel, variants: [{ locale: 'en', content }] } })).data.createTemplate.template.id
  const sms = await make('A', 'SMS', { body: 'x' })
  const push = await make('B', 'PUSH', { title: 'x', body: 'y' })
  const list = async (key: string, args = '') =>
    (await api.graphql(key, `{ templates${args} { edges { node { id } } } }`)).data.templates.edges.map(
      (each: { node: { id: string } }) => each.node.id,
    )
  expect([await list(mine.key), await list(mine.key, '(channel: SMS)'), await list(other.key)]).toEqual([[push, sms], [sms], []])
  expect((await api.graphql(other.key, 'query ($id: ID!) { template(id: $id) { id } }', { id: sms })).data.template).toBeNull()
  expect((await api.graphql(other.key, PREVIEW, { id: sms, data: {} })).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  expect((await api.graphql(other.key, UPDATE, { input: { id: sms, variants: hello('stolen') } })).data.updateTemplate).toEqual({
    template: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
  })
  expect((await api.graphql(mine.key, PREVIEW, { id: sms, data: {} })).data.previewTemplate.content).toEqual({ body: 'x' })
})

test('every version can be read as it was saved, newest first and page by page; another workspace’s cannot', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const made = await api.graphql(mine.key, CREATE, { input: { name: 'Kept', channel: 'SMS', variants: hello('One'), variables: [{ name: 'code' }] } })
  const { id } = made.data.createTemplate.template
  for (const body of ['Two', 'Three']) await api.graphql(mine.key, UPDATE, { input: { id, variants: hello(body), whenUnknown: 'RESEND' } })
  const read = (key: string, args: string) =>
    api.graphql(
      key,
      `query ($id: ID!) { template(id: $id) { version versions(${args}) { edges { cursor node { number whenUnknown partials variants { locale channel content } variables { name } } } pageInfo { hasNextPage } } } }`,
      { id },
    )
  const { version, versions } = (await read(mine.key, 'first: 2')).data.template
  expect([version, versions.pageInfo.hasNextPage, versions.edges.map((edge: { node: { number: number } }) => edge.node.number)]).toEqual([
    3,
    true,
    [3, 2],
  ])
  const rest = (await read(mine.key, `after: "${versions.edges[1].cursor}"`)).data.template.versions
  const first = { number: 1, whenUnknown: 'HOLD', partials: [], variants: [{ locale: 'en', channel: 'SMS', content: { body: 'One' } }] }
  expect(rest.edges.map((edge: { node: object }) => edge.node)).toEqual([{ ...first, variables: [{ name: 'code' }] }])
  const last = (await read(mine.key, 'last: 2')).data.template.versions
  expect(last.edges.map((edge: { node: { number: number } }) => edge.node.number)).toEqual([2, 1])
  expect((await read(other.key, 'first: 2')).data.template).toBeNull()
})

test('what a channel takes is told as JSON Schema', async () => {
  const { key } = await api.workspace()
  const { data } = await api.graphql(key, '{ sms: contentSchema(channel: SMS) inApp: contentSchema(channel: IN_APP) }')
  expect([data.sms.required, Object.keys(data.sms.properties)]).toEqual([['body'], ['body', 'mediaUrls', 'shortenLinks']])
  expect(data.inApp.required).toEqual(['surface', 'title'])
})

test('templates are found by a part of their name, whatever stands in it, beside their channel', async () => {
  const { key } = await api.workspace()
  for (const [name, channel] of [
    ['Cart 50% off', 'SMS'],
    ['cart reminder', 'SMS'],
    ['Cart_mail', 'EMAIL'],
  ] as const)
    await api.graphql(key, CREATE, {
      input: { name, channel, variants: [{ locale: 'en', content: channel === 'SMS' ? { body: 'Hi' } : { subject: 'Hi', html: '<p>Hi</p>' } }] },
    })
  const names = async (args: string) =>
    (await api.graphql(key, `{ templates(${args}) { edges { node { name } } } }`)).data.templates.edges.map(
      (edge: { node: { name: string } }) => edge.node.name,
    )
  expect(await names('search: "CART"')).toEqual(['Cart_mail', 'cart reminder', 'Cart 50% off'])
  expect(await names('search: "cart", channel: SMS')).toEqual(['cart reminder', 'Cart 50% off'])
  expect(await names('search: "0%"')).toEqual(['Cart 50% off'])
  expect(await names('search: "t_m"')).toEqual(['Cart_mail'])
  expect(await names('search: "t%m"')).toEqual([])
})
