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

const FIELDS = 'id file name contentType size'
const UPLOAD = `mutation ($input: UploadAttachmentInput!) { uploadAttachment(input: $input) { attachment { ${FIELDS} } userErrors { code path } } }`
const TEMPLATE = `mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { variants { content } } userErrors { code path } } }`

test('the largest file that is taken is uploaded, listed, found by its id, and named by a template; strangers see none of it', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const input = { name: 'Catalogue.pdf', contentType: 'application/pdf', base64: Buffer.alloc(5_000_000, 'catalogue').toString('base64') }
  const made = await api.graphql(mine.key, UPLOAD, { input })
  expect(made.errors).toBeUndefined()
  const { attachment } = made.data.uploadAttachment
  expect(attachment).toMatchObject({ name: 'Catalogue.pdf', contentType: 'application/pdf', size: 5_000_000 })
  const list = `{ attachments { edges { node { ${FIELDS} } } } }`
  expect((await api.graphql(mine.key, list)).data.attachments.edges).toEqual([{ node: attachment }])
  expect((await api.graphql(other.key, list)).data.attachments.edges).toEqual([])
  const find = `query ($id: ID!) { node(id: $id) { id ... on Attachment { name } } }`
  expect((await api.graphql(mine.key, find, { id: attachment.id })).data.node).toEqual({ id: attachment.id, name: 'Catalogue.pdf' })
  expect((await api.graphql(other.key, find, { id: attachment.id })).data.node).toBeNull()
  const content = { subject: 'News', html: '<p>Hi</p>', attachments: [{ file: attachment.file }] }
  const template = { name: 'News', channel: 'EMAIL', variants: [{ locale: 'en', content }] }
  expect((await api.graphql(mine.key, TEMPLATE, { input: template })).data.createTemplate).toEqual({
    template: { variants: [{ content }] },
    userErrors: [],
  })
  expect((await api.graphql(other.key, TEMPLATE, { input: template })).data.createTemplate).toEqual({
    template: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['variants', '0', 'content', 'attachments', '0', 'file'] }],
  })
})

test('what is refused is told by its field', async () => {
  const { key } = await api.workspace()
  const answer = await api.graphql(key, UPLOAD, { input: { name: 'run.exe', contentType: 'application/pdf', base64: 'QUJD' } })
  expect(answer.data.uploadAttachment).toEqual({ attachment: null, userErrors: [{ code: 'INVALID_INPUT', path: ['name'] }] })
})
