import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTransport } from '../../src/channels/http.ts'
import { readTemplates, slotsOf } from '../../src/channels/meta-templates.ts'

const none = { media: null, headerText: false, headerName: null, body: [], buttons: [], cards: [], variables: [] }

it.each([
  ['nothing', [], none],
  ['a body', [{ type: 'BODY', text: 'Hello {{1}}, {{ 2 }} and {{1}}' }], { ...none, body: ['1', '2'] }],
  ['names', [{ type: 'BODY', text: '{{first_name}}' }], { ...none, body: ['first_name'] }],
  [
    'a header text with a name',
    [{ type: 'HEADER', format: 'TEXT', text: 'Hi {{first_name}}' }],
    { ...none, headerText: true, headerName: 'first_name' },
  ],
  ['a header text', [{ type: 'HEADER', format: 'TEXT', text: 'Hi {{1}}' }], { ...none, headerText: true }],
  ['a fixed header', [{ type: 'HEADER', format: 'TEXT', text: 'Hi' }], none],
  ['a media header', [{ type: 'HEADER', format: 'VIDEO' }], { ...none, media: 'video' }],
  [
    'buttons, where a fixed address takes nothing',
    [
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY' },
          { type: 'URL', url: 'https://a.example' },
          { type: 'URL', url: 'https://a.example/{{1}}' },
          { type: 'COPY_CODE' },
          { type: 'PHONE_NUMBER' },
          { type: 'OTP' },
        ],
      },
    ],
    {
      ...none,
      buttons: [
        { index: 0, type: 'QUICK_REPLY' },
        { index: 2, type: 'URL' },
        { index: 3, type: 'COPY_CODE' },
        { index: 5, type: 'URL' },
      ],
    },
  ],
  [
    'cards',
    [
      {
        type: 'CAROUSEL',
        cards: [
          {
            components: [
              { type: 'HEADER', format: 'IMAGE' },
              { type: 'BODY', text: '{{1}}' },
            ],
          },
          {},
        ],
      },
    ],
    {
      ...none,
      cards: [
        { media: 'image', body: ['1'], buttons: [] },
        { media: null, body: [], buttons: [] },
      ],
    },
  ],
])('a template with %s', (_, components, slots) => {
  expect(slotsOf(components)).toEqual(slots)
})

const template = { id: '7', name: 'a', language: 'en', status: 'REJECTED', category: 'UTILITY', rejected_reason: 'SCAM', components: [] }
const pages: [status: number, body: string][] = []
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(`${request.url} ${request.headers.authorization}`)
  const [status, body] = pages.shift() ?? [500, '']
  response.writeHead(status).end(body)
})
let url = ''
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/templates`
})
afterAll(() => void server.close())

const answer = (...given: [number, object | string][]) => {
  pages.splice(0, pages.length, ...given.map(([status, body]): [number, string] => [status, typeof body === 'string' ? body : JSON.stringify(body)]))
  asked.length = 0
  return readTemplates(openTransport({ timeout: 2_000 }), { url, accessToken: 'T' })
}

it('reads page after page', async () => {
  const found = await answer(
    [200, { data: [template], paging: { cursors: { after: 'X Y' }, next: 'https://graph.facebook.com/…' } }],
    [
      200,
      { data: [{ ...template, name: 'b', rejected_reason: 'NONE', status: 'APPROVED' }, null, { id: '8' }], paging: { cursors: { after: 'Z' } } },
    ],
  )
  expect(found).toEqual([
    { providerId: '7', name: 'a', language: 'en', category: 'UTILITY', status: 'REJECTED', reason: 'SCAM', components: [], slots: none },
    { providerId: '7', name: 'b', language: 'en', category: 'UTILITY', status: 'APPROVED', reason: null, components: [], slots: none },
  ])
  const query = 'fields=id%2Cname%2Clanguage%2Cstatus%2Ccategory%2Crejected_reason%2Ccomponents&limit=100'
  expect(asked).toEqual([`/templates?${query} Bearer T`, `/templates?${query}&after=X+Y Bearer T`])
})

it.each([
  [[401, { error: { message: 'expired, says ada@example.com' } }], 'expired, says <email>'],
  [[503, 'Busy'], 'HTTP status 503'],
  [[200, { data: 'none' }], 'HTTP status 200'],
] as [[number, object | string], string][])('says what is wrong, half a list never being one: %j', async (page, said) => {
  await expect(answer([200, { data: [template], paging: { cursors: { after: '1' }, next: 'x' } }], page)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: `The provider does not say which templates it has: ${said}`,
  })
})
