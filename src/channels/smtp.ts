import type { SendOutcome } from '../domain/delivery.ts'
import { choice, type Infer, number, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection } from './channel.ts'
import { scrub } from './failures.ts'
import type { TransportOptions } from './http.ts'
import { classifyFault } from './smtp-codes.ts'
import { buildMail, type SmtpMail } from './smtp-mail.ts'
import { openSessions } from './smtp-pool.ts'
import { deadlineIn, type SmtpServer } from './smtp-session.ts'

const CREDENTIALS = object({
  username: optional(text({ title: 'User name', max: 320 })),
  password: optional(text({ title: 'Password', max: 1_000 })),
})
const SETTINGS = object({
  host: text({ title: 'Host', description: 'Public, or one of the installation’s PRIVATE_HOSTS.', pattern: /^[A-Za-z0-9.:-]+$/, max: 253 }),
  port: number({ title: 'Port', description: '587 with STARTTLS, 465 with TLS.', integer: true, min: 1, max: 65_535 }),
  security: choice(['STARTTLS', 'TLS', 'NONE'], { title: 'Encryption', description: 'Required as named; NONE for a relay on a trusted network.' }),
  caCertificate: optional(
    text({ title: 'Certificate authority', description: 'PEM, where the server’s certificate is of your own making.', max: 20_000 }),
  ),
  fromEmail: text({ title: 'Sender address', format: 'email', max: 320 }),
  fromName: optional(text({ title: 'Sender name', max: 200 })),
})
type Credentials = Infer<typeof CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/**
 * Email through any SMTP server (RFC 5321): one attempt is one transaction, never repeated. nodemailer builds the mail
 * and speaks the protocol; its own pool was left out, because it sends again by itself what a closing connection kept.
 * There is no callback: a mail that was taken stays SENT, and bounces go to the sender's address.
 */
export function smtp(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'email',
    provider: 'smtp',
    title: 'SMTP',
    credentials: CREDENTIALS,
    settings: SETTINGS,
    connect(connection) {
      const { fromEmail, fromName } = connection.settings
      const sessions = openSessions(serverOf(connection), options.connections)
      return {
        async send(message) {
          let mail: SmtpMail
          try {
            mail = await buildMail(message, { email: fromEmail, name: fromName })
          } catch (error) {
            return {
              type: 'permanent',
              code: 'INVALID_MESSAGE',
              message: scrub(error instanceof Error ? error.message : 'The mail cannot be built.'),
            }
          }
          const deadline = deadlineIn(options.timeout ?? 10_000)
          try {
            const { bytes } = mail
            const fault = await sessions.run(deadline, (session) =>
              session.send({ id: message.id, from: fromEmail, to: message.address, bytes }, deadline),
            )
            return fault === null ? ({ type: 'ok', providerMessageId: mail.messageId } satisfies SendOutcome) : classifyFault(fault)
          } finally {
            deadline.cancel()
          }
        },
        close: async () => sessions.close(),
      }
    },
  }
}

function serverOf({ credentials, settings, privateHosts = [] }: Connection<Credentials, Settings>): SmtpServer {
  const { host, port, security, caCertificate } = settings
  return { host, port, security, caCertificate, ...credentials, policy: { privateHosts, httpsOnly: false } }
}
