import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChannelAdapter } from '../../src/channels/channel.ts'
import { sendgrid } from '../../src/channels/sendgrid.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { contract, outgoing, sandboxConnection } from './contract.ts'

const CONTENT = { subject: 'Your cart', html: '<html><body class="x"><p>Hello</p></body></html>', text: 'Hello', preheader: 'Still there?' }
const adapter = sendgrid as unknown as (options?: object) => ChannelAdapter

contract({
  provider: 'sendgrid',
  adapter,
  address: 'ignorer.1@shop.example',
  content: CONTENT,
  permanent: [
    {
      why: 'no address',
      address: 'not-an-address',
      outcome: { type: 'permanent', code: 'personalizations.to.email', message: 'The recipient is no valid email address.', identity: 'INVALID' },
    },
    { why: 'no subject', content: { ...CONTENT, subject: '' }, outcome: { type: 'permanent', code: 'subject', message: 'The subject is missing.' } },
    {
      why: 'a content the SDK cannot build',
      content: { subject: 'x', html: 7 },
      outcome: { type: 'permanent', code: 'INVALID_MESSAGE', message: expect.any(String) as string },
    },
  ],
  turnedAway: { type: 'ambiguous', code: 'HTTP_503', message: 'HTTP status 503' },
})

describe('the mail SendGrid is given', () => {
  let server: Receiver
  beforeAll(async () => {
    server = await startReceiver()
  })
  afterAll(() => server.close())

  async function given(content: object, change: object = {}): Promise<Record<string, unknown>> {
    server.answers.push(202)
    const connection = sandboxConnection('sendgrid', server.url)
    connection.settings.fromName = 'Shop, Inc; Berlin'
    const sender = adapter().connect(connection)
    const message = { ...outgoing(adapter(), 'a@b.example', content as never), id: '0197f000-0000-8007-8000-000000000001', ...change }
    // A 202 without an id: accepted, but by whom could not be told.
    expect(await sender.send(message)).toMatchObject({ type: 'ambiguous' })
    await sender.close()
    const request = server.requests.at(-1)
    expect(request?.headers.authorization).toBe(`Bearer ${String(connection.credentials.apiKey)}`)
    return JSON.parse(String(request?.body)) as Record<string, unknown>
  }

  it('carries our id, one-click unsubscribing and plain text first', async () => {
    const { content, ...rest } = await given({ ...CONTENT, preheader: undefined, replyTo: 'help@shop.example' })
    expect(content).toEqual([
      { type: 'text/plain', value: 'Hello' },
      { type: 'text/html', value: CONTENT.html },
    ])
    expect(rest).toEqual({
      from: { email: 'hello@demo.example', name: 'Shop  Inc  Berlin' },
      reply_to: { email: 'help@shop.example' },
      personalizations: [{ to: [{ email: 'a@b.example' }] }],
      subject: 'Your cart',
      custom_args: { throughline_message: '0197f000-0000-8007-8000-000000000001' },
      headers: { 'List-Unsubscribe': '<https://t.example/u/1>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    })
  })

  it('leaves the unsubscribe headers out of transactional mail', async () => {
    expect(await given(CONTENT, { unsubscribeUrl: null })).not.toHaveProperty('headers')
  })

  it('carries its files, pictures of the body among them', async () => {
    const attachments = [
      { name: 'Terms.pdf', contentType: 'application/pdf', content: 'QUJD' },
      { name: 'logo.png', contentType: 'image/png', content: 'QUJDRA==', contentId: 'logo' },
    ]
    expect((await given({ ...CONTENT, attachments })).attachments).toEqual([
      { filename: 'Terms.pdf', type: 'application/pdf', content: 'QUJD', disposition: 'attachment' },
      { filename: 'logo.png', type: 'image/png', content: 'QUJDRA==', disposition: 'inline', content_id: 'logo' },
    ])
    expect(await given({ ...CONTENT, attachments: [] })).not.toHaveProperty('attachments')
  })

  it('hides the preheader at the beginning of the body, wherever that is', async () => {
    const whole = (await given({ ...CONTENT, text: undefined })).content as { value: string }[]
    expect(whole[0]?.value).toMatch(
      /^<html><body class="x"><div style="display:none;[^"]+">Still there\?(&#8199;&#65279;&#847; )+<\/div><p>Hello<\/p><\/body><\/html>$/,
    )
    const part = (await given({ subject: 's', html: '<p>Hi</p>', preheader: 'Pre' })).content as { value: string }[]
    expect(part[0]?.value).toMatch(/^<div [^>]+>Pre[^<]+<\/div><p>Hi<\/p>$/)
  })
})
