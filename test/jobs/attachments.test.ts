import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AttachmentFiles, openAttachments } from '../../jobs/attachments.ts'
import type { MailAttachment } from '../../src/domain/content/email-attachments.ts'
import { uploadAttachment } from '../../src/services/attachments.ts'
import type { Caller } from '../../src/services/context.ts'
import { newId } from '../../src/store/new-id.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
let caller: Caller
let files: AttachmentFiles
let server: Server
let url: string
let clock = 0
const seen: string[] = []
let answer: (path: string, response: ServerResponse) => void
const asked: string[] = []

beforeAll(async () => {
  here = await openTestServices()
  caller = await here.workspace()
  server = createServer((request, response) => {
    seen.push(request.url ?? '')
    answer(request.url ?? '', response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await here.close()
})

function open(patience?: number): AttachmentFiles {
  const { worker } = here.database
  const pool = Object.assign(Object.create(worker), {
    query: (statement: { name: string }) => {
      asked.push(statement.name)
      return worker.query(statement as never)
    },
  })
  return openAttachments({ pool, privateHosts: [new URL(url).host], now: () => clock, ...(patience === undefined ? {} : { patience }) })
}

beforeEach(() => {
  seen.length = 0
  asked.length = 0
  answer = (_path, response) => response.writeHead(200, { 'content-type': 'Application/PDF; charset=x' }).end('%PDF')
  files = open()
})
afterEach(() => files.close())

const attach = (...attachments: object[]) => files.attach(caller.workspaceId, { subject: 'S', attachments } as never)
async function attached(...attachments: object[]): Promise<MailAttachment[]> {
  const made = await attach(...attachments)
  if ('type' in made) throw new Error(JSON.stringify(made))
  made.release()
  return made.content.attachments as unknown as MailAttachment[]
}
const upload = (bytes: Buffer, name = 'Terms.pdf') =>
  uploadAttachment(here.services, caller, { name, contentType: 'application/pdf', base64: bytes.toString('base64') })

test('uploaded and fetched files are put in their place, in their order', async () => {
  const file = await upload(Buffer.from([0, 255, 10]))
  expect(
    await attached(
      { file, contentId: 'c1' },
      { url: `${url}/a`, name: 'a.pdf' },
      { url: `${url}/b`, name: 'b.txt', contentType: 'text/plain' },
      { file, name: 'T2.pdf' },
    ),
  ).toEqual([
    { name: 'Terms.pdf', contentType: 'application/pdf', content: 'AP8K', contentId: 'c1' },
    { name: 'a.pdf', contentType: 'application/pdf', content: 'JVBERg==' },
    { name: 'b.txt', contentType: 'text/plain', content: 'JVBERg==' },
    { name: 'T2.pdf', contentType: 'application/pdf', content: 'AP8K' },
  ])
})

test('a file is read once, however many mails carry it; an address is asked again after a minute', async () => {
  const file = await upload(Buffer.from('x'))
  const both = [{ file }, { url: `${url}/once`, name: 'a' }]
  await Promise.all([attached(...both), attached(...both)])
  await attached(...both)
  expect([asked, seen]).toEqual([['sending_attachment'], ['/once']])
  clock += 60_000
  await attached(...both)
  expect([asked, seen]).toEqual([['sending_attachment'], ['/once', '/once']])
})

test('a type that would be taken apart, or is none, is sent as bytes', async () => {
  for (const type of ['message/rfc822', 'nonsense', '']) {
    answer = (_path, response) => response.writeHead(200, { 'content-type': type }).end('x')
    clock += 60_000
    expect((await attached({ url: `${url}/type`, name: 'a' }))[0]?.contentType).toBe('application/octet-stream')
  }
})

describe('what keeps a mail from going', () => {
  const status =
    (code: number, headers = {}) =>
    (_path: string, response: ServerResponse) =>
      response.writeHead(code, headers).end('x')

  test.each([
    ['404', status(404), { type: 'permanent', code: 'ATTACHMENT_REFUSED', message: 'the address of an attached file answered 404' }],
    ['a redirect', status(302, { location: '/b' }), { type: 'permanent', code: 'ATTACHMENT_REFUSED' }],
    ['nothing in it', (_: string, response: ServerResponse) => response.end(), { type: 'permanent', code: 'ATTACHMENT_REFUSED' }],
    ['503', status(503, { 'retry-after': '7' }), { type: 'retry', code: 'ATTACHMENT_UNAVAILABLE', retryAfter: 7_000 }],
    ['429', status(429), { type: 'retry', code: 'ATTACHMENT_UNAVAILABLE' }],
    ['a reset', (_: string, response: ServerResponse) => response.socket?.resetAndDestroy(), { type: 'retry', code: 'ATTACHMENT_UNAVAILABLE' }],
    [
      'too large',
      (_: string, response: ServerResponse) => response.end(Buffer.alloc(10_000_001)),
      { type: 'permanent', code: 'ATTACHMENT_TOO_LARGE' },
    ],
  ])('its address answers with %s; the next mail asks again', async (_what, act, outcome) => {
    answer = act
    const reference = { url: `${url}/x`, name: 'a' }
    expect(await attach(reference)).toMatchObject(outcome)
    expect(await attach(reference)).toMatchObject(outcome)
    expect(seen).toEqual(['/x', '/x'])
  })

  test.each([
    ['a private address', { url: 'http://10.0.0.1/x', name: 'a' }, 'permanent', 'ATTACHMENT_REFUSED'],
    ['an address without TLS', { url: 'http://example.com/x', name: 'a' }, 'permanent', 'ATTACHMENT_REFUSED'],
    ['a file of this machine', { url: 'file:///etc/passwd', name: 'a' }, 'permanent', 'ATTACHMENT_REFUSED'],
    ['no address', { url: ' ', name: 'a' }, 'permanent', 'ATTACHMENT_REFUSED'],
    ['a host that is not there', { url: 'https://nowhere.invalid/x', name: 'a' }, 'retry', 'ATTACHMENT_UNAVAILABLE'],
    ['a file that is gone', { file: newId() }, 'permanent', 'ATTACHMENT_GONE'],
  ])('%s', async (_what, reference, type, code) => {
    expect(await attach(reference)).toMatchObject({ type, code })
    expect(seen).toEqual([])
  })

  test('a name that data made a program’s, or empty', async () => {
    for (const name of ['x.exe', ' ', 'a/b'])
      expect(await attach({ url: `${url}/x`, name })).toMatchObject({ type: 'permanent', code: 'ATTACHMENT_REFUSED' })
  })

  test('more than a mail can carry', async () => {
    answer = (_path, response) => response.end(Buffer.alloc(9_000_000))
    const each = ['a', 'b', 'c'].map((name) => ({ url: `${url}/${name}`, name }))
    expect(await attach(...each)).toMatchObject({ type: 'permanent', code: 'ATTACHMENT_TOO_LARGE' })
    expect(await attached(...each.slice(1))).toHaveLength(2)
  })

  test('another workspace’s file', async () => {
    const file = await upload(Buffer.from('secret'))
    const other = await here.workspace()
    expect(await files.attach(other.workspaceId, { attachments: [{ file }] } as never)).toMatchObject({ code: 'ATTACHMENT_GONE' })
    expect((await attached({ file }))[0]?.content).toBe(Buffer.from('secret').toString('base64'))
  })
})

test('a file that takes long does not hold the mail: it is tried again, and finds what has come meanwhile', async () => {
  await files.close()
  files = open(50)
  let finish = () => {}
  const begun = new Promise<void>((begin) => {
    answer = (_path, response) => {
      finish = () => response.end('late')
      begin()
    }
  })
  const reference = { url: `${url}/slow`, name: 'a' }
  const first = attach(reference)
  await begun
  expect(await first).toMatchObject({ type: 'retry', code: 'ATTACHMENT_UNAVAILABLE' })
  finish()
  let second = await attach(reference)
  while ('type' in second) second = await attach(reference)
  expect(second.content.attachments).toMatchObject([{ content: Buffer.from('late').toString('base64') }])
  expect(seen).toEqual(['/slow'])
})

test('mails wait for the memory that those under way hold', async () => {
  await files.close()
  files = open(100)
  answer = (_path, response) => response.end(Buffer.alloc(9_000_000))
  const large = [
    { url: `${url}/a`, name: 'a' },
    { url: `${url}/b`, name: 'b' },
  ]
  let first = await attach(...large)
  while ('type' in first) first = await attach(...large)
  first.release()
  const held = await Promise.all([attach(...large), attach(...large), attach(...large)])
  const releases = held.map((each) => ('release' in each ? each.release : () => {}))
  expect(held.every((each) => 'release' in each)).toBe(true)
  expect(await attach(...large)).toMatchObject({ type: 'retry', code: 'ATTACHMENT_UNAVAILABLE', message: 'too many large mails are under way' })
  const next = attach(...large)
  releases[0]?.()
  releases[0]?.()
  expect(await next).toHaveProperty('release')
  expect(await attach(...large)).toMatchObject({ type: 'retry' })
})
