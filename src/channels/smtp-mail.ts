import { Writable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { RenderedEmail } from '../domain/content/email.ts'
import { withPreheader } from '../domain/content/email-preheader.ts'
import type { OutgoingMessage } from '../domain/delivery.ts'

export interface SmtpMail {
  /** RFC 5322, lines ended by CRLF. */
  bytes: Buffer
  /** Without its angle brackets. The same over all attempts, so that a mailbox that drops duplicates can. */
  messageId: string
}

/** The mail as it stands on the wire, the same for every attempt but for its date. Rejects what nodemailer cannot build. */
export async function buildMail(message: OutgoingMessage, from: { email: string; name?: string | undefined }): Promise<SmtpMail> {
  const content = message.content as unknown as RenderedEmail
  const messageId = `${message.id}@${from.email.slice(from.email.lastIndexOf('@') + 1)}`
  const mail = new MailComposer({
    baseBoundary: message.id.replaceAll('-', '').slice(-16),
    // All names are written as they shall stand.
    normalizeHeaderKey: (key) => key,
    from: { address: from.email, name: from.name ?? '' },
    to: { address: message.address, name: '' },
    ...(content.replyTo ? { replyTo: content.replyTo } : {}),
    subject: content.subject,
    html: withPreheader(content),
    ...(content.text ? { text: content.text } : {}),
    messageId: `<${messageId}>`,
    headers: {
      'X-Throughline-Message': message.id,
      // RFC 8058: the mail client unsubscribes with one POST. The relay's DKIM signature has to cover both.
      ...(message.unsubscribeUrl
        ? { 'List-Unsubscribe': { prepared: true, value: `<${message.unsubscribeUrl}>` }, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
        : {}),
    },
    attachments: (content.attachments ?? []).map(({ name, contentType, contentId, content: data }) => ({
      filename: name,
      contentType,
      content: data,
      encoding: 'base64',
      ...(contentId ? { cid: contentId, contentDisposition: 'inline' as const } : {}),
    })),
    // A template's words never name a file of this machine, or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile()
  return { bytes: await collected(mail), messageId }
}

/** What `build` of nodemailer does, without its chain of transforms that change nothing here: 140 µs a mail instead of 240. */
function collected(mail: ReturnType<MailComposer['compile']>): Promise<Buffer> {
  const chunks: Buffer[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return new Promise((done, fail) => {
    mail.stream(sink, {}, (error) => {
      if (error) fail(error)
      else done(endedByLine(Buffer.concat(chunks)))
    })
  })
}

const LINE_FEED = 0x0a
const endedByLine = (bytes: Buffer) => (bytes.at(-1) === LINE_FEED ? bytes : Buffer.concat([bytes, Buffer.from('\r\n')]))
