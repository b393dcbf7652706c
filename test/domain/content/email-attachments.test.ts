import { expect, test } from 'vitest'
import { contentTypeFault, emailAttachments, fileNameFault } from '../../../src/domain/content/email-attachments.ts'

const FILE = '0197f000-0000-7000-8000-000000000001'

function faults(value: unknown): string[] {
  const found: string[] = []
  emailAttachments.parse(value, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test.each([
  [[{ file: FILE }, { file: FILE, name: 'Terms.pdf', contentId: 'logo' }], []],
  [[{ url: 'https://a.example/{{ key }}.pdf', name: 'Invoice {{ key }}.pdf', contentType: 'application/pdf' }], []],
  [[{}], ['0 needs either a file or a url']],
  [[{ file: FILE, url: 'https://a.example', name: 'x' }], ['0 needs either a file or a url']],
  [[{ url: 'https://a.example' }], ['0.name is missing']],
  [[{ file: 'terms.pdf' }], ['0.file must match ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$']],
  [[{ file: FILE, contentId: 'a b' }], ['0.contentId must match ^[\\w.-]+$']],
  [[{ file: FILE, contentType: 'pdf' }], ['0.contentType must match ^[a-z]+\\/[a-z0-9][a-z0-9.+-]*$']],
  [Array(11).fill({ file: FILE }), [' must have at most 10 entries']],
])('%j', (value, expected) => {
  expect(faults(value)).toEqual(expected)
})

test.each([
  ['Terms and conditions.pdf', null],
  ['Łódź – 発票 (1).pdf', null],
  ['README', null],
  ['exe', null],
  ['', 'must not be empty'],
  ['../../etc/passwd', expect.stringContaining('must match')],
  ['a\r\nBcc: b@c.example.pdf', expect.stringContaining('must match')],
  ['a";x="b.pdf', expect.stringContaining('must match')],
  ['x'.repeat(201), 'must have at most 200 characters'],
  ['invoice.pdf.EXE', 'ends in .exe, which mail providers refuse'],
])('a file called %j', (name, fault) => {
  expect(fileNameFault(name)).toEqual(fault)
})

test.each([
  ['application/pdf', null],
  ['image/svg+xml', null],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', null],
  ['PDF', expect.stringContaining('must match')],
  ['text/html; charset=x\r\nX: y', expect.stringContaining('must match')],
  ['message/rfc822', 'must not be multipart or message'],
  ['multipart/mixed', 'must not be multipart or message'],
])('a media type %j', (type, fault) => {
  expect(contentTypeFault(type)).toEqual(fault)
})
