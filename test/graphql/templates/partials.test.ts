import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

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

test('a partial is made, rendered, changed in all that render it, and removed when nothing does', async () => {
  const { key } = await api.workspace()
  const ask = async (query: string, input: object) =>
    Object.values((await api.graphql(key, query, { input })).data)[0] as never as Record<string, never>
  const CREATE =
    'mutation ($input: CreatePartialInput!) { createPartial(input: $input) { partial { id name text renders version } userErrors { code path } } }'
  const UPDATE = 'mutation ($input: UpdatePartialInput!) { updatePartial(input: $input) { partial { text version } userErrors { code path } } }'
  const DELETE = 'mutation ($input: DeletePartialInput!) { deletePartial(input: $input) { deletedId userErrors { code path } } }'
  const made = await ask(CREATE, { name: 'footer', text: 'Yours' })
  expect(made).toEqual({ partial: { id: expect.any(String), name: 'footer', text: 'Yours', renders: [], version: 1 }, userErrors: [] })
  const { id } = made.partial as unknown as { id: string }
  expect(await ask(CREATE, { name: 'footer', text: 'x' })).toEqual({ partial: null, userErrors: [{ code: 'CONFLICT', path: ['name'] }] })
  const variants = [{ locale: 'en', content: { body: "Hi {% render 'footer' %}" } }]
  const TEMPLATE = 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id partials } userErrors { code } } }'
  const { template } = (await ask(TEMPLATE, { name: 'Hi', channel: 'SMS', variants })) as unknown as { template: { id: string } }
  expect(template).toMatchObject({ partials: ['footer'] })
  expect(await ask(UPDATE, { id, text: 'Ever yours' })).toEqual({ partial: { text: 'Ever yours', version: 2 }, userErrors: [] })
  const read = '{ partials { edges { node { id name } } } templates { edges { node { version } } } }'
  expect((await api.graphql(key, read)).data).toEqual({
    partials: { edges: [{ node: { id, name: 'footer' } }] },
    templates: { edges: [{ node: { version: 2 } }] },
  })
  expect((await api.graphql(key, 'query ($id: ID!) { node(id: $id) { id ... on TemplatePartial { text } } }', { id })).data.node).toEqual({
    id,
    text: 'Ever yours',
  })
  expect(await ask(DELETE, { id })).toEqual({ deletedId: null, userErrors: [{ code: 'CONFLICT', path: ['id'] }] })
  const CHANGE = 'mutation ($input: UpdateTemplateInput!) { updateTemplate(input: $input) { userErrors { code } } }'
  await ask(CHANGE, { id: template.id, variants: [{ locale: 'en', content: { body: 'Hi' } }] })
  expect(await ask(DELETE, { id })).toEqual({ deletedId: id, userErrors: [] })
})
