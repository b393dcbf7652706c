import { afterAll, beforeAll, expect, test } from 'vitest'
import { attachmentsByIds, listAttachments, uploadAttachment } from '../../src/services/attachments.ts'
import type { Caller } from '../../src/services/context.ts'
import { createTemplate, updateTemplate } from '../../src/services/templates.ts'
import { newId } from '../../src/store/new-id.ts'
import { readAttachment } from '../../src/store/queries/sending.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const file = (change: object = {}) => ({
  name: 'Terms.pdf',
  contentType: 'application/pdf',
  base64: Buffer.from('%PDF-1.7\0\xff', 'latin1').toString('base64'),
  ...change,
})
const upload = (caller: Caller, change: object = {}) => uploadAttachment(here.services, caller, file(change))

test('a file is kept byte by byte, for its own workspace', async () => {
  const [caller, stranger] = [await here.workspace(), await here.workspace()]
  const id = await upload(caller)
  expect((await attachmentsByIds(here.services, caller, [id, newId(), 'x'])).get(id)).toEqual({
    id,
    workspaceId: caller.workspaceId,
    name: 'Terms.pdf',
    contentType: 'application/pdf',
    size: 10,
    createdAt: expect.any(Date) as Date,
  })
  expect((await readAttachment(here.database.worker, caller.workspaceId, id))?.content.toString('latin1')).toBe('%PDF-1.7\0\xff')
  expect((await attachmentsByIds(here.services, stranger, [id])).size).toBe(0)
  expect(await readAttachment(here.database.worker, stranger.workspaceId, id)).toBeNull()
})

test('files are listed newest first, in slices; the same key keeps a file once', async () => {
  const caller = await here.workspace()
  const ids = [await upload(caller), await upload(caller, { name: 'b.png', contentType: 'image/png', idempotencyKey: 'once' })]
  expect(await upload(caller, { name: 'b.png', contentType: 'image/png', idempotencyKey: 'once' })).toBe(ids[1])
  const listed = (before: string | null) => listAttachments(here.services, caller, { first: 1, before })
  expect((await listed(null)).map((each) => each.id)).toEqual([ids[1]])
  expect((await listed(ids[1] ?? '')).map((each) => each.id)).toEqual([ids[0]])
})

test.each([
  ['name', { name: 'setup.exe' }],
  ['name', { name: 'a/b.pdf' }],
  ['contentType', { contentType: 'pdf' }],
  ['contentType', { contentType: 'message/rfc822' }],
  ['base64', { base64: '' }],
  ['base64', { base64: 'not base64!' }],
  ['base64', { base64: 'QQ' }],
  ['base64', { base64: Buffer.alloc(5_000_001).toString('base64') }],
])('an upload is refused by its %s', async (field, change) => {
  const caller = await here.workspace()
  expect(await faultOf(upload(caller, change))).toEqual({ code: 'INVALID_INPUT', path: [field] })
})

test('a template names files that are there, under names that pass, and not too much of them', async () => {
  const [caller, stranger] = [await here.workspace(), await here.workspace()]
  const [mine, theirs] = [await upload(caller), await upload(stranger)]
  const variants = (attachments: object[]) => [{ locale: 'en', content: { subject: 'S', html: 'x', attachments } as never }]
  const make = (attachments: object[]) => createTemplate(here.services, caller, { name: newId(), channel: 'email', variants: variants(attachments) })
  const at = (...path: string[]) => ['variants', '0', 'content', 'attachments', ...path]
  const id = await make([{ file: mine }, { url: 'https://a.example/{{ key }}', name: '{{ key }}.exe' }])
  expect(await faultOf(make([{ file: mine }, { file: theirs }]))).toEqual({ code: 'NOT_FOUND', path: at('1', 'file') })
  expect(await faultOf(make([{ file: mine, name: 'x.bat' }]))).toEqual({ code: 'TEMPLATE_INVALID', path: at('0', 'name') })
  expect(await faultOf(make([{ file: mine, contentType: 'multipart/mixed' }]))).toEqual({ code: 'TEMPLATE_INVALID', path: at('0', 'contentType') })
  for (const url of [
    'http://a.example/x',
    'https://10.0.0.1/x',
    'https://[::ffff:169.254.169.254]/x',
    'https://0x7f.1/x',
    'https://localhost/x',
    'cat.pdf',
  ])
    expect([url, await faultOf(make([{ url, name: 'a.pdf' }]))]).toEqual([url, { code: 'TEMPLATE_INVALID', path: at('0', 'url') }])
  await here.database.owner.query('UPDATE attachment SET size = 7000000 WHERE id = $1', [mine])
  const update = (attachments: object[]) => updateTemplate(here.services, caller, { id, variants: variants(attachments) })
  expect(await faultOf(update([{ file: mine }, { file: mine }, { file: mine }]))).toEqual({ code: 'TEMPLATE_INVALID', path: at() })
  expect(await update([{ file: mine }, { file: mine }])).toBe(id)
})
