import PostalMime from 'postal-mime'
import { expect, it } from 'vitest'
import { buildMail } from '../../src/channels/smtp-mail.ts'
import type { OutgoingMessage } from '../../src/domain/delivery.ts'

const ID = '0197f000-0000-8007-8000-000000000001'
const message = (content: object, change: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: ID,
  workspaceId: 'workspace',
  attempt: 1,
  channel: 'email',
  purpose: 'PROMOTIONAL',
  address: 'ada@shop.example',
  platform: null,
  content: { subject: 'Grüße', html: '<p>Hallo</p>', ...content } as never,
  unsubscribeUrl: `https://t.example/u/${'x'.repeat(300)}`,
  ...change,
})
const from = { email: 'hello@shop.example', name: 'Shop, "Inc"' }

it('carries everything, whole, and says who it is', async () => {
  const png = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  const attachments = [
    { name: 'Größe.pdf', contentType: 'application/pdf', content: 'QUJD' },
    { name: 'logo.png', contentType: 'image/png', content: png.toString('base64'), contentId: 'logo' },
  ]
  const content = { text: 'Hallo ÄÖ', preheader: 'Vorab', replyTo: 'help@shop.example', html: '<p>Hallo <img src="cid:logo"></p>', attachments }
  const { bytes, messageId } = await buildMail(message(content), from)
  expect(messageId).toBe(`${ID}@shop.example`)
  const mail = await PostalMime.parse(bytes, { attachmentEncoding: 'base64' })
  expect(mail).toMatchObject({
    from: { address: 'hello@shop.example', name: 'Shop, "Inc"' },
    to: [{ address: 'ada@shop.example' }],
    replyTo: [{ address: 'help@shop.example' }],
    subject: 'Grüße',
    messageId: `<${ID}@shop.example>`,
  })
  expect(mail.text?.trim()).toBe('Hallo ÄÖ')
  expect(mail.html?.trim()).toMatch(/^<div [^>]+>Vorab.*<\/div><p>Hallo <img src="cid:logo"><\/p>$/)
  expect(
    mail.attachments.map(({ filename, mimeType, disposition, contentId, content: data }) => [
      filename,
      mimeType,
      disposition,
      contentId ?? null,
      data,
    ]),
  ).toEqual([
    ['logo.png', 'image/png', 'inline', '<logo>', png.toString('base64')],
    ['Größe.pdf', 'application/pdf', 'attachment', null, 'QUJD'],
  ])
  const header = (key: string) => mail.headers.find((each) => each.key === key)?.value
  expect([header('x-throughline-message'), header('list-unsubscribe'), header('list-unsubscribe-post')]).toEqual([
    ID,
    `<https://t.example/u/${'x'.repeat(300)}>`,
    'List-Unsubscribe=One-Click',
  ])
})

it('has no unsubscribe headers on transactional mail, and one part where there is one', async () => {
  const { bytes } = await buildMail(message({}, { unsubscribeUrl: null }), { email: 'hello@shop.example' })
  const text = bytes.toString()
  expect(text).not.toMatch(/^List-Unsubscribe/im)
  expect(text).toMatch(/^From: hello@shop\.example\r$/m)
  expect(text).toMatch(/^Content-Type: text\/html; charset=utf-8\r$/m)
})

it('lets nothing that data put in begin a header or a recipient', async () => {
  const { bytes } = await buildMail(
    message({ subject: 'x\r\nBcc: eve@evil.example', replyTo: 'a@b.example\r\nX-Evil: 1' }, { address: 'ada@shop.example, eve@evil.example' }),
    { ...from, name: 'N\r\nX-Evil: 2' },
  )
  const mail = await PostalMime.parse(bytes)
  expect(mail.headers.map(({ key }) => key).filter((key) => key === 'bcc' || key === 'x-evil')).toEqual([])
  expect(mail.to?.length).toBe(1)
})

it('reads no file and asks no address, whatever it is given', async () => {
  const attachments = [{ name: 'x', contentType: 'text/plain', content: { path: '/etc/hostname' } }]
  await expect(buildMail(message({ attachments }), from)).rejects.toThrow(/File access rejected/)
})

it('is the same for every attempt, and ends with a line', async () => {
  const built = async (change: Partial<OutgoingMessage>, content: object = {}) =>
    (await buildMail(message(content, change), from)).bytes.toString().replace(/^Date: .+$/m, '')
  expect(await built({ attempt: 2 }, { text: 'Hallo' })).toBe(await built({ attempt: 1 }, { text: 'Hallo' }))
  expect(await built({ id: ID.replace(/1$/, '2') }, { text: 'Hallo' })).not.toBe(await built({}, { text: 'Hallo' }))
  for (const html of ['<p>Hallo</p>', '<p>Hallo</p>\n']) expect(await built({}, { html })).toMatch(/<\/p>\r?\n$/)
})
